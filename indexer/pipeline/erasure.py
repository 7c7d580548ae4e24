"""Erasing people: at once from what anybody can find, then from every file of the home.

`erase_person` takes somebody out of the database in one transaction, after which no search, page or list knows them.
What they were called still stands in old segments of the index, in the file of everybody's parts, and in pages of
SQLite files that are no longer used; `finish_erasures` writes those anew. It can be ended at any moment and run again:
that there is work left is a row of the database. What is kept of whoever was erased are keyed hashes, by which they are
known when sources are read.
"""

import secrets
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from indexer.analysis import find_near_duplicates
from indexer.contributed import keep_columns
from indexer.domain.content import ParsedDocument
from indexer.domain.errors import Conflict, NotFound
from indexer.domain.people import Identity, IdentityKind, Person
from indexer.domain.progress import Progress, ReportProgress, ignore_progress
from indexer.embedding import Encoder
from indexer.home import PASSING_SECRET, Home
from indexer.identity import Erased, read_erased
from indexer.identity.erasure import address_without, blocks_without, kinds_for, phrases_of, traces_of
from indexer.notation.words import fold, folded_words
from indexer.passages import split
from indexer.pipeline.boilerplate import leave_out_boilerplate
from indexer.pipeline.build import forget_dead
from indexer.settings import PassageSettings, Settings
from indexer.store import Transaction, accounts, documents, erased, erasing, items, people
from indexer.store.database import take_write_lock
from indexer.store.identities import StoredIdentity, all_identities
from indexer.store.vacuum import forget_deleted

DOCUMENTS_A_TRANSACTION = 50
WHOSE_BYTES = 9

Note = Callable[[Transaction], None]
"""Adds to the transaction of an erasure, such as an entry of the audit trail."""


@dataclass(frozen=True, slots=True)
class ErasedNow:
    """What an erasure changed at once. `jobs` are those (ids) whose records were changed; `uris` is how many items have
    an address in their source that still names somebody erased."""

    documents: int
    accounts: int
    jobs: tuple[str, ...]
    uris: int


def erase_person(
    home: Home,
    person_id: str,
    settings: PassageSettings,
    note: Note | None = None,
    *,
    voter_of: Callable[[str], str] = str,
) -> ErasedNow:
    """Take a person out of the database, all or nothing. NotFound; Conflict for the only admin, and where no
    secret can be kept. `voter_of` says what an account (id) is called in its judgements."""
    if home.secret() == PASSING_SECRET:
        raise Conflict(f"the secret of {home.folder} cannot be written, so nobody could be known again: mend that")
    with home.database.begin() as transaction:
        take_write_lock(transaction)
        person = people.find_person(transaction, person_id)
        if person is None:
            raise NotFound(f"there is no person {person_id}")
        done = _take_out(home, transaction, person, settings, voter_of)
        if note is not None:
            note(transaction)
    return done


def finish_erasures(
    home: Home,
    encoder: Encoder,
    settings: Settings,
    report: ReportProgress = ignore_progress,
    *,
    forget_jobs: Callable[[], None] = lambda: None,
) -> bool:
    """Leave nothing of anybody who was erased in any file of the home; whether there was something to do.

    `forget_jobs` makes the job engine forget what it keeps of jobs that have ended. HomeBusy where another process
    writes this home, or reads it for too long.
    """
    with home.writing():
        home.prepare()
        with home.database.read() as transaction:
            begun = erased.unfinished(transaction)
            if not erased.is_unfinished(transaction):
                return False
        sweep(home, settings.passages, report)
        with home.database.read() as transaction:
            read = [state.name for state in items.known_sources(transaction)]
        for source in read:
            leave_out_boilerplate(home, source, settings.passages, report)
        find_near_duplicates(home.database, report)
        forget_dead(home, encoder, settings, report)
        keep_columns(home)
        for copy in home.database.kept_copies():
            copy.unlink(missing_ok=True)
        report(Progress("making the databases forget", 0, None, ""))
        forget_jobs()
        forget_deleted(home.database.file)
        # Last: whatever was killed before this line is done again.
        with home.database.begin() as transaction:
            erased.end_erasure(transaction, begun)
    return True


def sweep(home: Home, settings: PassageSettings, report: ReportProgress = ignore_progress) -> None:
    """Take out of the database whoever was erased and is in it all the same, and their names out of every text: after
    a restore, and for what was being read while somebody was erased."""
    with home.database.begin() as transaction:
        take_write_lock(transaction)
        gone = read_erased(transaction, home.secret)
        for person in list(_come_back(transaction, gone)):
            _take_out(home, transaction, person, settings)
        gone = read_erased(transaction, home.secret, gone)
        erasing.hand_over(transaction, _unowned(transaction, gone))
    with home.database.read() as transaction:
        ids = documents.all_ids(transaction)
    for start in range(0, len(ids), DOCUMENTS_A_TRANSACTION):
        report(Progress("taking names out of texts", start, len(ids), "documents"))
        _reword(home, ids[start : start + DOCUMENTS_A_TRANSACTION], gone, settings)
    with home.database.begin() as transaction:
        take_write_lock(transaction)
        erasing.reword_records(transaction, gone.without)


