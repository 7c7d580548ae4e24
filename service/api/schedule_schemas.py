"""The shapes of schedules."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from indexer.domain.jobs import JobKind
from indexer.jobs.schedules import ScheduleStatus
from service.admin.schedules import Preview, ScheduleChange
from service.api.job_schemas import (
    ABOUT_NOTE,
    MOST_NAMED,
    JobOut,
    Name,
    ReindexChoice,
    WindowShape,
    job_out,
    window_of,
    window_shape,
)
from service.api.shape import Shape

LONGEST_CRON = 200
OF_REINDEX = ("sources", "community", "full")

Cron = Annotated[
    str, Field(max_length=LONGEST_CRON, description="Minute, hour, day of the month, month, weekday, like 0 1 * * *")
]
Zone = Annotated[str, Field(max_length=LONGEST_CRON, description="The time zone of the expression, like Europe/Berlin")]


class ScheduleIn(ReindexChoice):
    """A new schedule. `sources`, `community` and `full` are for a reindex only."""

    name: str = Field(max_length=LONGEST_CRON, description="Small letters, digits, - and _")
    cron: Cron
    zone: Zone = "UTC"
    kind: JobKind = JobKind.REINDEX
    community: Name | None = None
    window: WindowShape | None = Field(default=None, description="Run only in these hours")

    def parameters(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in OF_REINDEX}


class ScheduleChangeIn(Shape):
    """What is to be different; what is left out stays. `window` null lets it run at any time. Another `kind` starts
    without the parameters of the old one."""

    cron: Cron | None = None
    zone: Zone | None = None
    kind: JobKind | None = None
    sources: list[Name] | None = Field(default=None, max_length=MOST_NAMED)
    community: Name | None = None
    full: bool | None = None
    window: WindowShape | None = None

    def change(self) -> ScheduleChange:
        """JobInvalid for hours that are none."""
        told = self.model_fields_set
        return ScheduleChange(
            self.cron,
            self.zone,
            self.kind,
            {name: getattr(self, name) for name in OF_REINDEX if name in told},
            window_of(self.window),
            any_time="window" in told and self.window is None,
        )


class ScheduleOut(Shape):
    """A schedule, in words too, with its next ticks (none while it is paused)."""

    name: str
    cron: str
    zone: str
    words: str
    kind: JobKind
    parameters: dict[str, Any]
    window: WindowShape | None
    paused: bool
    next_runs: list[datetime]
    last_tick: datetime
    last_job: JobOut | None
    problem: str | None = Field(description="What keeps it from doing its work: it is overdue, or its last job failed")


class SchedulesOut(Shape):
    schedules: list[ScheduleOut]
    note: str | None = Field(description=ABOUT_NOTE)
    next: str | None = Field(description="The cursor of the next page")


class PreviewOut(Shape):
    cron: str
    zone: str
    words: str
    next_runs: list[datetime]


def schedule_out(status: ScheduleStatus) -> ScheduleOut:
    schedule = status.schedule
    return ScheduleOut(
        name=schedule.name,
        cron=schedule.cron,
        zone=schedule.zone,
        words=status.words,
        kind=schedule.request.kind,
        parameters=dict(schedule.request.parameters),
        window=window_shape(schedule.request.window),
        paused=schedule.paused,
        next_runs=list(status.next_runs),
        last_tick=schedule.last_tick,
        last_job=job_out(status.last_job) if status.last_job else None,
        problem=status.problem,
    )


def preview_out(preview: Preview) -> PreviewOut:
    return PreviewOut(cron=preview.cron, zone=preview.zone, words=preview.words, next_runs=list(preview.next_runs))
