"""knowwho schedule: what is started again and again, and when."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.table import Table

from indexer.cli.base import AsJson, OfSource, console, errors, open_home, print_json, settings_of
from indexer.cli.requests import KIND_NAMES, Full, OfCommunity, request_of
from indexer.domain.jobs import JobRequest, Schedule
from indexer.home import Home
from indexer.jobs import schedules
from indexer.jobs.schedules import ScheduleStatus
from indexer.jobs.windows import tell_window

ANY_TIME = "any"
RUNS_SHOWN = 5
NAMES = {kind: name for name, kind in KIND_NAMES.items()}

schedule_app = typer.Typer(help="Start jobs again and again: add, look at, pause, run.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The name of the schedule.")]
Cron = Annotated[
    str, typer.Option("--cron", help="When: minute, hour, day of the month, month, weekday, like '0 1 * * *'.")
]
Zone = Annotated[str, typer.Option("--zone", help="The time zone of --cron and --window, like Europe/Berlin.")]
Kind = Annotated[str, typer.Option("--kind", help=f"What to do: {', '.join(KIND_NAMES)}.")]
Hours = Annotated[str | None, typer.Option("--window", help="Run only in these hours, like 22:00-06:00.")]
OtherCron = Annotated[str | None, typer.Option("--cron", help="When, from now on.")]
OtherZone = Annotated[str | None, typer.Option("--zone", help="The time zone of --cron and --window.")]
OtherKind = Annotated[str | None, typer.Option("--kind", help="Do this instead.")]
OtherHours = Annotated[
    str | None, typer.Option("--window", help=f"Run only in these hours; `{ANY_TIME}` allows all of them.")
]


@schedule_app.command()
def add(
    context: typer.Context,
    name: Name,
    cron: Cron,
    zone: Zone = "UTC",
    kind: Kind = "reindex",
    source: OfSource = None,
    community: OfCommunity = None,
    full: Full = False,
    window: Hours = None,
    as_json: AsJson = False,
) -> None:
    """Start a job whenever the clock in the zone fits the expression. Workers (`knowwho worker`) see to it."""
    request = request_of(
        kind, sources=source, community=community, full=full, window=f"{window} {zone}" if window else None
    )
    now = datetime.now(UTC)
    with _home(context) as home:
        schedules.add_schedule(home, settings_of(context), name, request, cron, zone, now)
        _show(schedules.find_schedule(home, name, now, RUNS_SHOWN), as_json)


@schedule_app.command()
def change(
    context: typer.Context,
    name: Name,
    cron: OtherCron = None,
    zone: OtherZone = None,
    kind: OtherKind = None,
    source: OfSource = None,
    community: OfCommunity = None,
    full: Full = False,
    window: OtherHours = None,
    as_json: AsJson = False,
) -> None:
    """Change what is given, and leave the rest. With another --cron or --zone, ticks count from now on."""
    now = datetime.now(UTC)
    with _home(context) as home:
        old = schedules.find_schedule(home, name, now).schedule
        asked = request_of(
            kind or NAMES[old.request.kind],
            sources=source,
            community=community,
            full=full,
            window=f"{window} {zone or old.zone}" if window and window != ANY_TIME else None,
        )
        request = _merged(old.request, asked, zone, any_time=window == ANY_TIME)
        schedules.change_schedule(home, settings_of(context), name, now, request=request, cron=cron, zone=zone)
        _show(schedules.find_schedule(home, name, now, RUNS_SHOWN), as_json)


@schedule_app.command("list")
def list_all(context: typer.Context, as_json: AsJson = False) -> None:
    """The schedules there are, with the next run of each and what is wrong."""
    with _home(context) as home:
        found = schedules.list_schedules(home, datetime.now(UTC))
    if as_json:
        print_json([_values(status) for status in found])
        return
    if not found:
        console.print("There is no schedule yet: `knowwho schedule add` makes one.")
        return
    table = Table("Schedule", "What", "When", "Next run", "Last job", box=None)
    for status in found:
        told = status.schedule
        following = _when(status.next_runs[0], told) if status.next_runs else "paused" if told.paused else "never"
        last = f"{status.last_job.state}" if status.last_job else ""
        table.add_row(told.name, _what(told.request), f"{status.words} ({told.zone})", following, last)
    console.print(table)
    _print_problems(found)


@schedule_app.command()
def show(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """One schedule in words, with its next runs."""
    with _home(context) as home:
        _show(schedules.find_schedule(home, name, datetime.now(UTC), RUNS_SHOWN), as_json)


@schedule_app.command()
def pause(context: typer.Context, name: Name) -> None:
    """Start nothing until it is resumed. A job that it started goes on."""
    with _home(context) as home:
        schedules.pause_schedule(home, name)
    console.print(f"Schedule {name} is paused; `knowwho schedule resume {name}` lets it go on.")


@schedule_app.command()
def resume(context: typer.Context, name: Name) -> None:
    """Go on with the next tick; those of the pause are not made up for."""
    now = datetime.now(UTC)
    with _home(context) as home:
        schedules.resume_schedule(home, name, now)
        _show(schedules.find_schedule(home, name, now, RUNS_SHOWN), as_json=False)


@schedule_app.command()
def run(context: typer.Context, name: Name) -> None:
    """Start its job now, outside its window, too."""
    # The job engine takes a third of a second that other commands need not pay.
    from indexer.jobs.queue import JobQueue  # noqa: PLC0415

    with _home(context) as home:
        queue = JobQueue(home, settings_of(context))
        try:
            job = schedules.run_schedule(home, queue, name)
            if not queue.living_workers():
                errors.print("[yellow]note:[/] no worker is running, so the job waits: start one with `knowwho worker`")
        finally:
            queue.close()
    console.print(f"Job {job} is waiting; `knowwho jobs watch {job}` follows it.")


@schedule_app.command()
def remove(context: typer.Context, name: Name) -> None:
    """Forget the schedule; the jobs that it started stay."""
    with _home(context) as home:
        schedules.remove_schedule(home, name)
    console.print(f"Schedule {name} is removed.")


@contextmanager
def _home(context: typer.Context) -> Iterator[Home]:
    home = open_home(settings_of(context))
    try:
        yield home
    finally:
        home.close()


def _merged(old: JobRequest, asked: JobRequest, zone: str | None, *, any_time: bool) -> JobRequest | None:
    """What a schedule is to do after a change; None where that is what it did before."""
    kept = old.parameters if asked.kind is old.kind else {}
    window = asked.window or (old.window and replace(old.window, zone=zone or old.window.zone))
    parameters = {**kept, **asked.parameters}
    made = replace(old, kind=asked.kind, parameters=parameters, window=None if any_time else window)
    return None if made == old else made


def _show(status: ScheduleStatus, as_json: bool) -> None:
    if as_json:
        print_json(_values(status))
        return
    told = status.schedule
    console.print(f"{told.name}: {_what(told.request)}", markup=False)
    console.print(f"{status.words}, {told.zone} ({told.cron})", markup=False)
    if told.paused:
        console.print(f"Paused; `knowwho schedule resume {told.name}` lets it go on.")
    for number, moment in enumerate(status.next_runs):
        console.print(f"{'next runs' if number == 0 else '':<10} {_when(moment, told)}")
    if status.last_job:
        last = status.last_job
        console.print(f"last job   {last.id}, {last.state}" + (f": {last.error}" if last.error else ""), markup=False)
    _print_problems([status])


def _print_problems(found: list[ScheduleStatus]) -> None:
    for status in found:
        if status.problem:
            errors.print("[red]wrong:[/] ", end="")
            errors.print(status.problem, markup=False)


def _values(status: ScheduleStatus) -> dict[str, Any]:
    told = status.schedule
    return {
        "name": told.name,
        "kind": told.request.kind,
        "parameters": dict(told.request.parameters),
        "window": tell_window(told.request.window) if told.request.window else None,
        "cron": told.cron,
        "zone": told.zone,
        "words": status.words,
        "paused": told.paused,
        "next_runs": [moment.isoformat() for moment in status.next_runs],
        "last_tick": told.last_tick.isoformat(),
        "last_job": {"id": status.last_job.id, "state": status.last_job.state} if status.last_job else None,
        "problem": status.problem,
    }


def _what(request: JobRequest) -> str:
    parameters = request.parameters
    told = [str(request.kind), ", ".join(parameters.get("sources", ()))]
    told += [f"community {parameters['community']}" if "community" in parameters else ""]
    told += ["in full" if parameters.get("full") else ""]
    told += [f"between {tell_window(request.window)}" if request.window else ""]
    return " ".join(part for part in told if part)


def _when(moment: datetime, schedule: Schedule) -> str:
    return f"{moment.astimezone(ZoneInfo(schedule.zone)):%Y-%m-%d %H:%M %Z}"
