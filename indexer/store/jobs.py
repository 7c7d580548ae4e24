"""What was asked of the workers, and what became of it.

A running job belongs to one attempt of one worker (`Claim`); what an attempt writes after it lost the job changes
nothing.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, delete, func, literal, or_, select, update
from sqlalchemy.dialects.sqlite import insert

from indexer.domain.jobs import Job, JobKind, JobProgress, JobRequest, JobState, Window
from indexer.domain.progress import Progress
from indexer.store.database import Transaction
from indexer.store.tables import Moment, jobs

OPEN = (JobState.WAITING, JobState.RUNNING, JobState.PAUSED)
TO_RUN = (JobState.WAITING, JobState.RUNNING)
NOTHING_TOLD = dict.fromkeys(("phase", "done", "total", "unit", "item", "phase_started", "told"))


@dataclass(frozen=True, slots=True)
class Claim:
    """The right of one attempt of one worker to say how a job goes."""

    job: str
    worker: str
    attempt: int


def add_job(transaction: Transaction, job_id: str, request: JobRequest, now: datetime) -> bool:
    """Write down a job that waits; False where one of this id is known already, which then stays as it is."""
    statement = insert(jobs).values(
        id=job_id,
        kind=request.kind,
        parameters=dict(request.parameters),
        asked_by=request.asked_by,
        window=window_values(request.window),
        state=JobState.WAITING,
        created=now,
        attempts=0,
    )
    return transaction.execute(statement.on_conflict_do_nothing()).rowcount > 0


def find_job(transaction: Transaction, job_id: str) -> Job | None:
    row = transaction.execute(select(jobs).where(jobs.c.id == job_id)).first()
    return None if row is None else _job_of(row)


def list_jobs(
    transaction: Transaction,
    states: Collection[JobState] | None = None,
    *,
    asked_by: str | None = None,
    limit: int | None = None,
    before: Job | None = None,
) -> list[Job]:
    """Jobs in the given states and asked for by somebody (any where None), newest first; only older ones than
    `before`, for the next page."""
    statement = select(jobs).order_by(jobs.c.created.desc(), jobs.c.id.desc()).limit(limit)
    if states is not None:
        statement = statement.where(jobs.c.state.in_(states))
    if asked_by is not None:
        statement = statement.where(jobs.c.asked_by == asked_by)
    if before is not None:
        older = jobs.c.created < before.created
        statement = statement.where(or_(older, and_(jobs.c.created == before.created, jobs.c.id < before.id)))
    return [_job_of(row) for row in transaction.execute(statement)]


def claim_job(transaction: Transaction, job_id: str, worker: str, now: datetime) -> Job | None:
    """Begin a new attempt, which any earlier one loses the job to; None where the job is not to run."""
    statement = (
        update(jobs)
        .where(jobs.c.id == job_id, jobs.c.state.in_(TO_RUN))
        .values(
            state=JobState.RUNNING,
            worker=worker,
            attempts=jobs.c.attempts + 1,
            started=func.coalesce(jobs.c.started, literal(now, Moment())),
        )
        .returning(jobs)
    )
    row = transaction.execute(statement).first()
    return None if row is None else _job_of(row)


def is_held(transaction: Transaction, claim: Claim) -> bool:
    """Whether the attempt still has its job."""
    return transaction.execute(select(jobs.c.id).where(_held(claim))).first() is not None


def tell_progress(transaction: Transaction, claim: Claim, progress: Progress, now: datetime) -> bool:
    """Write down where the job stands; False where the attempt has lost it. A phase that counts from the start again
    begins anew."""
    goes_on = and_(jobs.c.phase == progress.phase, jobs.c.done <= progress.done)
    values = {
        "phase": progress.phase,
        "done": progress.done,
        "total": progress.total,
        "unit": progress.unit,
        "item": progress.item,
        "phase_started": case((goes_on, jobs.c.phase_started), else_=literal(now, Moment())),
        "told": now,
    }
    return _change(transaction, _held(claim), values)


def end_job(
    transaction: Transaction,
    claim: Claim,
    state: JobState,
    now: datetime,
    result: Mapping[str, Any] | None,
    error: str | None,
) -> bool:
    """Write down how the job ended; False where the attempt has lost it."""
    told = None if result is None else dict(result)
    return _change(transaction, _held(claim), {"state": state, "ended": now, "result": told, "error": error})


def pause_job(transaction: Transaction, claim: Claim) -> bool:
    """Let the job rest; its attempts count from none again, for a pause is no crash."""
    return _change(transaction, _held(claim), {"state": JobState.PAUSED, "worker": None, "attempts": 0})


def continue_job(transaction: Transaction, job_id: str) -> bool:
    """Let a paused job wait for a worker; False where it is not paused."""
    paused = and_(jobs.c.id == job_id, jobs.c.state == JobState.PAUSED)
    return _change(transaction, paused, {"state": JobState.WAITING})


def cancel_job(transaction: Transaction, job_id: str, now: datetime) -> bool:
    """Cancel a job that has not ended; False where it has."""
    going = and_(jobs.c.id == job_id, jobs.c.state.in_(OPEN))
    return _change(transaction, going, {"state": JobState.CANCELLED, "ended": now})


def retry_job(transaction: Transaction, job_id: str) -> bool:
    """Let an ended job wait for a worker again, as if new; its last error stays. False where it has not ended."""
    ended = and_(jobs.c.id == job_id, jobs.c.state.not_in(OPEN))
    values = {"state": JobState.WAITING, "attempts": 0, "worker": None, "started": None, "ended": None, "result": None}
    return _change(transaction, ended, {**values, **NOTHING_TOLD})


def release_jobs(transaction: Transaction, worker: str, reason: str | None) -> list[str]:
    """Take the running jobs of a worker away from it, so that they wait for another; gives their ids. The reason is
    their last error; None where the worker gives them up on purpose, and then the attempt does not count."""
    statement = update(jobs).where(jobs.c.worker == worker, jobs.c.state == JobState.RUNNING)
    counted = {"attempts": jobs.c.attempts - 1} if reason is None else {"error": reason}
    released = statement.values(state=JobState.WAITING, worker=None, **counted).returning(jobs.c.id)
    return list(transaction.execute(released).scalars())


def forget_jobs(transaction: Transaction, ended_before: datetime) -> list[str]:
    """Remove jobs that ended before the moment; gives their ids."""
    statement = delete(jobs).where(jobs.c.state.not_in(OPEN), jobs.c.ended < ended_before)
    return list(transaction.execute(statement.returning(jobs.c.id)).scalars())


def window_values(window: Window | None) -> dict[str, str] | None:
    """A window in plain values, as the tables keep it."""
    if window is None:
        return None
    return {"begin": f"{window.begin:%H:%M:%S}", "end": f"{window.end:%H:%M:%S}", "zone": window.zone}


def window_of(values: Mapping[str, str] | None) -> Window | None:
    """The window that `window_values` wrote."""
    if values is None:
        return None
    return Window(time.fromisoformat(values["begin"]), time.fromisoformat(values["end"]), values["zone"])


def _held(claim: Claim) -> ColumnElement[bool]:
    return and_(
        jobs.c.id == claim.job,
        jobs.c.state == JobState.RUNNING,
        jobs.c.worker == claim.worker,
        jobs.c.attempts == claim.attempt,
    )


def _change(transaction: Transaction, which: ColumnElement[bool], values: Mapping[str, Any]) -> bool:
    return transaction.execute(update(jobs).where(which).values(**values)).rowcount > 0


def _job_of(row: Row[Any]) -> Job:
    return Job(
        id=row.id,
        request=JobRequest(JobKind(row.kind), row.parameters, row.asked_by, window_of(row.window)),
        state=JobState(row.state),
        created=row.created,
        started=row.started,
        ended=row.ended,
        worker=row.worker,
        attempts=row.attempts,
        progress=_progress_of(row),
        result=row.result,
        error=row.error,
    )


def _progress_of(row: Any) -> JobProgress | None:
    if row.phase is None:
        return None
    return JobProgress(row.phase, row.done, row.total, row.unit, row.item, row.phase_started, row.told)
