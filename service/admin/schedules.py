"""Schedules: what is started again and again, and when."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

from indexer.domain.errors import Conflict, NotFound
from indexer.domain.jobs import Job, JobKind, JobRequest, Schedule, Window
from indexer.jobs import schedules
from indexer.jobs.cron import check_cron, explain_cron, ticks_after
from indexer.jobs.requests import named_sources
from indexer.jobs.schedules import ScheduleStatus
from indexer.jobs.zones import check_zone
from service.admin.desk import Desk, Listed, page_of

RUNS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class ScheduleChange:
    """What is to be different; None leaves it. `any_time` takes the window away. Parameters replace those of the same
    name, and those that are empty then are dropped; another kind starts without any."""

    cron: str | None = None
    zone: str | None = None
    kind: JobKind | None = None
    parameters: Mapping[str, Any] | None = None
    window: Window | None = None
    any_time: bool = False


@dataclass(frozen=True, slots=True)
class Preview:
    """What an expression says, in words, and its next ticks, in UTC."""

    cron: str
    zone: str
    words: str
    next_runs: tuple[datetime, ...]


def list_schedules(
    desk: Desk, cursor: str | None = None, limit: int | None = None, runs: int = 1
) -> Listed[ScheduleStatus]:
    """Schedules by name, each with so many next runs. QueryInvalid for a cursor that is not ours."""
    found = schedules.list_schedules(desk.home, desk.now(), runs)
    return page_of(found, lambda status: status.schedule.name, cursor, limit)


def coming_up(desk: Desk) -> list[ScheduleStatus]:
    """Every schedule, the one that comes next first, those that rest last."""
    found = schedules.list_schedules(desk.home, desk.now())
    return sorted(found, key=lambda status: (not status.next_runs, status.next_runs, status.schedule.name))


def show_schedule(desk: Desk, name: str) -> ScheduleStatus:
    """NotFound."""
    return schedules.find_schedule(desk.home, name, desk.now(), RUNS_SHOWN)


def preview(desk: Desk, cron: str, zone: str, count: int = RUNS_SHOWN) -> Preview:
    """What a schedule would do, before there is one. JobInvalid."""
    told = check_cron(cron)
    ticks = ticks_after(told, check_zone(zone), desk.now())
    return Preview(told, zone, explain_cron(told), tuple(islice(ticks, count)))


def add_schedule(
    desk: Desk,
    name: str,
    cron: str,
    zone: str,
    kind: JobKind,
    parameters: Mapping[str, Any] | None = None,
    window: Window | None = None,
) -> ScheduleStatus:
    """Keep a new schedule. JobInvalid; Conflict where there is one of this name."""
    if _exists(desk, name):
        raise Conflict(f"there is a schedule {name} already: take another name, or change that one")
    request = JobRequest(kind, _told(parameters or {}), window=window)
    schedules.add_schedule(desk.home, desk.read_settings(), name, request, cron, zone, desk.now())
    return show_schedule(desk, name)


def change_schedule(desk: Desk, name: str, change: ScheduleChange) -> ScheduleStatus:
    """Change what is given, and leave the rest. JobInvalid, NotFound."""
    old = show_schedule(desk, name).schedule
    request = _changed(old, change)
    cron = change.cron if change.cron != old.cron else None
    zone = change.zone if change.zone != old.zone else None
    different = None if request == old.request else request
    schedules.change_schedule(
        desk.home, desk.read_settings(), name, desk.now(), request=different, cron=cron, zone=zone
    )
    return show_schedule(desk, name)


def pause_schedule(desk: Desk, name: str) -> ScheduleStatus:
    """Start nothing until it is resumed; a job that it started goes on. NotFound."""
    schedules.pause_schedule(desk.home, name)
    return show_schedule(desk, name)


def resume_schedule(desk: Desk, name: str) -> ScheduleStatus:
    """Go on with the next tick; those of the pause are not made up for. NotFound."""
    schedules.resume_schedule(desk.home, name, desk.now())
    return show_schedule(desk, name)


def run_schedule(desk: Desk, name: str) -> Job:
    """Start its job now, outside its window, too. NotFound, JobInvalid."""
    return desk.queue.get(schedules.run_schedule(desk.home, desk.queue, name))


def remove_schedule(desk: Desk, name: str) -> None:
    """Forget it; the jobs that it started stay. NotFound."""
    schedules.remove_schedule(desk.home, name)


def concerns(request: JobRequest, source: str) -> bool:
    """Whether a job reads a source."""
    if request.kind is not JobKind.REINDEX:
        return False
    named = named_sources(request.parameters)
    return not named or source in named


def _exists(desk: Desk, name: str) -> bool:
    try:
        show_schedule(desk, name)
    except NotFound:
        return False
    return True


def _changed(old: Schedule, change: ScheduleChange) -> JobRequest:
    kind = change.kind or old.request.kind
    kept = old.request.parameters if kind is old.request.kind else {}
    window = change.window or old.request.window
    if window is not None and change.window is None and change.zone is not None:
        window = replace(window, zone=change.zone)
    parameters = _told({**kept, **(change.parameters or {})})
    return replace(old.request, kind=kind, parameters=parameters, window=None if change.any_time else window)


def _told(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if value}
