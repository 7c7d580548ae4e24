"""Who had which part in which document, as columns of numbers, and which documents' parts have changed. Triggers note
them as they change (migration 0008)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import String, bindparam, case, func, literal_column, select

from indexer.domain.people import Role
from indexer.store.batches import in_batches
from indexer.store.database import Transaction
from indexer.store.facts import note_fact
from indexer.store.rows import plain_rows
from indexer.store.tables import changed_choices, changed_parts, contributions, documents, facts, identities

ROLES = tuple(sorted(Role))
"""The roles by their number, in order of the alphabet."""

NEVER = np.iinfo(np.int64).min
"""A moment that is not known; the others are microseconds since 1970."""

DOCUMENT = np.dtype([("audience", "i4"), ("community", "i4"), ("updated", "i8"), ("moment", "i8")])
"""What people's parts take from their document. A community of 0 is none; `moment` is `updated`, or else `created`."""

PART = np.dtype([("moment", "i8"), ("person", "i4"), ("message", "i4"), ("likes", "i4"), ("role", "i4")])
"""A person's part in a document: the person's place in a list, a number of ROLES; a message of -1 is none. `moment` is
the document's where the part has none."""

KEPT = "columns"
LATEST = select(
    select(func.coalesce(func.max(changed_parts.c.number), 0)).scalar_subquery(),
    select(func.coalesce(func.max(changed_choices.c.number), 0)).scalar_subquery(),
    func.coalesce(select(facts.c.value).where(facts.c.name == KEPT).scalar_subquery(), ""),
)
ROWS_AT_ONCE = 250_000
NO_DATE = "\0" * len("2025-03-02 00:00:00.000000")  # numpy reads it as no date
MOST_BITS = 63
FIRST_LETTER = ord("a")
LETTER = case({str(role): chr(FIRST_LETTER + code) for code, role in enumerate(ROLES)}, value=contributions.c.role)


@dataclass(frozen=True, slots=True)
class StoredParts:
    """The parts in some documents: `documents` are their row ids, ascending, with what DOCUMENT says of each and how
    many `parts` it has, which follow each other in that order; `people` are the ids of all whom the parts name. Those
    of one person in one document are together, in order of identity and role."""

    documents: NDArray[np.int64]
    about: NDArray[Any]
    counts: NDArray[np.int64]
    parts: NDArray[Any]
    people: list[str]


@dataclass(frozen=True, slots=True)
class Latest:
    """The numbers of the latest notes: on parts, and on what people chose of how they are found; and the name of the
    file in which parts are kept, empty where they are not."""

    parts: int
    choices: int
    kept: str


def latest_changes(transaction: Transaction) -> Latest:
    """What tells whether anything has changed. Cheap: to be asked often."""
    return Latest(*transaction.execute(LATEST).one())


def note_kept(transaction: Transaction, name: str) -> None:
    """Note the name of the file in which parts are kept."""
    note_fact(transaction, KEPT, name)


def count_parts(transaction: Transaction, document_ids: Iterable[int] | None = None) -> int:
    """How many parts there are, in these documents (row ids) or in all."""
    counting = select(func.count()).select_from(contributions)
    if document_ids is None:
        return int(transaction.execute(counting).scalar_one())
    pieces = (counting.where(contributions.c.document_id.in_(batch)) for batch in in_batches(document_ids))
    return sum(int(transaction.execute(piece).scalar_one()) for piece in pieces)


def changed_since(transaction: Transaction, number: int) -> list[int]:
    """The documents (row ids) whose parts were noted as changed after a note's number, also those that are gone."""
    statement = select(changed_parts.c.document_id).where(changed_parts.c.number > number)
    return list(transaction.execute(statement).scalars())


def read_all_parts(transaction: Transaction) -> StoredParts:
    """The parts in all documents."""
    return _read(transaction, None)


def read_parts(transaction: Transaction, document_ids: Iterable[int]) -> StoredParts:
    """The parts in these documents (row ids), as far as they exist."""
    return _read(transaction, list(dict.fromkeys(document_ids)))


def _read(transaction: Transaction, document_ids: list[int] | None) -> StoredParts:
    # Identities first, documents last: what is added in between is noted as changed, and read again by whoever looks.
    identity_ids, owners, ranks, people = _owners(transaction, document_ids)
    document_of, parts, identity_of = _parts(transaction, document_ids)
    ids, about = _documents(transaction, document_ids)
    place, known = _places(identity_of, identity_ids)
    where, present = _places(document_of, ids)
    kept = known & present
    parts, place, where = parts[kept], place[kept], where[kept]
    parts["person"] = owners[place]
    undated = parts["moment"] == NEVER
    parts["moment"][undated] = about["moment"][where[undated]]
    order = _order(where, parts["person"], ranks[place], parts["role"])
    return StoredParts(ids, about, np.bincount(where, minlength=len(ids)).astype(np.int64), parts[order], people)


