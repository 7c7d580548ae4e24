"""Who had which part in which document, as columns of numbers, and which documents' parts have changed. Triggers note
them as they change (migration 0008)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, func, select

from indexer.domain.people import Role
from indexer.store.batches import in_batches
from indexer.store.database import Transaction
from indexer.store.rows import plain_rows
from indexer.store.tables import changed_choices, changed_parts, contributions, documents, identities

ROLES = tuple(sorted(Role))
"""The roles by their number, in order of the alphabet."""

NEVER = np.iinfo(np.int64).min
"""A moment that is not known; the others are microseconds since 1970."""

DOCUMENT = np.dtype([("audience", "i4"), ("community", "i4"), ("updated", "i8"), ("moment", "i8")])
"""What people's parts take from their document. A community of 0 is none; `moment` is `updated`, or else `created`."""

PART = np.dtype([("moment", "i8"), ("person", "i4"), ("message", "i4"), ("likes", "i4"), ("role", "i4")])
"""A person's part in a document: the person's place in a list, a number of ROLES; a message of -1 is none. `moment` is
the document's where the part has none."""

LATEST = select(
    select(func.coalesce(func.max(changed_parts.c.number), 0)).scalar_subquery(),
    select(func.coalesce(func.max(changed_choices.c.number), 0)).scalar_subquery(),
)
ROWS_AT_ONCE = 50_000
CODES = {str(role): code for code, role in enumerate(ROLES)}


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


def latest_changes(transaction: Transaction) -> tuple[int, int]:
    """The numbers of the latest notes: on parts, and on what people chose of how they are found."""
    on_parts, on_choices = transaction.execute(LATEST).one()
    return on_parts, on_choices


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
    order = np.lexsort((parts["role"], ranks[place], parts["person"], where))
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
    statement = select(table.document_id, table.identity_id, table.role, table.at, table.message, table.likes)
    found_documents, found_identities, found = [], [], []
    for rows in _in_pieces(transaction, statement, table.document_id, document_ids):
        columns = list(zip(*rows, strict=True))
        part = np.zeros(len(rows), PART)
        part["role"] = [CODES[role] for role in columns[2]]
        part["moment"] = _moments(columns[3])
        part["message"] = [-1 if message is None else message for message in columns[4]]
        part["likes"] = columns[5]
        found_documents.append(np.asarray(columns[0], np.int64))
        found_identities.append(np.asarray(columns[1], np.int64))
        found.append(part)
    return (
        np.concatenate([np.zeros(0, np.int64), *found_documents]),
        np.concatenate([np.zeros(0, PART), *found]),
        np.concatenate([np.zeros(0, np.int64), *found_identities]),
    )


def _documents(transaction: Transaction, document_ids: list[int] | None) -> tuple[NDArray[np.int64], NDArray[Any]]:
    table = documents.c
    statement = select(table.id, table.audience_id, table.community_id, table.updated, table.created)
    pieces = _in_pieces(transaction, statement, table.id, document_ids)
    columns = list(zip(*chain.from_iterable(pieces), strict=True)) or [()] * 5
    about = np.zeros(len(columns[0]), DOCUMENT)
    about["audience"] = columns[1]
    about["community"] = [community or 0 for community in columns[2]]
    about["updated"] = _moments(columns[3])
    about["moment"] = np.where(about["updated"] == NEVER, _moments(columns[4]), about["updated"])
    ids = np.asarray(columns[0], np.int64)
    order = np.argsort(ids)
    return ids[order], about[order]


def _in_pieces(
    transaction: Transaction, statement: Select[Any], column: Any, document_ids: list[int] | None
) -> Iterator[Sequence[tuple[Any, ...]]]:
    """The rows as the driver gives them, not too many at once: those of all documents, or of these."""
    if document_ids is None:
        with transaction.execute(statement) as result:
            while result.cursor is not None and (rows := result.cursor.fetchmany(ROWS_AT_ONCE)):
                yield rows
        return
    for batch in in_batches(document_ids):
        if rows := plain_rows(transaction, statement.where(column.in_(batch))):
            yield rows


def _moments(texts: Sequence[str | None]) -> NDArray[np.int64]:
    return np.asarray(texts, "datetime64[us]").astype(np.int64)


def _places(values: NDArray[np.int64], among: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Where each value stands in an ascending list, and whether it is there at all."""
    if not len(among):
        return np.zeros(len(values), np.int64), np.zeros(len(values), np.bool_)
    places = np.minimum(np.searchsorted(among, values), len(among) - 1)
    return places, among[places] == values