def _take_out(
    home: Home,
    transaction: Transaction,
    person: Person,
    settings: PassageSettings,
    voter_of: Callable[[str], str] = str,
) -> ErasedNow:
    ids = erasing.ids_over_time(transaction, person.id)
    theirs = erasing.identities_behind(transaction, ids)
    names = _names_of(person, theirs)
    same, others = _namesakes(transaction, ids, names)
    ids |= same
    theirs = erasing.identities_behind(transaction, ids)
    owned = erasing.accounts_of(transaction, ids)
    _expect_another_admin(transaction, sum(admin for _, _, admin in owned))
    gone = _remember(home, transaction, ids, names, others, [entry.identity for entry in theirs])
    naming = erasing.documents_saying(transaction, _spelled(names, theirs))
    had_part = erasing.hand_over(transaction, [entry.id for entry in theirs])
    had_part += erasing.hand_over(transaction, _unowned(transaction, gone))
    erasing.remove_people(transaction, ids, [entry.identity for entry in theirs])
    signing_in = {name for _, name, _ in owned} | {entry.identity.value for entry in theirs}
    erasing.remove_judgements(transaction, [voter_of(account) for account, _, _ in owned])
    erasing.remove_accounts(transaction, [account for account, _, _ in owned], signing_in)
    changed = [d for d in sorted({*had_part, *naming}) if reword_document(transaction, d, gone, settings)]
    jobs = erasing.reword_records(transaction, gone.without)
    erased.begin_erasure(transaction)
    uris = erasing.uris_naming(transaction, gone.without)
    return ErasedNow(len({*had_part, *changed}), len(owned), tuple(jobs), uris)


def reword_document(transaction: Transaction, document: int, gone: Erased, settings: PassageSettings) -> bool:
    """Take the names of those erased out of a document (row id); whether there were any."""
    theirs, written = erasing.former_in(transaction, document)
    title, url = documents.title_of(transaction, document), documents.url_of(transaction, document)
    blocks = documents.read_blocks(transaction, document)
    kinds = kinds_for(theirs)
    new = gone.without(title, kinds), address_without(url, gone), list(blocks_without(blocks, gone, kinds, written))
    if new == (title, url, blocks):
        return False
    passages = split(ParsedDocument(new[0], tuple(new[2])), settings)
    documents.reword_document(transaction, document, *new, passages)
    return True


def _reword(home: Home, ids: Iterable[int], gone: Erased, settings: PassageSettings) -> None:
    with home.database.begin() as transaction:
        take_write_lock(transaction)
        for document in ids:
            reword_document(transaction, document, gone, settings)


def _expect_another_admin(transaction: Transaction, theirs: int) -> None:
    if theirs and accounts.count_admins(transaction) <= theirs:
        raise Conflict("nobody else may administer this home: make somebody else an admin first")


def _remember(
    home: Home,
    transaction: Transaction,
    ids: Collection[str],
    names: Collection[str],
    others: Collection[str],
    identities: Collection[Identity],
) -> Erased:
    phrases = phrases_of(ids, names, identities, shared=others)
    traces = traces_of(home.secret(), secrets.token_urlsafe(WHOSE_BYTES), ids, identities, phrases)
    erased.remember_traces(transaction, traces, datetime.now(UTC))
    return read_erased(transaction, home.secret)


def _namesakes(transaction: Transaction, ids: Collection[str], names: Iterable[str]) -> tuple[set[str], list[str]]:
    """Of the people with the same full name: those (ids) who must be taken for the same person, since nothing but the
    name is known of them and nobody else bears it; and the names that somebody else does bear."""
    spelled = {words for name in names if len(words := folded_words(name)) > 1}
    bearers = {
        other: name
        for other, name in people.all_names(transaction).items()
        if other not in ids and folded_words(name) in spelled
    }
    same = erasing.known_by_name_only(transaction, bearers)
    others = [name for other, name in bearers.items() if other not in same]
    return (set() if others else same), others


def _unowned(transaction: Transaction, gone: Erased) -> list[int]:
    """Identities that stand for nobody and show somebody erased all the same."""
    return [
        entry.id
        for entry in erasing.unowned(transaction)
        if gone.whose_credit([entry.identity], entry.display_name)
        or gone.without(entry.identity.value) != entry.identity.value
    ]


def _names_of(person: Person, theirs: Iterable[StoredIdentity]) -> set[str]:
    return {person.name, *(entry.display_name for entry in theirs if entry.display_name)}


def _spelled(names: Iterable[str], theirs: Iterable[StoredIdentity]) -> set[str]:
    """What to look for in texts at once: of a name its longest word, which stands in every order of it. The sweep finds
    what is written with other accents."""
    words = {max(parts, key=len) for name in names if len(parts := name.split()) > 1}
    values = {entry.identity.value for entry in theirs if entry.identity.kind is not IdentityKind.NAME}
    return {text for text in (*words, *map(fold, words), *values) if len(text) > 1}


def _come_back(transaction: Transaction, gone: Erased) -> Iterator[Person]:
    """The people in the database who were erased."""
    known = {person for person in erasing.every_person(transaction) if gone.whose_person(person)}
    for entry in all_identities(transaction):
        if entry.person_id is not None and gone.whose_identity(entry.identity):
            known.add(entry.person_id)
    yield from people.find_people(transaction, sorted(known)).values()
