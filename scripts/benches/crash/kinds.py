"""Kinds of work, and at which moments of each a process is killed."""

import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from indexer.domain.jobs import JobKind, JobRequest
from indexer.store.database import newest_schema
from scripts.benches.crash.clients import Searcher, Wisher
from scripts.benches.crash.processes import Running
from scripts.benches.crash.scenes import OLD_SCHEMAS
from scripts.benches.crash.stage import ENDED, Stage, until

REINDEX, COMPACT, BACK_UP = JobRequest(JobKind.REINDEX), JobRequest(JobKind.COMPACT), JobRequest(JobKind.BACK_UP)
MOST_AFTER_A_CHANGE_SECONDS = 0.02
MOST_AFTER_A_WRITE_SECONDS = 0.004


@dataclass(frozen=True, slots=True)
class Gauge:
    """What an uninterrupted run took: seconds of the work, and how often the index folder changed and the database was
    written in it."""

    seconds: float
    changes: int = 0
    writes: int = 0


class Act(Protocol):
    """One piece of work with a victim in it."""

    jobs: list[str]

    def begin(self) -> Running:
        """Start everything; gives the victim."""
        ...

    def measure(self) -> Gauge:
        """Wait for the end of the work."""
        ...

    def aim(self, gauge: Gauge, dice: random.Random) -> None:
        """Wait for a random moment of the work."""
        ...

    def is_inside(self) -> bool:
        """Whether the work is still going on, asked right after the kill."""
        ...

    def resume(self) -> list[str]:
        """Start the victim again and whatever else the work takes to its end; sentences on what is wrong."""
        ...


class Working:
    """A worker does jobs; it is killed in the first of them: now at any moment, now within milliseconds after a write
    to the database, because most of the time nothing is being written."""

    def __init__(self, stage: Stage, *requests: JobRequest) -> None:
        self._stage, self._requests = stage, requests
        self.jobs: list[str] = []

    def begin(self) -> Running:
        self.jobs = self._stage.ask(self._requests)
        return self._stage.start_worker()

    def measure(self) -> Gauge:
        self._wait_running()
        start = time.monotonic()
        changes, writes = _Changes(self._see_index), _Changes(self._see_log)
        until(self._has_ended, lambda: changes.look() < 0 or writes.look() < 0)
        return Gauge(time.monotonic() - start, changes.look(), writes.look())

    def aim(self, gauge: Gauge, dice: random.Random) -> None:
        self._wait_running()
        if dice.random() < 0.5:
            time.sleep(dice.uniform(0, gauge.seconds))
        else:
            self._await(_Changes(self._see_log), gauge.writes, dice)
            time.sleep(dice.uniform(0, MOST_AFTER_A_WRITE_SECONDS))

    def is_inside(self) -> bool:
        return self._stage.state(self.jobs[0]) == "running"

    def resume(self) -> list[str]:
        self._stage.start_worker()
        return self._stage.wait_ended(self.jobs)

    def _wait_running(self) -> None:
        until(lambda: self._stage.state(self.jobs[0]) not in ("", "waiting"))

    def _has_ended(self) -> bool:
        return self._stage.state(self.jobs[0]) in ENDED

    def _await(self, changes: "_Changes", expected: int, dice: random.Random) -> None:
        wanted = dice.randint(1, max(expected, 1))
        until(lambda: changes.look() >= wanted, self._has_ended, pause=0.0005)

    def _see_log(self) -> object:
        with suppress(FileNotFoundError):
            status = self._stage.database.with_name("knowwho.sqlite-wal").stat()
            return status.st_mtime_ns, status.st_size
        return None

    def _see_index(self) -> object:
        index = self._stage.home / "index"
        found: list[object] = []
        for folder in (index, index / "segments", index / "generations"):
            with suppress(FileNotFoundError):
                found.append(sorted(file.name for file in folder.iterdir()))
        with suppress(FileNotFoundError):
            found.append((index / "CURRENT").stat().st_mtime_ns)
        return found


class Publishing(Working):
    """A worker is killed within milliseconds after a change in the index folder."""

    def aim(self, gauge: Gauge, dice: random.Random) -> None:
        self._wait_running()
        self._await(_Changes(self._see_index), gauge.changes, dice)
        time.sleep(dice.uniform(0, MOST_AFTER_A_CHANGE_SECONDS))


