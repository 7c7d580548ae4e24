"""A worker as `knowwho worker` runs it, whose jobs only count, and write down when a step begins and ends."""

import json
import os
import signal
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from indexer.domain.jobs import JobKind
from indexer.domain.progress import Progress
from indexer.home import Home
from indexer.jobs.worker import Worker
from indexer.jobs.workflows import KINDS, Outcome, Work
from indexer.settings import Settings, load_settings
from service.settings import ServiceSettings

TICK = 0.05
HoldHome = Callable[[Home], AbstractContextManager[Any]]


@dataclass(frozen=True)
class CountingWorker:
    """Lives in a process of its own."""

    config: Path
    name: str

    def run(self, ready: Connection) -> None:
        home = Home(self._settings().home)
        kinds = {**KINDS, JobKind.REINDEX: self._write, JobKind.COMPACT: self._write, JobKind.VERIFY: self._read}
        worker = Worker(home, self._settings, name=self.name, now=self._now, kinds=kinds)
        signal.signal(signal.SIGTERM, lambda _number, _frame: worker.stop())
        worker.start()
        ready.send(self.name)
        worker.run()
        worker.leave()
        os._exit(0)

    def _write(self, work: Work) -> Outcome:
        return self._count(work, Home.writing)

    def _read(self, work: Work) -> Outcome:
        return self._count(work, nullcontext)

    def _count(self, work: Work, hold: HoldHome) -> Outcome:
        plan = json.loads((self.config.parent / "plan.json").read_text())
        numbers = range(plan["steps"])
        return Outcome(
            {"steps": [work.do(f"step {n}", partial(self._step, work, n, plan["seconds"], hold)) for n in numbers]}
        )

    def _step(self, work: Work, number: int, seconds: float, hold: HoldHome) -> str:
        with hold(work.home):
            self._tell(f"begins {number}")
            times = round(seconds / TICK)
            for done in range(times):
                work.attempt.report(Progress(f"step {number}", done, times, "ticks", f"tick {done}"))
                time.sleep(TICK)
            self._tell(f"ends {number}")
        return f"{number} by {self.name}"

    def _tell(self, line: str) -> None:
        with (self.config.parent / "told.txt").open("a") as target:
            target.write(f"{self.name} {line}\n")

    def _now(self) -> datetime:
        ahead = self.config.parent / "ahead.txt"
        return datetime.now(UTC) + timedelta(seconds=float(ahead.read_text()) if ahead.exists() else 0)

    def _settings(self) -> Settings:
        return load_settings(ServiceSettings, self.config)
