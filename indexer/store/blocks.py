"""Which blocks documents share, by digest: what boilerplate is told from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, insert, select, update

from indexer.store.batches import in_batches
from indexer.store.database import Transaction
from indexer.store.rows import plain_rows
from indexer.store.tables import document_blocks, documents

NOTHING = b""


@dataclass(frozen=True, slots=True)
class SourceBlocks:
    """The documents of a source (row ids) in order of public id, which a rebuild keeps, with the distinct digests of
    their blocks, document after document and ascending in each: `digests` are all, `counts` says how many are whose.
    Likewise those of them that the passages leave out. `audiences` (row ids) are those of the documents."""

    documents: NDArray[np.int64]
    audiences: NDArray[np.int64]
    digests: NDArray[np.int64]
    counts: NDArray[np.int64]
    left_out: NDArray[np.int64]
    left_out_counts: NDArray[np.int64]


def undigested(transaction: Transaction, source: str) -> list[int]:
    """The documents (row ids) of a source that no digests are kept of yet."""
    statement = (
        select(documents.c.id)
        .outerjoin(document_blocks, document_blocks.c.document_id == documents.c.id)
        .where(documents.c.source == source, document_blocks.c.document_id.is_(None))
        .order_by(documents.c.id)
    )
    return list(transaction.execute(statement).scalars())


def save_digests(transaction: Transaction, digests: Mapping[int, Iterable[int]]) -> None:
    """Keep the digests of documents that were just split whole, by row id."""
    rows = [
        {"document_id": document, "digests": _packed(found), "left_out": NOTHING} for document, found in digests.items()
    ]
    for batch in in_batches(digests):
        transaction.execute(delete(document_blocks).where(document_blocks.c.document_id.in_(batch)))
    if rows:
        transaction.execute(insert(document_blocks), rows)


def save_left_out(transaction: Transaction, document: int, left_out: Iterable[int]) -> None:
    """Note what the passages of a document leave out now."""
    transaction.execute(
        update(document_blocks).where(document_blocks.c.document_id == document).values(left_out=_packed(left_out))
    )


def left_out_of(transaction: Transaction, document_ids: Iterable[int]) -> dict[int, frozenset[int]]:
    """What the passages of documents (row ids) leave out, by document; nothing of one that leaves out nothing."""
    statement = select(document_blocks.c.document_id, document_blocks.c.left_out)
    return {
        row.document_id: frozenset(_unpacked([row.left_out]).tolist())
        for batch in in_batches(document_ids)
        for row in transaction.execute(
            statement.where(document_blocks.c.document_id.in_(batch), document_blocks.c.left_out != NOTHING)
        )
    }


def digested(transaction: Transaction, source: str) -> SourceBlocks:
    """The blocks of every document of a source whose digests are kept."""
    statement = (
        select(
            document_blocks.c.document_id,
            documents.c.audience_id,
            document_blocks.c.digests,
            document_blocks.c.left_out,
        )
        .join(documents, documents.c.id == document_blocks.c.document_id)
        .where(documents.c.source == source)
        .order_by(documents.c.public_id)
    )
    rows = plain_rows(transaction, statement)
    ids, audiences, digests, left_out = ([row[column] for row in rows] for column in range(4))
    return SourceBlocks(
        np.asarray(ids, np.int64),
        np.asarray(audiences, np.int64),
        _unpacked(digests),
        _lengths(digests),
        _unpacked(left_out),
        _lengths(left_out),
    )


def _packed(digests: Iterable[int]) -> bytes:
    return np.asarray(sorted(digests), "<i8").tobytes()


def _unpacked(stored: Sequence[bytes]) -> NDArray[np.int64]:
    return np.frombuffer(b"".join(stored), "<i8").astype(np.int64)


def _lengths(stored: Sequence[bytes]) -> NDArray[np.int64]:
    return np.fromiter(map(len, stored), np.int64, len(stored)) // 8