class Migrating:
    """A worker or a server finds a database of an older version, and is killed while it migrates it."""

    def __init__(self, stage: Stage, start: Callable[[Stage], Running]) -> None:
        self._stage, self._start = stage, start
        self._old = stage.schema()
        self.jobs: list[str] = []

    def begin(self) -> Running:
        return self._start(self._stage)

    def measure(self) -> Gauge:
        self._wait_begun()
        start = time.monotonic()
        until(lambda: self._stage.schema() == newest_schema(), pause=0.0002)
        return Gauge(time.monotonic() - start)

    def aim(self, gauge: Gauge, dice: random.Random) -> None:
        self._wait_begun()
        time.sleep(dice.uniform(0, gauge.seconds))

    def is_inside(self) -> bool:
        return self._stage.schema() == self._old

    def resume(self) -> list[str]:
        running = self._start(self._stage)
        if running is self._stage.server:
            self._stage.wait_answering()
            self._stage.start_worker()
        self.jobs = self._stage.ask([REINDEX])
        return self._stage.wait_ended(self.jobs)

    def _wait_begun(self) -> None:
        copies = f"knowwho.schema-{self._old}.sqlite*"
        until(lambda: any(self._stage.home.glob(copies)), pause=0.0002)


class Serving(Working):
    """A server answers searches while a worker reindexes; the server is killed."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage, REINDEX)
        self._searcher: Searcher | None = None

    def begin(self) -> Running:
        victim = self._stage.start_server()
        self._searcher = Searcher(self._stage.address)
        self._searcher.start()
        super().begin()
        return victim

    def aim(self, gauge: Gauge, dice: random.Random) -> None:
        super().aim(gauge, dice)
        if self._searcher is not None:
            self._searcher.finish()

    def resume(self) -> list[str]:
        stage = self._stage
        stage.start_server()
        told = [] if stage.get("/api/v1/search", q="threshold").json()["passages"] else ["a search finds nothing"]
        told += stage.wait_ended(self.jobs)
        told += [f"the job took {n} attempts" for (n,) in stage.rows("SELECT attempts FROM jobs") if n != 1]
        told += self._searcher.failed if self._searcher else []
        if not until(lambda: stage.get("/api/v1/health").json()["generation"] == stage.generation(), seconds=10):
            told.append("the server does not serve the latest generation")
        return told


class TakingRequests:
    """A server takes requests for jobs, and judgements; it is killed, and a worker finds what it had granted."""

    def __init__(self, stage: Stage, dice: random.Random) -> None:
        self._stage, self._wisher = stage, Wisher(stage, dice)
        self.jobs: list[str] = []

    def begin(self) -> Running:
        victim = self._stage.start_server()
        self._wisher.start()
        return victim

    def measure(self) -> Gauge:
        self._wisher.join()
        return Gauge(self._wisher.seconds)

    def aim(self, gauge: Gauge, dice: random.Random) -> None:
        time.sleep(dice.uniform(0, gauge.seconds))

    def is_inside(self) -> bool:
        self._wisher.join()
        return self._wisher.waits

    def resume(self) -> list[str]:
        told = self._wisher.forgotten()
        self._stage.start_server()
        self._wisher.ask()
        self._stage.start_worker()
        self.jobs = [name for (name,) in self._stage.rows("SELECT id FROM jobs")]
        return [*told, *self._wisher.forgotten(), *self._stage.wait_ended(self.jobs)]


class _Changes:
    """How often something has changed since this was made."""

    def __init__(self, see: Callable[[], object]) -> None:
        self._see, self._last, self._count = see, see(), 0

    def look(self) -> int:
        now = self._see()
        self._count += now != self._last
        self._last = now
        return self._count


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of work: how many of 200 kills it gets, in which scenes it is done, and whom the kill meets."""

    name: str
    kills: int
    scenes: tuple[str, ...]
    act: Callable[[Stage, random.Random], Act]
    victim: str = "worker"


OLD = tuple(f"schema-{schema}" for schema in OLD_SCHEMAS)
KINDS = (
    Kind("indexing afresh", 30, ("fresh",), lambda stage, _: Working(stage, REINDEX)),
    Kind("indexing changes", 35, ("changed",), lambda stage, _: Working(stage, REINDEX)),
    Kind("publishing", 40, ("changed", "fresh"), lambda stage, _: Publishing(stage, REINDEX)),
    Kind("compacting", 25, ("scattered",), lambda stage, _: Working(stage, COMPACT)),
    Kind("backing up", 13, ("changed",), lambda stage, _: Working(stage, BACK_UP)),
    Kind("backing up beside a reindex", 12, ("changed",), lambda stage, _: Working(stage, BACK_UP, REINDEX)),
    Kind("migrating by a worker", 10, OLD[::2], lambda stage, _: Migrating(stage, Stage.start_worker)),
    Kind(
        "migrating by a server",
        10,
        OLD[1::2],
        lambda stage, _: Migrating(stage, lambda stage: stage.start_server(wait=False)),
        "server",
    ),
    Kind("serving beside a reindex", 13, ("changed",), lambda stage, _: Serving(stage), "server"),
    Kind("taking requests", 12, ("changed",), TakingRequests, "server"),
)
