"""Which blocks documents share, by digest: what boilerplate is told from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, insert, select, update

from indexer.store.batches import in_batches
from indexer.store.database import Transaction
from indexer.store.tables import document_blocks, documents

NOTHING = b""


@dataclass(frozen=True, slots=True)
class DocumentBlocks:
    """The distinct digests of a document's blocks, ascending, and those of them that its passages leave out."""

    document: int
    digests: NDArray[np.int64]
    left_out: frozenset[int]


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


def digested(transaction: Transaction, source: str) -> list[DocumentBlocks]:
    """Every document of a source with its blocks' digests, in order of public id, which a rebuild keeps."""
    statement = (
        select(document_blocks)
        .join(documents, documents.c.id == document_blocks.c.document_id)
        .where(documents.c.source == source)
        .order_by(documents.c.public_id)
    )
    return [
        DocumentBlocks(row.document_id, _unpacked(row.digests), frozenset(_unpacked(row.left_out).tolist()))
        for row in transaction.execute(statement)
    ]


def _packed(digests: Iterable[int]) -> bytes:
    return np.asarray(sorted(digests), "<i8").tobytes()


def _unpacked(stored: bytes) -> NDArray[np.int64]:
    return np.frombuffer(stored, "<i8").astype(np.int64)
