"""The only door to DBOS, which runs jobs durably; the rest of the package knows none of its words.

The engine keeps for each job whether it waits, runs (and where) or has ended, and the results of its steps. The truth
about jobs is the home's database; what the engine knows follows from it.
"""

import hashlib
import logging
import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from threading import Lock
from typing import Protocol, TypeVar

from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer
from dbos import error as dbos_errors
from filelock import FileLock, Timeout

from indexer.domain.errors import JobStopped, JobsUnavailable
from indexer.settings import JobSettings
from indexer.store import DatabaseFailure
from indexer.store.vacuum import forget_deleted

APPLICATION = "knowwho"
VERSION = "1"  # the engine finishes a job only with the version that began it: raise it where that must not go on
WORKFLOW = "job"
JOBS_AT_ONCE = 2  # one that writes the home, one that only reads
MOST_RECOVERIES = 1_000  # the jobs table counts attempts and gives up long before
THREADS = 8
OPENING_SECONDS = 30.0

log = logging.getLogger(__name__)
Result = TypeVar("Result")


class Lane(StrEnum):
    """Jobs of one lane run one after another."""

    WRITING = "home"
    READING = "reading"


class Standing(StrEnum):
    """What the engine knows of a job. One that was stopped keeps the results of its steps and can go on."""

    WAITING = "waiting"
    RUNNING = "running"
    STOPPED = "stopped"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class EngineJob:
    """A job as the engine knows it; `worker` is where it runs or ran."""

    id: str
    standing: Standing
    worker: str | None
    queue: str | None


class RunStep(Protocol):
    """Does something under a name, once: a job that is taken up again gets the recorded result of a step that ended.
    Results are plain JSON values."""

    def __call__(self, name: str, action: Callable[[], Result], /) -> Result: ...


RunJob = Callable[[str, RunStep], None]

STANDINGS = {
    "ENQUEUED": Standing.WAITING,
    "DELAYED": Standing.WAITING,
    "PENDING": Standing.RUNNING,
    "CANCELLED": Standing.STOPPED,
}


