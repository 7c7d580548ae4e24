"""Schedules: when which job is started again and again, and whether that happens.

A tick is dealt with in two writes: the job gets an id made of the schedule and the tick, then the schedule's
`last_tick` moves on. So any number of schedulers may run, and each may die at any point: a tick starts one job.
"""

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Protocol

from indexer.domain.accounts import AuditAction
from indexer.domain.errors import JobInvalid, NotFound, SettingsInvalid
from indexer.domain.jobs import Job, JobRequest, JobState, Schedule
from indexer.home import Home
from indexer.jobs.cron import check_cron, explain_cron, newest_tick, ticks_after
from indexer.jobs.requests import check_request, deed_of
from indexer.jobs.windows import is_open, next_opening
from indexer.jobs.zones import check_zone, zone_of
from indexer.settings import SLUG, Settings
from indexer.store import Transaction, jobs, schedules, workers

LONGEST_NAME = 60
GRACE = timedelta(minutes=10)  # how late a job may start before somebody should look
SILENCE = timedelta(minutes=1)  # after so long without a sign of life, nobody counts on a worker
JOBS_LOOKED_AT = 20

log = logging.getLogger(__name__)


class Enqueues(Protocol):
    """What takes jobs, like indexer.jobs.queue.JobQueue: asking again with the same id changes nothing."""

    def enqueue(self, request: JobRequest, *, id: str | None = None) -> str: ...


@dataclass(frozen=True, slots=True)
class ScheduleStatus:
    """A schedule as a person looks at it: its expression in words, its next ticks (none while paused), the job it
    started last, and what is wrong, in a sentence."""

    schedule: Schedule
    words: str
    next_runs: tuple[datetime, ...]
    last_job: Job | None
    problem: str | None


def next_runs(schedule: Schedule, now: datetime, count: int) -> list[datetime]:
    """The next ticks after `now`, in UTC, whether the schedule is paused or not. JobInvalid."""
    return list(islice(ticks_after(schedule.cron, schedule.zone, now), count))


def due(schedule: Schedule, now: datetime) -> datetime | None:
    """The newest tick in (last_tick, now], in UTC: a night of downtime gives one run. JobInvalid."""
    return newest_tick(schedule.cron, schedule.zone, schedule.last_tick, now)


def overdue(schedule: Schedule, started: Iterable[Job], now: datetime, grace: timedelta = GRACE) -> str | None:
    """What keeps the schedule from doing its work, in a sentence: a tick that led to no job, a job that has not begun
    `grace` after it could have, or a last job that failed. None where all is well and while it is paused.

    `started` are jobs, of which those count that this schedule asked for.
    """
    if schedule.paused:
        return None
    own = [job for job in started if job.request.asked_by == schedule.request.asked_by]
    try:
        return _missed(schedule, now, grace) or _stuck(schedule, own, now, grace) or _failed(schedule, own)
    except JobInvalid as error:
        return f"schedule {schedule.name} cannot start its job: {error}"


def fire(home: Home, queue: Enqueues, now: datetime) -> list[str]:
    """Start the job of every schedule that is due; gives the ids of the jobs that this call started.

    A tick is passed over, with its schedule moved on, while an equal job of the same schedule has not begun yet: that
    one will do the work. A schedule whose own fault stops it (a source that is gone, say) leaves the others alone.
    """
    with home.database.read() as transaction:
        active = [schedule for schedule in schedules.list_schedules(transaction) if not schedule.paused]
    fired = (_fire(home, queue, schedule, now) for schedule in active)
    return [job for job in fired if job is not None]


def job_id(schedule: Schedule, tick: datetime) -> str:
    """The id of the job that a tick starts, the same for every scheduler."""
    return f"schedule-{schedule.name}-{tick.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def add_schedule(
    home: Home, settings: Settings, name: str, request: JobRequest, cron: str, zone: str, now: datetime
) -> Schedule:
    """Keep a new schedule; its first tick is the first after `now`. JobInvalid."""
    if not re.fullmatch(SLUG, name) or len(name) > LONGEST_NAME:
        raise JobInvalid(
            f"{name or '(empty)'} cannot be the name of a schedule: "
            f"use at most {LONGEST_NAME} small letters, digits, - and _, like nightly"
        )
    asked = replace(check_request(request, settings), asked_by=f"schedule {name}")
    made = Schedule(name, asked, check_cron(cron), check_zone(zone), paused=False, created=now, last_tick=now)
    with home.database.begin() as transaction:
        if not schedules.add_schedule(transaction, made):
            raise JobInvalid(
                f"there is a schedule {name} already: take another name, or use `knowwho schedule change {name}`"
            )
        _tell(home, transaction, "added", made)
    return made


