"""A copy of a scene in which processes run and are killed."""

import json
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from indexer.domain.accounts import Account, ApiToken, Scope
from indexer.domain.jobs import JobRequest
from indexer.home import Home
from indexer.jobs.queue import JobQueue
from indexer.store import accounts
from scripts.benches.crash.processes import Running
from scripts.benches.crash.scenes import settings_of
from service.auth import TOKEN_PREFIX, digest_of, new_id, new_secret

WORKER = "crash"
POLL_SECONDS = 0.002
END_SECONDS = 120.0
ENDED = ("done", "failed", "cancelled")
ALONE = ("--processes", "1")  # what is killed is the one that answers; Python lets it have no processes of its own here


class Stage:
    """Keeps no connection to the databases that could tidy up after a process that was killed: it looks through
    read-only ones."""

    def __init__(self, scene: Path, folder: Path) -> None:
        shutil.copytree(scene, folder)
        self.folder, self.home = folder, folder / "home"
        self.database = self.home / "knowwho.sqlite"
        self.settings = settings_of(folder)
        self.worker: Running | None = None
        self.server: Running | None = None
        self.address = ""
        self._started: list[Running] = []

    def ask(self, requests: Sequence[JobRequest]) -> list[str]:
        """Ask for jobs as `knowwho jobs run` does; gives their ids."""
        with self.opened() as home, closing(JobQueue(home, self.settings)) as queue:
            return [queue.enqueue(request) for request in requests]

    @contextmanager
    def opened(self) -> Iterator[Home]:
        home = Home(self.home)
        try:
            home.prepare()
            yield home
        finally:
            home.close()

    def admin_token(self) -> str:
        """A new token of a new account, with which a program may ask for anything."""
        now, secret = datetime.now(UTC), f"{TOKEN_PREFIX}{new_secret()}"
        account = Account(new_id(), f"bench-{secret[-8:]}".casefold(), None, True, False, False, now)
        token = ApiToken(new_id(), account.id, "bench", frozenset(Scope), now, now + timedelta(days=1), None)
        with self.opened() as home, home.database.begin() as transaction:
            accounts.add_account(transaction, account, None)
            accounts.add_token(transaction, token, digest_of(secret))
        return secret

    def start_worker(self) -> Running:
        self.worker = self._start("worker", "worker", "--name", WORKER)
        return self.worker

    def start_server(self, *, wait: bool = True) -> Running:
        self.server = self._start(f"server-{len(self._started)}", "serve", "--port", "0", *ALONE)
        if wait:
            self.wait_answering()
        return self.server

    def wait_answering(self) -> None:
        """Until the server answers with its model loaded. AssertionError where it does not."""
        server = self.server
        assert server is not None

        def is_ready() -> bool:
            told = server.log.read_text(encoding="utf-8").splitlines() if server.log.exists() else []
            self.address = next((line.split()[-1].rstrip("/") for line in told if line.startswith("Knowwho is at")), "")
            return bool(self.address) and self.get("/api/v1/health").json()["model"] == "ready"

        assert until(is_ready, lambda: not server.is_alive()), f"the server does not answer: {tail(server.log)}"

    def get(self, path: str, **query: Any) -> httpx.Response:
        return httpx.get(self.address + path, params=query, timeout=30).raise_for_status()

    def rows(self, select: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the database says now; nothing where it does not exist or has no such table yet."""
        try:
            with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
                return connection.execute(select, values).fetchall()
        except sqlite3.OperationalError:
            return []

    def state(self, job: str) -> str:
        return next((state for (state,) in self.rows("SELECT state FROM jobs WHERE id = ?", job)), "")

    def schema(self) -> str:
        return next((number for (number,) in self.rows("SELECT version_num FROM alembic_version")), "")

    def wait_ended(self, jobs: Sequence[str]) -> list[str]:
        """Wait for the end of jobs; sentences on those that do not end or end badly."""
        worker = self.worker
        assert worker is not None
        until(lambda: all(self.state(job) in ENDED for job in jobs), lambda: not worker.is_alive(), pause=0.01)
        found = self.rows("SELECT id, kind, state, error, attempts, result FROM jobs")
        told = {row[0]: row[1:] for row in found}
        lost = [f"job {job} is lost" for job in jobs if job not in told]
        bad = [
            f"job {job} to {kind} is {state} after {attempts} attempts: {error}; {tail(worker.log)}"
            for job, (kind, state, error, attempts, _) in told.items()
            if state != "done" or error
        ]
        return lost + bad

    def generation(self) -> str | None:
        file = self.home / "index" / "CURRENT"
        return file.read_text().strip() if file.exists() else None

    def stop(self) -> list[str]:
        """End what still runs; sentences on what does not end as it should."""
        told = []
        for running in (self.worker, self.server):
            if running is not None and (not running.is_alive() or not running.stop()):
                told.append(f"a process did not go on until it was asked to end: {tail(running.log)}")
        left = sum(running.left_behind() for running in self._started)
        return [*told, *([f"{left} processes were left behind"] if left else [])]

    def remove(self) -> None:
        """End everything at once and leave nothing."""
        for running in self._started:
            running.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self, log: str, *arguments: str) -> Running:
        running = Running(self.folder / f"{log}.log", "--config", str(self.folder / "knowwho.yaml"), *arguments)
        self._started.append(running)
        return running


def until(
    happened: Callable[[], bool],
    over: Callable[[], bool] = lambda: False,
    *,
    seconds: float = END_SECONDS,
    pause: float = POLL_SECONDS,
) -> bool:
    """Wait; False where it is over, or too late, before it happened."""
    end = time.monotonic() + seconds
    while not happened():
        if over() or time.monotonic() > end:
            return happened()
        time.sleep(pause)
    return True


def tail(log: Path) -> str:
    """The end of a log on one line."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    return json.dumps(" | ".join(lines[-12:]))
