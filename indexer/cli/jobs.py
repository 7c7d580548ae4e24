"""knowwho jobs: ask for jobs, look at them, cancel and retry them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from indexer.cli.bars import Bars
from indexer.cli.base import AsJson, OfSource, choose_sources, console, errors, open_home, print_json, settings_of
from indexer.cli.index import INCOMPLETE, show_plan
from indexer.cli.requests import Full, InWindow, OfCommunity, OfItem, OfKind, request_of
from indexer.domain.errors import JobInvalid
from indexer.domain.jobs import Job, JobKind, JobState
from indexer.domain.progress import Progress
from indexer.jobs.requests import check_request, sources_of
from indexer.jobs.results import plain
from indexer.jobs.windows import tell_window

if TYPE_CHECKING:
    from indexer.jobs.queue import JobQueue

LOOK_SECONDS = 0.5

jobs_app = typer.Typer(help="Ask for jobs, look at them, cancel and retry them.", no_args_is_help=True)

JobId = Annotated[str, typer.Argument(metavar="JOB", help="The id of a job, from `knowwho jobs list`.")]


@jobs_app.command("list")
def list_all(
    context: typer.Context,
    state: Annotated[list[JobState] | None, typer.Option("--state", help="Only in this state; repeatable.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """The jobs there are, newest first."""
    with _queue(context) as queue:
        found = queue.list_jobs(state, limit=limit)
    if as_json:
        print_json([job_values(job) for job in found])
        return
    table = Table("Job", "Kind", "State", "Asked for", "By", "Where it stands", box=None)
    for job in found:
        asked = f"{job.created:%Y-%m-%d %H:%M} UTC"
        table.add_row(job.id, job.request.kind, job.state, asked, job.request.asked_by, _standing(job))
    console.print(table if found else "No job was asked for yet: `knowwho jobs run reindex` asks for one.")


@jobs_app.command()
def show(context: typer.Context, job_id: JobId, as_json: AsJson = False) -> None:
    """All that is known of one job."""
    with _queue(context) as queue:
        job = queue.get(job_id)
    if as_json:
        print_json(job_values(job))
        return
    for name, value in job_values(job).items():
        if value not in (None, {}):
            console.print(f"{name.replace('_', ' ')}: {value}", markup=False)


@jobs_app.command()
def run(
    context: typer.Context,
    kind: OfKind,
    source: OfSource = None,
    community: OfCommunity = None,
    item: OfItem = None,
    full: Full = False,
    window: InWindow = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what a reindex would do, and ask for nothing.")
    ] = False,
    follow: Annotated[bool, typer.Option("--watch", help="Stay until the job has ended, like `jobs watch`.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask for a job. A worker (`knowwho worker`) does it."""
    settings = settings_of(context)
    request = request_of(kind, sources=source, community=community, items=item, full=full, window=window)
    check_request(request, settings)
    if dry_run:
        if request.kind is not JobKind.REINDEX:
            raise JobInvalid(f"only a reindex can say beforehand what it would do, not a job to {request.kind}")
        chosen = choose_sources(settings, sources_of(request.parameters, settings))
        show_plan(open_home(settings), settings, chosen, as_json)
        return
    with _queue(context) as queue:
        job = queue.get(queue.enqueue(request))
        if not queue.living_workers():
            errors.print("[yellow]note:[/] no worker is running, so the job waits: start one with `knowwho worker`")
        if follow:
            _follow(queue, job.id, as_json)
            return
    if as_json:
        print_json(job_values(job))
    else:
        console.print(f"Job {job.id} is {job.state}; `knowwho jobs watch {job.id}` follows it.")


@jobs_app.command()
def cancel(context: typer.Context, job_id: JobId) -> None:
    """Cancel a job; one that runs stops within seconds."""
    with _queue(context) as queue:
        queue.cancel(job_id)
    console.print(f"Job {job_id} is cancelled.")


@jobs_app.command()
def retry(context: typer.Context, job_id: JobId) -> None:
    """Run a job again that failed or was cancelled."""
    with _queue(context) as queue:
        queue.retry(job_id)
    console.print(f"Job {job_id} waits for a worker.")


@jobs_app.command()
def watch(context: typer.Context, job_id: JobId, as_json: AsJson = False) -> None:
    """Follow a job until it has ended.

    Exit codes: 0 done, 1 failed or cancelled, 3 done but not all of it.
    """
    with _queue(context) as queue:
        _follow(queue, job_id, as_json)


def job_values(job: Job) -> dict[str, Any]:
    """A job in plain values, as scripts get it."""
    progress = job.progress
    told = plain(progress) | {"rate": progress.rate, "seconds_left": progress.seconds_left} if progress else None
    return {
        "id": job.id,
        "kind": job.request.kind.value,
        "parameters": dict(job.request.parameters),
        "asked_by": job.request.asked_by,
        "window": tell_window(job.request.window) if job.request.window else None,
        "state": job.state.value,
        "created": plain(job.created),
        "started": plain(job.started),
        "ended": plain(job.ended),
        "worker": job.worker,
        "attempts": job.attempts,
        "progress": told,
        "result": job.result,
        "error": job.error,
    }


@contextmanager
def _queue(context: typer.Context) -> "Iterator[JobQueue]":
    # The job engine takes a third of a second that other commands need not pay.
    from indexer.jobs.queue import JobQueue  # noqa: PLC0415

    settings = settings_of(context)
    home = open_home(settings)
    queue = JobQueue(home, settings)
    try:
        yield queue
    finally:
        queue.close()
        home.close()


def _follow(queue: "JobQueue", job_id: str, as_json: bool) -> None:
    with Bars(quiet=as_json) as bars:
        while not (job := queue.get(job_id)).state.ended:
            if job.progress is not None:
                told = job.progress
                bars.show(Progress(told.phase, told.done, told.total, told.unit, told.item))
            time.sleep(LOOK_SECONDS)
    if as_json:
        print_json(job_values(job))
    else:
        console.print(f"Job {job.id} is {job.state}." + (f" {job.error}" if job.error else ""), markup=False)
    if job.state is not JobState.DONE:
        raise typer.Exit(1)
    if job.error:
        raise typer.Exit(INCOMPLETE)


def _standing(job: Job) -> str:
    progress = job.progress
    if job.state.ended or progress is None:
        return job.error or ""
    total = "" if progress.total is None else f" of {progress.total}"
    left = "" if progress.seconds_left is None else f", {progress.seconds_left:.0f} s left"
    silent = (datetime.now(UTC) - progress.at).total_seconds()
    told = f"{progress.phase}: {progress.done}{total} {progress.unit}{left}"
    return f"{told} (told {silent:.0f} s ago)" if silent > 60 else told
