"""Jobs: look at them, ask for them, cancel and retry them, and say what a reindex would do."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from indexer.domain.errors import JobInvalid, KnowwhoError, NotFound
from indexer.domain.jobs import Job, JobKind, JobRequest, JobState, Window, WorkerBeat
from indexer.jobs.requests import check_request, sources_of
from indexer.pipeline import plan_source
from indexer.store import people
from service.admin.desk import LISTED, NO_WORKER, Desk, Listed, conflicts, foreign_cursor, make_cursor, read_cursor

OPEN = (JobState.RUNNING, JobState.WAITING, JobState.PAUSED)
OPEN_SHOWN = 50


@dataclass(frozen=True, slots=True)
class WorkerView:
    """A worker that has not signed off; `alive` says whether it still gives signs of life."""

    beat: WorkerBeat
    alive: bool


@dataclass(frozen=True, slots=True)
class SourcePlan:
    """What a reindex would do with a source, in items; `error` says why that cannot be told."""

    source: str
    to_read: int = 0
    to_remove: int = 0
    unchanged: int = 0
    error: str | None = None


def list_jobs(
    desk: Desk, states: Collection[JobState] = (), cursor: str | None = None, limit: int | None = None
) -> Listed[Job]:
    """Jobs in these states (any where none is named), newest first. QueryInvalid for a cursor that is not ours."""
    size = limit or LISTED
    before = read_cursor(cursor) if cursor else None
    try:
        found = desk.queue.list_jobs(states or None, limit=size + 1, before=before)
    except NotFound as error:
        raise foreign_cursor(cursor or "") from error
    shown = found[:size]
    return Listed(shown, make_cursor(shown[-1].id) if len(found) > size else None)


def open_jobs(desk: Desk) -> list[Job]:
    """The jobs that have not ended, those that run first, each group in the order in which they were asked for."""
    found = reversed(desk.queue.list_jobs(OPEN, limit=OPEN_SHOWN))
    return sorted(found, key=lambda job: OPEN.index(job.state))


def show_job(desk: Desk, job_id: str) -> Job:
    """NotFound."""
    return desk.queue.get(job_id)


def start_job(
    desk: Desk, kind: JobKind, parameters: Mapping[str, Any] | None = None, window: Window | None = None
) -> Job:
    """Ask for a job. Where an equal one has not begun yet, that one is given: it does the same work, and a form may be
    sent twice. JobInvalid."""
    request = JobRequest(kind, {k: v for k, v in (parameters or {}).items() if v}, desk.asked_by, window)
    check_request(request, desk.read_settings())
    for job in desk.queue.list_jobs([JobState.WAITING]):
        if job.started is None and _is_same(job.request, request):
            return job
    return desk.queue.get(desk.queue.enqueue(request))


def cancel_job(desk: Desk, job_id: str) -> Job:
    """Cancel a job; one that runs stops within seconds. NotFound; Conflict where it has ended."""
    with conflicts():
        return desk.queue.cancel(job_id)


def retry_job(desk: Desk, job_id: str) -> Job:
    """Run a job again that failed, was cancelled or ended with an error. NotFound; Conflict for any other."""
    with conflicts():
        return desk.queue.retry(job_id)


def plan_reindex(desk: Desk, sources: Sequence[str] = (), *, full: bool = False) -> list[SourcePlan]:
    """What a reindex of these sources (all where none is named) would do; nothing is done. JobInvalid."""
    settings = desk.read_settings()
    parameters = {"sources": list(sources)} if sources else {}
    check_request(JobRequest(JobKind.REINDEX, parameters), settings)
    names = sources_of(parameters, settings)
    return [_plan(desk, name, full=full) for name in names]


def list_workers(desk: Desk) -> list[WorkerView]:
    """The workers that have not signed off, living ones first."""
    living = {beat.id for beat in desk.queue.living_workers()}
    views = [WorkerView(beat, beat.id in living) for beat in desk.queue.workers()]
    return sorted(views, key=lambda view: (not view.alive, view.beat.id))


def note_on_workers(desk: Desk) -> str | None:
    """That nobody does what is asked for, and what to do about it; None while a worker lives."""
    return None if desk.queue.living_workers() else NO_WORKER


def known_communities(desk: Desk) -> list[str]:
    """The slugs of the communities that a reindex can be confined to."""
    with desk.home.database.read() as transaction:
        return [community.slug for community in people.all_communities(transaction)]


def may_retry(job: Job) -> bool:
    return job.state.ended and (job.state is not JobState.DONE or job.error is not None)


def _is_same(one: JobRequest, other: JobRequest) -> bool:
    return (one.kind, dict(one.parameters), one.window) == (other.kind, dict(other.parameters), other.window)


def _plan(desk: Desk, name: str, *, full: bool) -> SourcePlan:
    settings = desk.read_settings()
    source = next((source for source in settings.sources if source.name == name), None)
    if source is None:
        raise JobInvalid(f"the source {name} has just left the settings: look at the sources again")
    try:
        read, gone, unchanged = plan_source(desk.home, settings, source)
    except KnowwhoError as error:
        return SourcePlan(name, error=str(error))
    return SourcePlan(name, read + unchanged, gone) if full else SourcePlan(name, read, gone, unchanged)