def _owners(
    transaction: Transaction, document_ids: list[int] | None
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], list[str]]:
    """The identities that stand for somebody (row ids, ascending), the place of that person, the rank of the identity,
    and the ids of the people."""
    # Not by the identity's row id: that tells which of two was named first, perhaps by what may not be read.
    statement = select(identities.c.id, identities.c.person_id).where(identities.c.person_id.is_not(None))
    statement = statement.order_by(identities.c.value, identities.c.kind, identities.c.namespace)
    if document_ids is None:
        rows = plain_rows(transaction, statement)
    else:
        named = select(contributions.c.identity_id).where(contributions.c.document_id.in_(document_ids))
        rows = plain_rows(transaction, statement.where(identities.c.id.in_(named)))
    people: dict[str, int] = {}
    owners = np.asarray([people.setdefault(person, len(people)) for _, person in rows], np.int64)
    ids = np.asarray([row for row, _ in rows], np.int64)
    order = np.argsort(ids)
    return ids[order], owners[order], order, list(people)


def _parts(
    transaction: Transaction, document_ids: list[int] | None
) -> tuple[NDArray[np.int64], NDArray[Any], NDArray[np.int64]]:
    """Of each part the document (row id), the part without its person, and the identity (row id)."""
    table = contributions.c
    found_documents, found_identities, found = [], [], []
    numbers = (table.document_id, table.identity_id, func.coalesce(table.message, -1), table.likes)
    wanted = (*map(_joined, numbers), _dates(table.at), func.group_concat(LETTER, ""))
    for texts in _in_pieces(transaction, wanted, table.document_id, document_ids):
        document_of, identity_of, messages, likes = map(_numbers, texts[:4])
        part = np.zeros(len(document_of), PART)
        part["message"], part["likes"] = messages, likes
        part["moment"] = _moments(texts[4])
        part["role"] = np.frombuffer(texts[5].encode(), np.uint8) - FIRST_LETTER
        found_documents.append(document_of)
        found_identities.append(identity_of)
        found.append(part)
    return (
        np.concatenate([np.zeros(0, np.int64), *found_documents]),
        np.concatenate([np.zeros(0, PART), *found]),
        np.concatenate([np.zeros(0, np.int64), *found_identities]),
    )


def _documents(transaction: Transaction, document_ids: list[int] | None) -> tuple[NDArray[np.int64], NDArray[Any]]:
    table = documents.c
    found_ids, found = [], []
    numbers = (table.id, table.audience_id, func.coalesce(table.community_id, 0))
    wanted = (*map(_joined, numbers), _dates(table.updated), _dates(table.created))
    for texts in _in_pieces(transaction, wanted, table.id, document_ids):
        ids, audiences, communities = map(_numbers, texts[:3])
        about = np.zeros(len(ids), DOCUMENT)
        about["audience"], about["community"] = audiences, communities
        about["updated"] = _moments(texts[3])
        about["moment"] = np.where(about["updated"] == NEVER, _moments(texts[4]), about["updated"])
        found_ids.append(ids)
        found.append(about)
    ids = np.concatenate([np.zeros(0, np.int64), *found_ids])
    order = np.argsort(ids)
    return ids[order], np.concatenate([np.zeros(0, DOCUMENT), *found])[order]


def _in_pieces(
    transaction: Transaction, wanted: Sequence[Any], document: Any, document_ids: list[int] | None
) -> Iterator[Sequence[str]]:
    """Columns of the rows of all documents, or of these, each as one text; not too many rows at once.

    SQLite puts a column together four times as fast as its driver hands over the rows."""
    table = document.table
    if document_ids is None:
        row: Any = literal_column(f"{table.name}.rowid")
        last = transaction.execute(select(func.max(row)).select_from(table)).scalar() or 0
        conditions = [row.between(first, first + ROWS_AT_ONCE - 1) for first in range(1, last + 1, ROWS_AT_ONCE)]
    else:
        conditions = [document.in_(batch) for batch in in_batches(document_ids)]
    for condition in conditions:
        texts = transaction.execute(select(*wanted).select_from(table).where(condition)).one()
        if texts[0] is not None:
            yield texts


def _joined(column: Any) -> Any:
    return func.group_concat(column, ",")


def _dates(column: Any) -> Any:
    """Moments one after the other: all of them are as long as the one for none."""
    return func.group_concat(func.coalesce(column, bindparam(None, NO_DATE, String)).cast(String), "")


def _numbers(joined: str) -> NDArray[np.int64]:
    return np.fromstring(joined, np.int64, sep=",")


def _moments(joined: str) -> NDArray[np.int64]:
    return np.frombuffer(joined.encode(), f"S{len(NO_DATE)}").astype("datetime64[us]").astype(np.int64)


def _places(values: NDArray[np.int64], among: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Where each value stands in an ascending list, and whether it is there at all."""
    if not len(among):
        return np.zeros(len(values), np.int64), np.zeros(len(values), np.bool_)
    places = np.minimum(np.searchsorted(among, values), len(among) - 1)
    return places, among[places] == values


def _order(*keys: NDArray[Any]) -> NDArray[np.int64]:
    """The order by these columns of small numbers, the first counts most. As one number they are sorted in a tenth of
    the time; where they do not fit into one, one by one."""
    sizes = [int(key.max(initial=0)).bit_length() for key in keys]
    if sum(sizes) > MOST_BITS:
        return np.lexsort(keys[::-1])
    whole = np.zeros(len(keys[0]), np.int64)
    for key, size in zip(keys, sizes, strict=True):
        whole = (whole << size) | key
    return np.argsort(whole)
