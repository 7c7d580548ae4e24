"""The shapes of sources and of the items that keep failing."""

from datetime import datetime

from pydantic import Field

from indexer.domain.content import ItemState
from indexer.domain.jobs import DeadLetter
from service.admin.sources import SourceView
from service.api.job_schemas import LONGEST_URI
from service.api.shape import Shape


class SourceOut(Shape):
    """A source with what was read from it."""

    name: str
    kind: str
    place: str | None = Field(description="A path or address; null for one that has left the settings")
    in_settings: bool
    items: int
    states: dict[ItemState, int] = Field(description="How many items ended in which state")
    failing: int = Field(description="How many items keep failing")
    parked: int = Field(description="How many of those are not tried again by themselves")
    finished: datetime | None = Field(description="When it was last read to its end")
    error: str | None = Field(description="Why the last reading came to nothing")
    overdue: str | None = Field(description="Which schedule should have read it, and did not")
    job: str | None = Field(description="The id of a job that reads it now, or will")


class SourcesOut(Shape):
    sources: list[SourceOut]
    note: str | None = Field(description="That no worker is running, and what to do; null while one is")
    next: str | None = Field(description="The cursor of the next page")


class ReindexIn(Shape):
    full: bool = Field(default=False, description="Read every item again, changed or not")


class DeadLetterOut(Shape):
    """An item that keeps failing. `next_try` is null for one that is parked: it is read again only when it changes, or
    when somebody asks."""

    uri: str
    reason: str
    failures: int = Field(description="Attempts in a row")
    last_try: datetime
    next_try: datetime | None


class DeadLettersOut(Shape):
    source: str
    items: list[DeadLetterOut]
    next: str | None = Field(description="The cursor of the next page")


class RetryIn(Shape):
    """Which item to read again; all that fail where none is named."""

    uri: str | None = Field(default=None, min_length=1, max_length=LONGEST_URI)


def source_out(view: SourceView) -> SourceOut:
    return SourceOut(
        name=view.name,
        kind=view.kind,
        place=view.place,
        in_settings=view.in_settings,
        items=view.items,
        states=dict(view.states),
        failing=view.failing,
        parked=view.parked,
        finished=view.finished,
        error=view.error,
        overdue=view.overdue,
        job=view.job.id if view.job else None,
    )


def dead_letter_out(letter: DeadLetter) -> DeadLetterOut:
    return DeadLetterOut(
        uri=letter.uri,
        reason=letter.reason,
        failures=letter.failures,
        last_try=letter.last_try,
        next_try=letter.next_try,
    )
