"""Erasing somebody: what the database does at once, and the job that sees to the files."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.domain.accounts import AuditAction
from indexer.domain.errors import BackupInvalid, Conflict, NotFound
from indexer.domain.jobs import JobKind, JobRequest
from indexer.home import Home
from indexer.pipeline.backup_folder import backup_folder, list_backups
from indexer.pipeline.erasure import ErasedNow, erase_person
from indexer.store import Transaction, holdings, people
from service.auth import SignIn, subject_of, voter_of
from service.settings import ServiceSettings

if TYPE_CHECKING:  # the job engine takes a third of a second that the commands need not pay
    from indexer.jobs.queue import JobQueue

RECENTLY = timedelta(minutes=10)

NOT_KNOWN = "the account belongs to no person, so there is nobody to erase: an admin removes accounts"
DOUBTFUL = (
    "something is held as yours that only documents say is yours, and documents can be written to say so: ask an admin "
    "to look at it and to erase you"
)


@dataclass(frozen=True, slots=True)
class Erasure:
    """What an erasure came to so far: the job that sees to the files (None where the caller does), and the copies of
    the home that still hold the person: backups, and homes that were set aside by a restore."""

    at_once: ErasedNow
    job: str | None
    older_copies: Sequence[Path]


def erase(home: Home, person_id: str, settings: ServiceSettings, queue: "JobQueue | None" = None) -> Erasure:
    """Erase a person in the name of whom the home is worked on; the queue gets the job for the files. NotFound;
    Conflict for the only admin."""
    with home.database.read() as transaction:
        person = people.find_person(transaction, person_id)
    if person is None:
        raise NotFound(f"there is no person {person_id}")

    def note(transaction: Transaction) -> None:
        home.tell(transaction, AuditAction.ERASED, subject_of(home, person.id))

    done = erase_person(home, person.id, settings.passages, note, voter_of=lambda account: voter_of(home, account))
    job = queue.enqueue(JobRequest(JobKind.ERASE)) if queue is not None else None
    return Erasure(done, job, _older_copies(home, settings))


def is_surely(sign_in: SignIn) -> bool:
    """Whether it is surely they who ask, and not somebody at a screen left alone: they signed in a few minutes ago."""
    return sign_in.session is not None and datetime.now(UTC) - sign_in.session.created <= RECENTLY


def own_person(home: Home, sign_in: SignIn) -> str:
    """The person (id) whom somebody may erase by themselves. Conflict where their account belongs to nobody, or where
    an identity is theirs on the word of documents alone: whoever wrote them could have another's work erased."""
    if sign_in.viewer.person is None:
        raise Conflict(NOT_KNOWN)
    with home.database.read() as transaction:
        if not all(held.listed for held in holdings.identities_held(transaction, sign_in.viewer.person)):
            raise Conflict(DOUBTFUL)
    return sign_in.viewer.person


def _older_copies(home: Home, settings: ServiceSettings) -> list[Path]:
    asides = sorted(home.folder.parent.glob(f"{home.folder.name}.replaced-*"))
    try:
        found = list_backups(backup_folder(home.folder, settings.backup), home.folder)
    except BackupInvalid:
        return asides
    return [*(backup.folder for backup in found), *asides]