class JobEngine:
    """The engine of one home as any process sees it. Raises JobsUnavailable where its database cannot be used."""

    def __init__(self, home: Path, settings: JobSettings) -> None:
        self._home = home
        self._settings = settings
        self._client: DBOSClient | None = None
        self._opening = Lock()
        # Homes may share a server; then each has a queue of its own.
        digest = hashlib.blake2b(str(home.resolve()).encode(), digest_size=6).hexdigest()
        self.queue = "jobs" if settings.database is None else f"jobs-{digest}"

    @property
    def url(self) -> str:
        return self._settings.database or f"sqlite:///{self._file}"

    def enqueue(self, job: str, lane: Lane) -> None:
        """Let a job wait for a worker; nothing changes where the engine knows it already."""
        with self._opened() as client:
            client.enqueue(
                {
                    "workflow_name": WORKFLOW,
                    "workflow_id": job,
                    "queue_name": self.queue,
                    "queue_partition_key": lane,
                    "app_version": VERSION,
                },
                job,
            )

    def find(self, jobs: Collection[str]) -> dict[str, EngineJob]:
        """What the engine knows of these jobs; those it does not know are missing."""
        if not jobs:
            return {}
        with self._opened() as client:
            found = client.list_workflows(workflow_ids=list(jobs), load_input=False, load_output=False)
        return {
            entry.workflow_id: EngineJob(
                entry.workflow_id,
                STANDINGS.get(entry.status, Standing.ENDED),
                entry.executor_id,
                entry.queue_name,
            )
            for entry in found
        }

    def stop(self, job: str) -> None:
        """Let a job neither start nor begin another step."""
        with self._opened() as client:
            client.cancel_workflow(job)

    def go_on(self, jobs: Collection[str]) -> None:
        """Let jobs that were stopped, or whose worker is gone, wait for a worker; it goes on after their last step."""
        if not jobs:
            return
        with self._opened() as client:
            try:
                # Never without the queue: the engine's own one serves nobody.
                client.resume_workflows(list(jobs), queue_name=self.queue)
            except dbos_errors.DBOSNonExistentWorkflowError:
                log.warning("the job engine does not know some of %s", ", ".join(jobs))

    def forget(self, jobs: Collection[str]) -> None:
        """Drop what the engine knows of jobs."""
        if jobs:
            with self._opened() as client:
                client.delete_workflows(list(jobs))

    def forget_deleted(self) -> None:
        """Leave nothing in the engine's file of jobs that were forgotten; a database server sees to that by itself."""
        if self._settings.database is None and self._file.exists():
            forget_deleted(self._file)

    def running_on(self, worker: str) -> list[str]:
        """The jobs that the engine takes for running on a worker."""
        with self._opened() as client:
            found = client.list_workflows(
                executor_id=worker, status="PENDING", queue_name=self.queue, load_input=False, load_output=False
            )
        return [entry.workflow_id for entry in found]

    def close(self) -> None:
        with self._opening:
            if self._client is not None:
                self._client.destroy()
                self._client = None

    @property
    def _file(self) -> Path:
        return self._home / "jobs.sqlite"

    @contextmanager
    def _opened(self) -> Iterator[DBOSClient]:
        with _told(self.url), self._opening:
            if self._client is not None and self._settings.database is None and not self._file.exists():
                self._client.destroy()
                self._client = None
            self._client = self._client or self._open()
            client = self._client
        with _told(self.url):
            yield client

    def _open(self) -> DBOSClient:
        _quieten()
        self._home.mkdir(parents=True, exist_ok=True)
        # One at a time: two processes that make the same tables fail.
        with FileLock(self._home / "jobs.lock", timeout=OPENING_SECONDS):
            if self._settings.database is None:
                with closing(sqlite3.connect(self._file)) as connection:
                    connection.execute("PRAGMA journal_mode = WAL")
            DBOS.migrate(self.url)
            client = DBOSClient(
                system_database_url=self.url,
                serializer=DBOSPortableJSONSerializer(),
                application_name=APPLICATION,
                retry_connection_errors=False,
            )
            client.register_queue(
                self.queue,
                # The limits that hold on SQLite with several workers; a limit over all workers does not.
                partition_concurrency=1,
                worker_concurrency=JOBS_AT_ONCE,
                polling_interval_sec=self._settings.poll_seconds,
                on_conflict="always_update",
            )
        return client

    def launch(self, worker: str, run: RunJob) -> None:
        """Run jobs in this process from now on, beginning with those that this worker left running when it died. One
        worker a process."""
        with self._opened():
            DBOS(
                config={
                    "name": APPLICATION,
                    "system_database_url": self.url,
                    "application_version": VERSION,
                    "executor_id": worker,
                    "serializer": DBOSPortableJSONSerializer(),
                    "run_migrations": False,
                    "log_level": "WARNING",
                    "max_executor_threads": THREADS,
                    "notification_listener_polling_interval_sec": 1.0,
                    "scheduler_polling_interval_sec": 3600.0,
                }
            )
            DBOS.workflow(name=WORKFLOW, max_recovery_attempts=MOST_RECOVERIES)(_workflow(run))
            DBOS.listen_queues([self.queue])
            DBOS.launch()

    def shut_down(self) -> None:
        """Run no more jobs in this process. A job that runs is left as a crash would leave it."""
        DBOS.destroy(workflow_completion_timeout_sec=0, destroy_registry=True)


def _workflow(run: RunJob) -> Callable[[str], None]:
    def job(job_id: str) -> None:
        with _stopping():
            run(job_id, _step)

    return job


def _step(name: str, action: Callable[[], Result], /) -> Result:
    def do() -> Result:
        with _stopping():
            return action()

    return DBOS.run_step({"name": name}, do)


@contextmanager
def _stopping() -> Iterator[None]:
    """A job that stops is neither done nor failed to the engine, and the step that ran counts as not begun."""
    try:
        yield
    except JobStopped as stopped:
        raise dbos_errors.DBOSWorkflowCancelledError(str(stopped)) from None


@contextmanager
def _told(url: str) -> Iterator[None]:
    try:
        yield
    except (DatabaseFailure, sqlite3.Error, Timeout) as error:
        told = str(getattr(error, "orig", None) or error).splitlines()[0]
        place = url if url.startswith("sqlite") else "setting jobs.database"
        raise JobsUnavailable(f"the job engine's database ({place}) cannot be used: {told}") from error


def _quieten() -> None:
    """Let the engine's log go where ours goes, without the trace that it writes for each job that was stopped."""
    logger = logging.getLogger("dbos")
    if not any(isinstance(handler, logging.NullHandler) for handler in logger.handlers):
        logger.addHandler(logging.NullHandler())  # one handler of ours, and it adds none
        logger.addFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    kind = record.exc_info[0] if record.exc_info else None
    stopped = (dbos_errors.DBOSAwaitedWorkflowCancelledError, dbos_errors.DBOSWorkflowCancelledError)
    return kind is None or not issubclass(kind, stopped)
