"""Jobs, the schedules that start them, and the items that keep failing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum
from typing import Any


class JobKind(StrEnum):
    """What can be asked of a worker."""

    REINDEX = "reindex"
    REBUILD = "rebuild"
    VERIFY = "verify"
    COMPACT = "compact"
    BACK_UP = "back up"
    ANALYSE = "analyse"
    ERASE = "erase"


class JobState(StrEnum):
    """Waiting for a worker, running, paused until its window opens, or ended in one of three ways."""

    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Window:
    """The hours in which a job may run, in a time zone (IANA name); `end` before `begin` means over midnight."""

    begin: time
    end: time
    zone: str


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What somebody asks for. `parameters` are plain JSON values: of a reindex `sources` (names), `community` (slug),
    `items` (pairs of source and uri), `full`; of a backup `folder`; absent means everything. `asked_by` is a user, a
    schedule or `command line`; `window` bounds when it may run."""

    kind: JobKind
    parameters: Mapping[str, Any] = field(default_factory=dict)
    asked_by: str = "command line"
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class JobProgress:
    """Where a job stands, as it was last told. `phase_started` is when the present phase began; rate and time left
    follow from it."""

    phase: str
    done: int
    total: int | None
    unit: str
    item: str | None
    phase_started: datetime
    at: datetime

    @property
    def rate(self) -> float | None:
        """Units a second in this phase; None until something is done."""
        seconds = (self.at - self.phase_started).total_seconds()
        return self.done / seconds if self.done and seconds > 0 else None

    @property
    def seconds_left(self) -> float | None:
        """How long this phase will still take at that rate; None while that is unknown."""
        return None if self.total is None or not self.rate else max(self.total - self.done, 0) / self.rate


@dataclass(frozen=True, slots=True)
class Job:
    """A job as a person looks at it. `result` is what it came to, in plain values; `error` is the last one, in a
    sentence, also of a job that went on after it."""

    id: str
    request: JobRequest
    state: JobState
    created: datetime
    started: datetime | None = None
    ended: datetime | None = None
    worker: str | None = None
    attempts: int = 0
    progress: JobProgress | None = None
    result: Mapping[str, Any] | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a job is to be started again and again. `last_tick` is the latest tick that was dealt with."""

    name: str
    request: JobRequest
    cron: str
    zone: str
    paused: bool
    created: datetime
    last_tick: datetime


@dataclass(frozen=True, slots=True)
class WorkerBeat:
    """A worker's sign of life. `turn` goes up when another worker takes its jobs over."""

    id: str
    host: str
    pid: int
    started: datetime
    beat: datetime
    turn: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An item that could not be read. `failures` counts the attempts in a row; `next_try` is None for one that is
    parked: it is read again only when it changes or somebody asks."""

    source: str
    uri: str
    reason: str
    failures: int
    last_try: datetime
    next_try: datetime | None
