"""When jobs are started again and again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, false, select, true, update
from sqlalchemy.dialects.sqlite import insert

from indexer.domain.jobs import JobKind, JobRequest, Schedule
from indexer.store.database import Transaction
from indexer.store.jobs import window_of, window_values
from indexer.store.tables import schedules


def add_schedule(transaction: Transaction, schedule: Schedule) -> bool:
    """Keep a new schedule; False where there is one of this name, which then stays as it is."""
    statement = insert(schedules).values(
        name=schedule.name,
        paused=schedule.paused,
        created=schedule.created,
        last_tick=schedule.last_tick,
        cron=schedule.cron,
        zone=schedule.zone,
        **_request_values(schedule.request),
    )
    return transaction.execute(statement.on_conflict_do_nothing()).rowcount > 0


def list_schedules(transaction: Transaction) -> list[Schedule]:
    """Every schedule, by name."""
    return [_schedule_of(row) for row in transaction.execute(select(schedules).order_by(schedules.c.name))]


def find_schedule(transaction: Transaction, name: str) -> Schedule | None:
    row = transaction.execute(select(schedules).where(schedules.c.name == name)).first()
    return None if row is None else _schedule_of(row)


def change_times(transaction: Transaction, name: str, cron: str | None, zone: str | None, now: datetime) -> bool:
    """Give a schedule another expression or zone (None keeps it); its next tick is the first after `now`. False where
    there is no such schedule."""
    told = {"cron": cron, "zone": zone}
    values: dict[str, Any] = {name: value for name, value in told.items() if value is not None}
    return _change(transaction, name, {**values, "last_tick": now})


def change_request(transaction: Transaction, name: str, request: JobRequest) -> bool:
    """Let a schedule start another job; False where there is no such schedule."""
    return _change(transaction, name, _request_values(request))


def pause_schedule(transaction: Transaction, name: str) -> bool:
    """Stop a schedule until it is resumed; False where there is none, or it is paused already."""
    statement = update(schedules).where(schedules.c.name == name, schedules.c.paused == false())
    return transaction.execute(statement.values(paused=True)).rowcount > 0


def resume_schedule(transaction: Transaction, name: str, now: datetime) -> bool:
    """Let a paused schedule go on with its first tick after `now`; False where there is none, or it is not paused."""
    statement = update(schedules).where(schedules.c.name == name, schedules.c.paused == true())
    return transaction.execute(statement.values(paused=False, last_tick=now)).rowcount > 0


def advance_tick(transaction: Transaction, name: str, tick: datetime) -> bool:
    """Note that a tick was dealt with, unless this or a later one was; whether it was the first time."""
    statement = update(schedules).where(schedules.c.name == name, schedules.c.last_tick < tick)
    return transaction.execute(statement.values(last_tick=tick)).rowcount > 0


def remove_schedule(transaction: Transaction, name: str) -> bool:
    """Remove a schedule; the jobs it started stay. False where there is no such schedule."""
    return transaction.execute(delete(schedules).where(schedules.c.name == name)).rowcount > 0


def _change(transaction: Transaction, name: str, values: Mapping[str, Any]) -> bool:
    return transaction.execute(update(schedules).where(schedules.c.name == name).values(**values)).rowcount > 0


def _request_values(request: JobRequest) -> dict[str, Any]:
    return {
        "kind": request.kind,
        "parameters": dict(request.parameters),
        "window": window_values(request.window),
    }


def _schedule_of(row: Row[Any]) -> Schedule:
    request = JobRequest(JobKind(row.kind), row.parameters, f"schedule {row.name}", window_of(row.window))
    return Schedule(row.name, request, row.cron, row.zone, row.paused, row.created, row.last_tick)
