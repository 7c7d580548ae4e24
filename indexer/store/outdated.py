"""Passages whose rows in the index no longer say what the database says. Triggers note them as they change."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, func, insert, select

from indexer.store.batches import in_batches, values_in
from indexer.store.database import Transaction
from indexer.store.retired import select_retired
from indexer.store.tables import documents, outdated_passages, passages, retired_passages

COPIED = [column for column in passages.c if column.name != "id"]
_LATEST = select(func.coalesce(func.max(outdated_passages.c.number), 0))
_CLOSED = (
    select(passages.c.id)
    .join(outdated_passages, outdated_passages.c.passage_id == passages.c.id)
    .join(documents, documents.c.id == passages.c.document_id)
    .where(~outdated_passages.c.gone, (documents.c.audience_id + 0).not_in(values_in("audiences")))
)


def gone_since(transaction: Transaction, number: int) -> tuple[NDArray[np.int64], int]:
    """The passages noted as gone after a note's number, and the number of the latest note."""
    latest = int(transaction.execute(_LATEST).scalar_one())
    if latest <= number:
        return np.zeros(0, np.int64), latest
    statement = select(outdated_passages.c.passage_id).where(
        outdated_passages.c.number > number, outdated_passages.c.number <= latest, outdated_passages.c.gone
    )
    return np.asarray(transaction.execute(statement).scalars().all(), np.int64), latest


def closed_passages(transaction: Transaction, audience_ids: Iterable[int]) -> list[int]:
    """Those of the passages of changed documents that are in none of the audiences now."""
    return list(transaction.execute(_CLOSED, {"audiences": list(audience_ids)}).scalars())


def renumber_changed(transaction: Transaction) -> int:
    """Give the passages of changed documents new ids, so that the index takes them in anew; gives how many. The old
    ones are retired: they are found until then."""
    changed = select(outdated_passages.c.passage_id).where(~outdated_passages.c.gone)
    living = passages.c.id.in_(changed) & passages.c.id.not_in(select_retired())
    ids = list(transaction.execute(select(passages.c.id).where(living)).scalars())
    for batch in in_batches(ids):
        again = select(*COPIED).where(passages.c.id.in_(batch)).order_by(passages.c.id)
        transaction.execute(insert(passages).from_select([column.name for column in COPIED], again))
        transaction.execute(insert(retired_passages), [{"passage_id": passage} for passage in batch])
    return len(ids)


def forget_outdated(transaction: Transaction, present: NDArray[np.int64]) -> None:
    """Drop the notes that no search needs: on passages that are gone and not among `present`, those of which the index
    has a row that counts; and on changed ones that are gone since."""
    here = select(passages.c.id).where(passages.c.id == outdated_passages.c.passage_id).exists()
    transaction.execute(delete(outdated_passages).where(~outdated_passages.c.gone, ~here))
    rows = transaction.execute(
        select(outdated_passages.c.number, outdated_passages.c.passage_id).where(outdated_passages.c.gone)
    )
    noted = np.asarray([tuple(row) for row in rows], np.int64).reshape(-1, 2)
    done = noted[~np.isin(noted[:, 1], present), 0]
    for batch in in_batches(done.tolist()):
        transaction.execute(delete(outdated_passages).where(outdated_passages.c.number.in_(batch)))
