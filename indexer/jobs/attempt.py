"""One attempt at a job: tells where it stands, and learns when it has to stop."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

from indexer.domain.errors import JobStopped, KnowwhoError
from indexer.domain.jobs import JobState, Window
from indexer.domain.progress import Progress
from indexer.home import Home
from indexer.jobs.engine import JobEngine
from indexer.jobs.windows import is_open
from indexer.store import jobs
from indexer.store.jobs import Claim

log = logging.getLogger(__name__)

TELL_SECONDS = 0.5


class Attempt:
    """While it is open, a thread of its own writes the latest progress and looks whether the job is still ours: a
    report costs the pipeline nothing, and may come in the middle of a transaction."""

    def __init__(
        self, home: Home, engine: JobEngine, claim: Claim, window: Window | None, now: Callable[[], datetime]
    ) -> None:
        self._home, self._engine, self._claim, self._window, self._now = home, engine, claim, window, now
        self._latest: Progress | None = None
        self._stopped: str | None = None
        self._over = Event()
        self._thread = Thread(target=self._watch, name=f"attempt at {claim.job}", daemon=True)

    def __enter__(self) -> Self:
        self._look()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def report(self, progress: Progress) -> None:
        """Tell where the job stands. JobStopped once it was cancelled, paused or taken over."""
        self._latest = progress
        self.go_on()

    def go_on(self) -> None:
        """JobStopped where the job is not to go on."""
        if self._stopped is not None:
            raise JobStopped(self._stopped)

    def end(self, state: JobState, result: Mapping[str, Any] | None, error: str | None) -> None:
        """Write down how the job ended. JobStopped where it is no longer ours."""
        self._tell_latest()
        with self._home.database.begin() as transaction:
            ended = jobs.end_job(transaction, self._claim, state, self._now(), result, error)
        if not ended:
            raise JobStopped(f"job {self._claim.job} was cancelled or taken over before it could end")

    def _watch(self) -> None:
        while self._stopped is None and not self._over.wait(TELL_SECONDS):
            try:
                self._look()
            except KnowwhoError as error:
                log.warning("%s", error, extra={"action": "progress_not_told", "job": self._claim.job})

    def _look(self) -> None:
        if not self._tell_latest():
            self._stopped = f"job {self._claim.job} was cancelled or taken over"
        elif self._window is not None and not is_open(self._window, self._now()):
            self._pause()

    def _tell_latest(self) -> bool:
        progress, self._latest = self._latest, None
        if progress is None:
            with self._home.database.read() as transaction:
                return jobs.is_held(transaction, self._claim)
        with self._home.database.begin() as transaction:
            return jobs.tell_progress(transaction, self._claim, progress, self._now())

    def _pause(self) -> None:
        with self._home.database.begin() as transaction:
            jobs.pause_job(transaction, self._claim)
        self._engine.stop(self._claim.job)
        self._stopped = f"job {self._claim.job} pauses until its window opens"