def change_schedule(
    home: Home,
    settings: Settings,
    name: str,
    now: datetime,
    *,
    request: JobRequest | None = None,
    cron: str | None = None,
    zone: str | None = None,
) -> Schedule:
    """Change what is given. With another expression or zone, the next tick is the first after `now`. JobInvalid,
    NotFound."""
    times = None if cron is None else check_cron(cron), None if zone is None else check_zone(zone)
    with home.database.begin() as transaction:
        if cron is not None or zone is not None:
            schedules.change_times(transaction, name, *times, now)
        if request is not None:
            schedules.change_request(transaction, name, check_request(request, settings))
        return _tell(home, transaction, "changed", _found(transaction, name))


def pause_schedule(home: Home, name: str) -> Schedule:
    """Start nothing until it is resumed; a job that it started goes on. NotFound."""
    with home.database.begin() as transaction:
        schedules.pause_schedule(transaction, name)
        return _tell(home, transaction, "paused", _found(transaction, name))


def resume_schedule(home: Home, name: str, now: datetime) -> Schedule:
    """Go on with the first tick after `now`: those of the pause are not made up for. NotFound."""
    with home.database.begin() as transaction:
        schedules.resume_schedule(transaction, name, now)
        return _tell(home, transaction, "resumed", _found(transaction, name))


def remove_schedule(home: Home, name: str) -> None:
    """Forget the schedule; the jobs it started stay. NotFound."""
    with home.database.begin() as transaction:
        if not schedules.remove_schedule(transaction, name):
            raise _unknown(name)
        home.tell(transaction, AuditAction.SCHEDULE_CHANGED, name, {"change": "removed"})


def run_schedule(home: Home, queue: Enqueues, name: str) -> str:
    """Start the schedule's job now, outside its window, too, and while it is paused; gives the job's id. Its ticks
    stay as they are. NotFound, JobInvalid."""
    with home.database.read() as transaction:
        request = _found(transaction, name).request
    return queue.enqueue(replace(request, window=None))


def list_schedules(home: Home, now: datetime, runs: int = 1) -> list[ScheduleStatus]:
    """Every schedule by name, each with so many next runs."""
    with home.database.read() as transaction:
        return [_status(transaction, schedule, now, runs) for schedule in schedules.list_schedules(transaction)]


def find_schedule(home: Home, name: str, now: datetime, runs: int = 5) -> ScheduleStatus:
    """One schedule with so many next runs. NotFound."""
    with home.database.read() as transaction:
        return _status(transaction, _found(transaction, name), now, runs)


def schedule_health(home: Home, now: datetime, silence: timedelta = SILENCE) -> list[str]:
    """What is wrong with the schedules, in sentences that say nothing of what was indexed: those that are overdue,
    and that no worker gave a sign of life within `silence` though there is a schedule that is not paused."""
    with home.database.read() as transaction:
        active = [schedule for schedule in schedules.list_schedules(transaction) if not schedule.paused]
        told = [overdue(schedule, _jobs_of(transaction, schedule), now) for schedule in active]
        alive = any(now - worker.beat < silence for worker in workers.list_workers(transaction))
    problems = [problem for problem in told if problem]
    if active and not alive:
        problems.append("no worker is running, so no schedule starts its job: run `knowwho worker`")
    return problems


def _fire(home: Home, queue: Enqueues, schedule: Schedule, now: datetime) -> str | None:
    try:
        tick = due(schedule, now)
        if tick is None:
            return None
        job = job_id(schedule, tick)
        covered = _waits_for(home, schedule, other_than=job)
        if not covered:
            # Enqueue first: after a crash before the next write, the tick is due again and finds its job by the id.
            queue.enqueue(schedule.request, id=job)
    except (JobInvalid, NotFound, SettingsInvalid) as error:
        _tell_refusal(schedule.name, str(error))
        return None
    with home.database.begin() as transaction:
        first = schedules.advance_tick(transaction, schedule.name, tick)
    return job if first and not covered else None


