"""Workers and their signs of life."""

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.sqlite import insert

from indexer.domain.jobs import WorkerBeat
from indexer.store.database import Transaction
from indexer.store.tables import workers


def sign_on(transaction: Transaction, worker_id: str, host: str, pid: int, now: datetime) -> None:
    """A worker begins its work; an earlier life of the same name ends with it."""
    values = {"host": host, "pid": pid, "started": now, "beat": now}
    statement = insert(workers).values(id=worker_id, turn=0, **values)
    transaction.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))


def tell_beat(transaction: Transaction, worker_id: str, now: datetime) -> bool:
    """A worker's sign of life; False where it never signed on or was forgotten."""
    statement = update(workers).where(workers.c.id == worker_id).values(beat=now)
    return transaction.execute(statement).rowcount > 0


def list_workers(transaction: Transaction) -> list[WorkerBeat]:
    """Every worker that has not signed off, by name."""
    return [WorkerBeat(**row._mapping) for row in transaction.execute(select(workers).order_by(workers.c.id))]


def take_turn(transaction: Transaction, silent: WorkerBeat) -> bool:
    """Win the right to take over a silent worker's jobs; False where it gave a sign of life, or a rival was first."""
    unchanged = (workers.c.id == silent.id, workers.c.beat == silent.beat, workers.c.turn == silent.turn)
    return transaction.execute(update(workers).where(*unchanged).values(turn=silent.turn + 1)).rowcount > 0


def sign_off(transaction: Transaction, worker_id: str) -> None:
    """A worker ends its work on purpose."""
    transaction.execute(delete(workers).where(workers.c.id == worker_id))


def forget_workers(transaction: Transaction, silent_since: datetime) -> None:
    """Remove workers without a sign of life since the moment."""
    transaction.execute(delete(workers).where(workers.c.beat < silent_since))
