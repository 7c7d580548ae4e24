"""Who asked to be erased, as keyed hashes; and which erasures are not finished yet."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.sqlite import insert

from indexer.domain.erasure import Trace, TraceKind
from indexer.store.database import Transaction
from indexer.store.facts import fact, note_fact
from indexer.store.tables import erased

UNFINISHED = "erasure.unfinished"
LISTED = "erasure.listed"
NOTHING = "0"


def remember_traces(transaction: Transaction, traces: Iterable[Trace], at: datetime) -> None:
    """Keep hashes; those that are known stay as they are."""
    for trace in traces:
        values = {
            "digest": trace.digest,
            "kind": trace.kind,
            "whose": trace.whose,
            "words": trace.words,
            "start": trace.start,
        }
        transaction.execute(insert(erased).values(**values, at=at).on_conflict_do_nothing())


def count_traces(transaction: Transaction) -> int:
    """How many hashes there are: none is ever removed, so that an unchanged count means the same ones."""
    return int(transaction.execute(select(func.count()).select_from(erased)).scalar_one())


def all_traces(transaction: Transaction) -> list[Trace]:
    rows = transaction.execute(select(erased).order_by(erased.c.digest))
    return [Trace(row.digest, TraceKind(row.kind), row.whose, row.words, row.start) for row in rows]


def is_unfinished(transaction: Transaction) -> bool:
    """Whether what was erased may still stand in files of the home."""
    return (fact(transaction, UNFINISHED) or NOTHING) != NOTHING


def begin_erasure(transaction: Transaction) -> None:
    """Say that files have to be written anew."""
    note_fact(transaction, UNFINISHED, str(int(fact(transaction, UNFINISHED) or NOTHING) + 1))


def unfinished(transaction: Transaction) -> str:
    """A word for the erasures that are not finished, another one after each that is asked for."""
    return fact(transaction, UNFINISHED) or NOTHING


def end_erasure(transaction: Transaction, begun: str) -> None:
    """Say that files hold nothing more of those erased, unless another was asked for since `begun`."""
    if unfinished(transaction) == begun:
        note_fact(transaction, UNFINISHED, NOTHING)


def note_listed(transaction: Transaction, people: int) -> None:
    """Note how many people that were erased the directories list."""
    if count_listed(transaction) != people:
        note_fact(transaction, LISTED, str(people))


def count_listed(transaction: Transaction) -> int:
    return int(fact(transaction, LISTED) or NOTHING)