def _waits_for(home: Home, schedule: Schedule, other_than: str) -> bool:
    """Whether a job that the schedule asked for earlier, and would ask for again, is still to begin or to go on."""
    with home.database.read() as transaction:
        own = _jobs_of(transaction, schedule)
    return any(_to_come(job) and job.request == schedule.request and job.id != other_than for job in own)


def _to_come(job: Job) -> bool:
    rests = job.state is JobState.PAUSED and job.request.window is not None
    return rests or (job.state is JobState.WAITING and job.started is None)


@lru_cache(maxsize=256)  # a scheduler comes by every few seconds: once a schedule and reason is enough
def _tell_refusal(name: str, reason: str) -> None:
    log.warning("schedule %s cannot start its job: %s", name, reason, extra={"action": "schedule_refused"})


def _missed(schedule: Schedule, now: datetime, grace: timedelta) -> str | None:
    if schedule.last_tick > now + grace:
        return (
            f"schedule {schedule.name} rests until {_told(schedule, schedule.last_tick)}, because a clock was wrong: "
            f"pause and resume it (`knowwho schedule pause {schedule.name}`)"
        )
    tick = next(ticks_after(schedule.cron, schedule.zone, schedule.last_tick), None)
    if tick is None or tick + grace >= now:
        return None
    return (
        f"schedule {schedule.name} was due on {_told(schedule, tick)}, and its job has not been started: "
        "look whether a worker runs (`knowwho worker`), and at its log"
    )


def _stuck(schedule: Schedule, own: Iterable[Job], now: datetime, grace: timedelta) -> str | None:
    late = [job for job in own if _to_come(job) and _is_late(job, now, grace)]
    if not late:
        return None
    oldest = min(late, key=lambda job: job.created)
    return (
        f"schedule {schedule.name}: its job {oldest.id} of {_told(schedule, oldest.created)} is still {oldest.state}: "
        "look what runs before it (`knowwho jobs list`)"
    )


def _is_late(job: Job, now: datetime, grace: timedelta) -> bool:
    window = job.request.window
    if window is None:
        return job.created + grace < now
    if job.state is JobState.WAITING:
        return next_opening(window, job.created) + grace < now
    return is_open(window, now) and is_open(window, now - grace)


def _failed(schedule: Schedule, own: Iterable[Job]) -> str | None:
    ended = [job for job in own if job.state in (JobState.DONE, JobState.FAILED)]
    last = max(ended, key=lambda job: job.ended or job.created, default=None)
    if last is None or last.state is JobState.DONE:
        return None
    return (
        f"schedule {schedule.name}: its last job {last.id} failed on {_told(schedule, last.ended or last.created)}: "
        f"`knowwho jobs show {last.id}` says why, `knowwho schedule run {schedule.name}` tries again"
    )


def _told(schedule: Schedule, moment: datetime) -> str:
    return f"{moment.astimezone(zone_of(schedule.zone)):%d %B %Y at %H:%M %Z}"


def _status(transaction: Transaction, schedule: Schedule, now: datetime, runs: int) -> ScheduleStatus:
    own = _jobs_of(transaction, schedule)
    problem = overdue(schedule, own, now)
    try:
        words = explain_cron(schedule.cron)
        to_come = () if schedule.paused else tuple(next_runs(schedule, now, runs))
    except JobInvalid:
        words, to_come = schedule.cron, ()
    return ScheduleStatus(schedule, words, to_come, own[0] if own else None, problem)


def _jobs_of(transaction: Transaction, schedule: Schedule) -> list[Job]:
    """The latest jobs of the schedule, newest first, without those of an earlier one of the same name."""
    asked_by = schedule.request.asked_by
    latest = jobs.list_jobs(transaction, asked_by=asked_by, limit=JOBS_LOOKED_AT)
    return [job for job in latest if job.created >= schedule.created]


def _tell(home: Home, transaction: Transaction, change: str, schedule: Schedule) -> Schedule:
    """The same schedule; the audit trail says what it is now."""
    told = {"change": change, "cron": schedule.cron, "zone": schedule.zone, **deed_of(schedule.request)}
    home.tell(transaction, AuditAction.SCHEDULE_CHANGED, schedule.name, told)
    return schedule


def _found(transaction: Transaction, name: str) -> Schedule:
    found = schedules.find_schedule(transaction, name)
    if found is None:
        raise _unknown(name)
    return found


def _unknown(name: str) -> NotFound:
    return NotFound(f"there is no schedule {name}; `knowwho schedule list` names them")
