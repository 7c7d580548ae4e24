"""A home where jobs are asked for, and what its workers told of them."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from indexer.domain.jobs import Job, JobKind, JobRequest, JobState
from indexer.home import Home
from indexer.jobs.queue import JobQueue
from indexer.settings import load_settings
from service.settings import ServiceSettings
from tests.fakes import write_settings

Found = TypeVar("Found")


def until(look: Callable[[], Found], seconds: float = 20) -> Found:
    """What `look` gives, once that is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.03)
    raise AssertionError(f"not within {seconds} s")


class Workplace:
    """A home in a folder, with quick workers. Its jobs count: `plan` says how many steps, and how long each lasts."""

    def __init__(self, folder: Path, database: str | None) -> None:
        (folder / "library").mkdir()
        (folder / "library" / "pads.md").write_text("# Pads\n\nPads wear on wet days.\n")
        source = {"name": "library", "kind": "folder", "path": str(folder / "library")}
        hurry = {"heartbeat_seconds": 0.15, "gone_after_seconds": 0.9, "poll_seconds": 0.1, "database": database}
        self.folder = folder
        self.config = write_settings(folder, [source], jobs=hurry)
        self.settings = load_settings(ServiceSettings, self.config)
        self.home = Home(self.settings.home)
        self.home.prepare()
        self.queue = JobQueue(self.home, self.settings)
        self.plan(steps=3, seconds=0.25)

    def plan(self, *, steps: int, seconds: float) -> None:
        (self.folder / "plan.json").write_text(json.dumps({"steps": steps, "seconds": seconds}))

    def ask(self, kind: JobKind = JobKind.REINDEX) -> str:
        return self.queue.enqueue(JobRequest(kind))

    def told(self) -> list[str]:
        """What the steps of all workers wrote, in order."""
        file = self.folder / "told.txt"
        return file.read_text().splitlines() if file.exists() else []

    def wait_told(self, line: str) -> None:
        until(lambda: line in self.told())

    def wait_told_by(self, what: str) -> tuple[str, str]:
        """Who of the workers A and B told it first, and who did not."""
        line = until(lambda: next((line for line in self.told() if line.endswith(f" {what}")), None))
        return ("A", "B") if line.startswith("A") else ("B", "A")

    def wait_for(self, job: str, state: JobState = JobState.DONE) -> Job:
        until(lambda: self.queue.get(job).state is state)
        return self.queue.get(job)

    def set_clock(self, moment: datetime) -> None:
        """Let the workers' clock show a moment, and go on from there."""
        scratch = self.folder / "ahead.new"
        scratch.write_text(str((moment - datetime.now(UTC)).total_seconds()))
        scratch.replace(self.folder / "ahead.txt")

    def close(self) -> None:
        self.queue.close()
        self.home.close()
