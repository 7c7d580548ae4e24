"""The addresses, handles and names that are held to be somebody's, and what they say of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from indexer.domain.accounts import AuditAction
from indexer.domain.errors import ChoiceInvalid, NotFound
from indexer.domain.people import Identity
from indexer.home import Home
from indexer.identity import resolve_people
from indexer.store import Transaction, choices, identities, people, take_write_lock
from indexer.store.identities import StoredIdentity
from service.auth import SignIn
from service.profile.oneself import note, own_person


class Origin(StrEnum):
    """Why an identity is held to be somebody's: a directory says so, a source showed it together with another of
    theirs, or they are known by it alone."""

    DIRECTORY = "directory"
    TOGETHER = "shown together"
    ALONE = "alone"


@dataclass(frozen=True, slots=True)
class HeldIdentity:
    """An identity held to be somebody's, or of which they say that it is not (`disowned`)."""

    id: str
    identity: Identity
    origin: Origin
    disowned: bool


def held_identities(transaction: Transaction, person: str) -> list[HeldIdentity]:
    """Those of a person (id), then those that they disowned."""
    theirs = identities.identities_of(transaction, person)
    disowned = identities.stored_among(transaction, choices.disowned_by(transaction, person))
    together = identities.shown_together(transaction, [entry.id for entry in (*theirs, *disowned)])
    held = [_held(entry, together, disowned=False) for entry in theirs]
    return held + [_held(entry, together, disowned=True) for entry in disowned]


def disown_identity(home: Home, sign_in: SignIn, identity_id: str, placeholders: Sequence[str]) -> None:
    """Say that an identity is not one's own: what was contributed under it leaves one's profile at once. NotFound;
    ChoiceInvalid where nobody would be left."""
    person = own_person(sign_in)
    with home.database.begin() as transaction:
        take_write_lock(transaction)  # of two disowned at once, one must stay
        theirs = identities.identities_of(transaction, person)
        entry = _find(theirs, identity_id)
        kept = [other for other in theirs if other.id != entry.id]
        listed = people.find_people(transaction, [person])
        if not kept and not listed[person].in_directory:
            raise ChoiceInvalid(
                "you are known here by nothing else: ask an admin to tie your account to another person"
            )
        _keep_together(transaction, kept)
        choices.disown(transaction, person, entry.identity)
        resolve_people(transaction, placeholders, everything=False)
        note(
            transaction,
            home,
            sign_in,
            AuditAction.IDENTITY_DISOWNED,
            {"identity": entry.id, "kind": entry.identity.kind},
        )


def own_identity_again(home: Home, sign_in: SignIn, identity_id: str, placeholders: Sequence[str]) -> None:
    """Take back that an identity is not one's own. NotFound."""
    person = own_person(sign_in)
    with home.database.begin() as transaction:
        disowned = identities.stored_among(transaction, choices.disowned_by(transaction, person))
        entry = _find(disowned, identity_id)
        choices.own_again(transaction, person, entry.identity)
        resolve_people(transaction, placeholders, everything=False)
        told = {"identity": entry.id, "kind": entry.identity.kind, "taken_back": True}
        note(transaction, home, sign_in, AuditAction.IDENTITY_DISOWNED, told)


def _keep_together(transaction: Transaction, kept: Sequence[StoredIdentity]) -> None:
    """Link what stays somebody's, since it may have been tied together by what they disown."""
    loose = [entry for entry in kept if entry.vouched_for is None]
    anchor = next((entry for entry in kept if entry.vouched_for), loose[0] if loose else None)
    if anchor is not None:
        identities.link_identities(transaction, [(anchor.identity, e.identity) for e in loose if e.id != anchor.id])


def _find(entries: Sequence[StoredIdentity], identity_id: str) -> StoredIdentity:
    for entry in entries:
        if str(entry.id) == identity_id:
            return entry
    raise NotFound(f"you have no identity {identity_id}")


def _held(entry: StoredIdentity, together: set[int], *, disowned: bool) -> HeldIdentity:
    origin = Origin.DIRECTORY if entry.vouched_for else Origin.TOGETHER if entry.id in together else Origin.ALONE
    return HeldIdentity(str(entry.id), entry.identity, origin, disowned)
