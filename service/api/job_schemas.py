"""The shapes of jobs: what is asked for, how far it is, what it came to."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from indexer.domain.jobs import Job, JobKind, JobProgress, JobState, Window
from indexer.jobs.windows import parse_window
from service.admin.jobs import SourcePlan, WorkerView
from service.api.shape import Shape

LONGEST_NAME = 200
LONGEST_URI = 4000
MOST_NAMED = 1000
ABOUT_NOTE = "That no worker is running, and what to do; null while one is"

Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]


class WindowShape(Shape):
    """The hours in which a job may run; an end before the beginning means over midnight."""

    begin: str = Field(max_length=5, examples=["22:00"])
    end: str = Field(max_length=5, examples=["06:00"])
    zone: str = Field(default="UTC", max_length=LONGEST_NAME, examples=["Europe/Berlin"])


class ItemRef(Shape):
    source: Name
    uri: str = Field(min_length=1, max_length=LONGEST_URI)


class ReindexChoice(Shape):
    """What a reindex looks at; everything where nothing is named."""

    sources: list[Name] = Field(default=[], max_length=MOST_NAMED, description="Names of sources; all where empty")
    full: bool = Field(default=False, description="Read every item again, changed or not")


class JobIn(ReindexChoice):
    """A job to be done. `sources`, `community`, `items` and `full` are for a reindex only."""

    kind: JobKind
    community: Name | None = Field(default=None, description="Slug: only items whose documents belong to it")
    items: list[ItemRef] = Field(default=[], max_length=MOST_NAMED, description="Only these items")
    window: WindowShape | None = None

    def parameters(self) -> dict[str, Any]:
        items = [[item.source, item.uri] for item in self.items]
        return {"sources": self.sources, "community": self.community, "items": items, "full": self.full}


class ProgressOut(Shape):
    phase: str
    done: int
    total: int | None = Field(description="null while it is unknown")
    unit: str
    item: str | None = Field(description="What is in hand")
    rate: float | None = Field(description="Units a second in this phase")
    seconds_left: float | None = Field(description="Of this phase")
    told: datetime = Field(description="When the worker said so")


class JobOut(Shape):
    """`error` is the last one, also of a job that went on after it; `result` depends on the kind."""

    id: str
    kind: JobKind
    parameters: dict[str, Any]
    window: WindowShape | None
    asked_by: str
    state: JobState
    created: datetime
    started: datetime | None
    ended: datetime | None
    worker: str | None
    attempts: int
    progress: ProgressOut | None
    result: dict[str, Any] | None
    error: str | None


class AcceptedJob(Shape):
    """A job that a worker will do."""

    job: JobOut
    note: str | None = Field(description=ABOUT_NOTE)


class WorkerOut(Shape):
    id: str
    host: str
    pid: int
    started: datetime
    last_sign_of_life: datetime
    alive: bool


class JobsOut(Shape):
    jobs: list[JobOut]
    workers: list[WorkerOut]
    note: str | None = Field(description=ABOUT_NOTE)
    next: str | None = Field(description="The cursor of the next page")


class SourcePlanOut(Shape):
    """What a reindex would do with a source, in items."""

    source: str
    to_read: int
    to_remove: int
    unchanged: int
    error: str | None = Field(description="Why that cannot be told")


class PlanOut(Shape):
    sources: list[SourcePlanOut]


def window_of(shape: WindowShape | None) -> Window | None:
    """JobInvalid for hours that are none."""
    return None if shape is None else parse_window(f"{shape.begin}-{shape.end}", shape.zone)


def window_shape(window: Window | None) -> WindowShape | None:
    if window is None:
        return None
    return WindowShape(begin=f"{window.begin:%H:%M}", end=f"{window.end:%H:%M}", zone=window.zone)


def accepted(job: Job, note: str | None) -> AcceptedJob:
    return AcceptedJob(job=job_out(job), note=note)


def job_out(job: Job) -> JobOut:
    return JobOut(
        id=job.id,
        kind=job.request.kind,
        parameters=dict(job.request.parameters),
        window=window_shape(job.request.window),
        asked_by=job.request.asked_by,
        state=job.state,
        created=job.created,
        started=job.started,
        ended=job.ended,
        worker=job.worker,
        attempts=job.attempts,
        progress=_progress_out(job.progress) if job.progress else None,
        result=dict(job.result) if job.result is not None else None,
        error=job.error,
    )


def worker_out(view: WorkerView) -> WorkerOut:
    beat = view.beat
    return WorkerOut(
        id=beat.id, host=beat.host, pid=beat.pid, started=beat.started, last_sign_of_life=beat.beat, alive=view.alive
    )


def plan_out(plan: SourcePlan) -> SourcePlanOut:
    return SourcePlanOut(
        source=plan.source,
        to_read=plan.to_read,
        to_remove=plan.to_remove,
        unchanged=plan.unchanged,
        error=plan.error,
    )


def _progress_out(progress: JobProgress) -> ProgressOut:
    return ProgressOut(
        phase=progress.phase,
        done=progress.done,
        total=progress.total,
        unit=progress.unit,
        item=progress.item,
        rate=progress.rate,
        seconds_left=progress.seconds_left,
        told=progress.at,
    )
