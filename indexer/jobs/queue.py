"""What any process may do with jobs: ask for one, look, cancel, retry. No worker is needed for that.

A job is a row in the home's database first; only then does the engine get it. Whoever finds one that the engine has
lost, or never got because a process died in between, hands it over again (`reconcile`).
"""

import copy
import logging
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import Self
from uuid import uuid4

from indexer.domain.accounts import AuditAction
from indexer.domain.errors import JobInvalid, JobsUnavailable, NotFound
from indexer.domain.jobs import Job, JobKind, JobRequest, JobState, WorkerBeat
from indexer.home import Home
from indexer.jobs.engine import EngineJob, JobEngine, Lane, Standing
from indexer.jobs.requests import check_request, deed_of
from indexer.settings import Settings
from indexer.store import Transaction, jobs, people, workers

log = logging.getLogger(__name__)

READING = frozenset({JobKind.VERIFY, JobKind.BACK_UP})


def utc_now() -> datetime:
    return datetime.now(UTC)


class JobQueue:
    """The jobs of one home. What is asked for is checked against what `read_settings` gives at that moment, for whoever
    lives longer than a settings file stays the same. Everything raises NotFound for a job that does not exist."""

    def __init__(
        self,
        home: Home,
        settings: Settings,
        now: Callable[[], datetime] = utc_now,
        read_settings: Callable[[], Settings] | None = None,
    ) -> None:
        self.home = home
        self.engine = JobEngine(home.folder, settings.jobs)
        self._settings = settings
        self._read_settings = read_settings or (lambda: settings)
        self._now = now

    def acting_as(self, actor: str) -> Self:
        """The same queue, used in the name of an account (its id)."""
        queue = copy.copy(self)
        queue.home = self.home.acting_as(actor)
        return queue

    def enqueue(self, request: JobRequest, *, id: str | None = None) -> str:
        """Ask for a job; gives its id. One of the same id that was asked for before stays as it is: ids that follow
        from the reason make asking twice harmless. JobInvalid."""
        check_request(request, self._read_settings())
        name = id or uuid4().hex[:12]
        with self.home.database.begin() as transaction:
            _check_community(transaction, request.parameters.get("community"))
            jobs.add_job(transaction, name, request, self._now())
            self.home.tell(transaction, AuditAction.JOB_ASKED, name, deed_of(request))
        try:
            self._set_going(name)
        except JobsUnavailable as error:
            # It is written down, so a worker hands it over once the engine is back.
            log.warning("%s", error, extra={"action": "job_engine_unavailable", "job": name})
        return name

    def get(self, job_id: str) -> Job:
        with self.home.database.read() as transaction:
            found = jobs.find_job(transaction, job_id)
        if found is None:
            raise NotFound(f"there is no job {job_id}; `knowwho jobs list` names them")
        return found

    def list_jobs(
        self, states: Collection[JobState] | None = None, *, limit: int | None = None, before: str | None = None
    ) -> list[Job]:
        """Jobs in the given states (any where None), newest first; `before` is the last id of the page before."""
        last = None if before is None else self.get(before)
        with self.home.database.read() as transaction:
            return jobs.list_jobs(transaction, states, limit=limit, before=last)

    def cancel(self, job_id: str) -> Job:
        """Cancel a job; one that runs stops within seconds and leaves nothing half-written. JobInvalid where it has
        ended."""
        with self.home.database.begin() as transaction:
            cancelled = jobs.cancel_job(transaction, job_id, self._now())
            if cancelled:
                self.home.tell(transaction, AuditAction.JOB_CANCELLED, job_id)
        job = self.get(job_id)
        if not cancelled:
            raise JobInvalid(f"job {job_id} cannot be cancelled: it is {job.state} already")
        if self.engine.find([job_id]):
            self.engine.stop(job_id)
        return job

    def retry(self, job_id: str) -> Job:
        """Run a job that failed, was cancelled, or ended with an error again. JobInvalid for any other."""
        job = self.get(job_id)
        if not job.state.ended or (job.state is JobState.DONE and job.error is None):
            raise JobInvalid(f"job {job_id} cannot be retried: it is {job.state}; ask for a new one instead")
        with self.home.database.begin() as transaction:
            jobs.retry_job(transaction, job_id)
            self.home.tell(transaction, AuditAction.JOB_RETRIED, job_id)
        self.engine.forget([job_id])
        self._set_going(job_id)
        return self.get(job_id)

    def workers(self) -> list[WorkerBeat]:
        """The workers that have not signed off, living or gone."""
        with self.home.database.read() as transaction:
            return workers.list_workers(transaction)

    def living_workers(self) -> list[WorkerBeat]:
        """The workers that gave a sign of life within the time that the settings allow."""
        least = self._now() - timedelta(seconds=self._settings.jobs.gone_after_seconds)
        return [worker for worker in self.workers() if worker.beat >= least]

    def reconcile(self, living: Collection[str] | None = None) -> list[str]:
        """Hand jobs to the engine that it lost, never got, or takes for running on a worker that is not among the
        `living` (not asked where None); gives their ids."""
        with self.home.database.read() as transaction:
            open_jobs = jobs.list_jobs(transaction, jobs.TO_RUN)
        known = self.engine.find([job.id for job in open_jobs])
        astray = [job.id for job in open_jobs if self._is_astray(known.get(job.id), living)]
        return [job for job in astray if self._set_going(job, living)]

    def set_going(self, job_id: str) -> None:
        """Let a job that was paused wait for a worker again."""
        with self.home.database.begin() as transaction:
            jobs.continue_job(transaction, job_id)
        self._set_going(job_id)

    def close(self) -> None:
        self.engine.close()

    def _is_astray(self, entry: EngineJob | None, living: Collection[str] | None) -> bool:
        if entry is None or entry.standing in (Standing.ENDED, Standing.STOPPED):
            return True
        if entry.standing is Standing.RUNNING:
            return living is not None and entry.worker not in living
        return entry.queue != self.engine.queue

    def _set_going(self, job_id: str, living: Collection[str] | None = None) -> bool:
        """Bring the engine in line with a job that is to run; whether there was something to do. Looks again first,
        because others do the same."""
        entry = self.engine.find([job_id]).get(job_id)
        # After the engine: its job ends after ours, so one that has ended there and is open here is lost.
        with self.home.database.read() as transaction:
            job = jobs.find_job(transaction, job_id)
        if job is None or job.state not in jobs.TO_RUN or not self._is_astray(entry, living):
            return False
        if entry is not None and entry.standing is not Standing.ENDED:
            self.engine.go_on([job_id])
            return True
        if entry is not None:
            self.engine.forget([job_id])
        self.engine.enqueue(job_id, Lane.READING if job.request.kind in READING else Lane.WRITING)
        return True


def _check_community(transaction: Transaction, slug: str | None) -> None:
    known = [community.slug for community in people.all_communities(transaction)] if slug is not None else []
    if slug is not None and slug not in known:
        raise JobInvalid(f"there is no community {slug}; the home has {', '.join(known) or 'none'}")
