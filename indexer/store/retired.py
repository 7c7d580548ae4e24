"""Passages that only older generations of the index hold: other cuts of a text that is still the document's.

They stay as long as such a generation is kept, so that it can serve until the new cuts are published, and again after
a rollback. When the text itself changes they go at once.
"""

from collections.abc import Iterable

from sqlalchemy import Select, delete, func, insert, select

from indexer.store.batches import in_batches
from indexer.store.database import Transaction
from indexer.store.tables import outdated_passages, passages, retired_passages


def select_retired() -> Select[int]:
    """The ids of the passages that a new generation leaves out."""
    return select(retired_passages.c.passage_id)


def retire_passages(transaction: Transaction, document: int) -> None:
    """Retire the passages that a document (row id) has."""
    theirs = select(passages.c.id).where(passages.c.document_id == document, passages.c.id.not_in(select_retired()))
    transaction.execute(insert(retired_passages).from_select(["passage_id"], theirs))


def retired_ids(transaction: Transaction) -> list[int]:
    """The ids of all retired passages, ascending."""
    return list(transaction.execute(select_retired().order_by(retired_passages.c.passage_id)).scalars())


def forget_passages(transaction: Transaction, ids: Iterable[int]) -> None:
    """Remove retired passages that no generation holds any more."""
    noted = transaction.execute(select(func.coalesce(func.max(outdated_passages.c.number), 0))).scalar_one()
    for batch in in_batches(ids):
        transaction.execute(delete(passages).where(passages.c.id.in_(batch), passages.c.id.in_(select_retired())))
    # The triggers note them as gone, which every search would read although none can find them.
    transaction.execute(delete(outdated_passages).where(outdated_passages.c.number > noted))
