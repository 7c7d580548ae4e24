"""What a worker does for a job of each kind: one attempt, from its claim to its end."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from indexer.analysis import find_near_duplicates
from indexer.domain.errors import HomeBusy, JobStopped, KnowwhoError
from indexer.domain.jobs import Job, JobKind, JobState
from indexer.domain.progress import Progress
from indexer.embedding import Encoder
from indexer.home import Home
from indexer.jobs.attempt import Attempt
from indexer.jobs.engine import JobEngine, RunStep
from indexer.jobs.forgetting import forget_ended
from indexer.jobs.requests import sources_of
from indexer.jobs.results import plain, source_values
from indexer.pipeline import reindex
from indexer.pipeline.backup import back_up
from indexer.pipeline.compact import compact
from indexer.pipeline.erasure import finish_erasures
from indexer.pipeline.rebuild import rebuild
from indexer.pipeline.verify import verify
from indexer.settings import DirectorySource, EncoderSettings, Settings
from indexer.store import jobs
from indexer.store.jobs import Claim

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 5
BUSY_WAIT_SECONDS = 0.5

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job came to. `errors` tells what could not be done; `failed` where that is all of it."""

    result: dict[str, Any]
    errors: tuple[str, ...] = ()
    failed: bool = False


class Encoders:
    """The model of the settings, loaded when first needed and kept while the settings name the same."""

    def __init__(self, load: Callable[[EncoderSettings], Encoder]) -> None:
        self._load = load
        self._loaded: tuple[EncoderSettings, Encoder] | None = None
        self._lock = Lock()

    def get(self, settings: EncoderSettings) -> Encoder:
        with self._lock:
            if self._loaded is None or self._loaded[0] != settings:
                self._loaded = settings, self._load(settings)
            return self._loaded[1]


@dataclass(frozen=True, slots=True)
class Work:
    """What one attempt works with."""

    home: Home
    settings: Settings
    parameters: Mapping[str, Any]
    attempt: Attempt
    encoders: Encoders
    step: RunStep
    engine: JobEngine

    def encoder(self) -> Encoder:
        return self.encoders.get(self.settings.encoder)

    def do(self, name: str, action: Callable[[], Result]) -> Result:
        """One step, done once whatever happens; waits while another process writes the home."""
        return self.step(name, partial(self._patiently, action))

    def _patiently(self, action: Callable[[], Result]) -> Result:
        while True:
            self.attempt.go_on()
            try:
                return action()
            except HomeBusy as busy:
                self.attempt.report(Progress("waiting for the home", 0, None, "", str(busy)))
                time.sleep(BUSY_WAIT_SECONDS)


DoWork = Callable[[Work], Outcome]


class Runner:
    """Runs jobs for one worker; `read_settings` is asked anew for every attempt."""

    def __init__(
        self,
        home: Home,
        engine: JobEngine,
        worker: str,
        read_settings: Callable[[], Settings],
        encoders: Encoders,
        now: Callable[[], datetime],
        kinds: Mapping[JobKind, DoWork],
    ) -> None:
        self._home, self._engine, self._worker = home, engine, worker
        self._read_settings, self._encoders, self._now = read_settings, encoders, now
        self._kinds = kinds

    def run(self, job_id: str, step: RunStep) -> None:
        """One attempt at a job. JobStopped where it was cancelled, paused or taken over on the way."""
        with self._home.database.begin() as transaction:
            job = jobs.claim_job(transaction, job_id, self._worker, self._now())
        if job is None:
            return
        claim = Claim(job.id, self._worker, job.attempts)
        with Attempt(self._home, self._engine, claim, job.request.window, self._now) as attempt:
            attempt.go_on()
            if job.attempts > MOST_ATTEMPTS:
                attempt.end(JobState.FAILED, None, _given_up(job))
                return
            log.info("begins", extra={"action": "job_begins", "job": job.id, "attempt": job.attempts})
            state, result, error = self._outcome(job, attempt, step)
            attempt.end(state, result, error)
            log.info("ended", extra={"action": "job_ended", "job": job.id, "state": str(state)})

    def _outcome(self, job: Job, attempt: Attempt, step: RunStep) -> tuple[JobState, dict[str, Any] | None, str | None]:
        try:
            settings = self._read_settings()
            work = Work(self._home, settings, job.request.parameters, attempt, self._encoders, step, self._engine)
            found = self._kinds[job.request.kind](work)
        except JobStopped:
            raise
        except KnowwhoError as error:
            return JobState.FAILED, None, str(error)
        except Exception as error:
            # A defect of ours must end in the job's record, where the admin looks; the log keeps the rest.
            log.exception("job %s failed", job.id, extra={"action": "job_failed", "job": job.id})
            return JobState.FAILED, None, f"unexpected {type(error).__name__}: {error} (the worker's log says more)"
        return JobState.FAILED if found.failed else JobState.DONE, found.result, "; ".join(found.errors) or None


def _given_up(job: Job) -> str:
    where = f" in phase {job.progress.phase!r}" if job.progress else ""
    item = f", at {job.progress.item}" if job.progress and job.progress.item else ""
    return (
        f"given up after {MOST_ATTEMPTS} attempts, each of which ended with the death of its worker{where}{item}: "
        "the worker's log may say why; retry the job when the reason is gone"
    )


def _reindex(work: Work) -> Outcome:
    """A step for the directories together, then one a source; the list is a step, too, because the settings may change
    between two attempts."""
    groups = work.do("list sources", partial(_groups, work))
    told = [
        values for names in groups for values in work.do(f"reindex {', '.join(names)}", partial(_read, work, names))
    ]
    errors = tuple(f"{entry['source']}: {entry['error']}" for entry in told if entry["error"])
    result = {"sources": told, "generation": work.home.index.current_name()}
    return Outcome(result, errors, failed=bool(errors) and len(errors) == len(told))


def _groups(work: Work) -> list[list[str]]:
    wanted = sources_of(work.parameters, work.settings)
    listed = {source.name for source in work.settings.sources if isinstance(source, DirectorySource)}
    directories = [name for name in wanted if name in listed]
    others = [[name] for name in wanted if name not in listed]
    return [directories, *others] if directories else others


def _read(work: Work, names: list[str]) -> list[dict[str, Any]]:
    listed = {source.name: source for source in work.settings.sources}
    if not listed.keys() & set(names):
        return [{"source": name, "error": "it is not in the settings"} for name in names]
    items = [(source, uri) for source, uri in work.parameters.get("items", ()) if source in names]
    result = reindex(
        work.home,
        work.encoder(),
        work.settings,
        [listed[name] for name in names if name in listed],
        full=bool(work.parameters.get("full")),
        items=items or None,
        community=work.parameters.get("community"),
        report=work.attempt.report,
    )
    return [source_values(entry) for entry in result.sources]


def _analyse(work: Work) -> Outcome:
    def analyse() -> dict[str, Any]:
        with work.home.writing():
            return {"documents_compared": find_near_duplicates(work.home.database, work.attempt.report)}

    return Outcome(work.do("analyse", analyse))


def _erase(work: Work) -> Outcome:
    return Outcome(work.do("erase", partial(_finished_erasures, work)))


def _finished_erasures(work: Work) -> dict[str, Any]:
    def forget() -> None:
        forget_ended(work.home, work.engine)

    finish_erasures(work.home, work.encoder(), work.settings, work.attempt.report, forget_jobs=forget)
    return {"generation": work.home.index.current_name()}


def _compact(work: Work) -> Outcome:
    report = work.attempt.report
    return Outcome(work.do("compact", lambda: plain(compact(work.home, work.encoder(), work.settings, report))))


def _rebuild(work: Work) -> Outcome:
    return Outcome(work.do("rebuild", partial(_rebuilt, work)))


def _rebuilt(work: Work) -> dict[str, Any]:
    built = rebuild(work.home, work.settings, work.attempt.report)
    counts = {"passages": built.manifest.passages, "embedded": built.embedded, "reused": built.reused}
    return {"generation": built.manifest.name, **counts}


def _verify(work: Work) -> Outcome:
    """Damage that is found fails the job, so that it is seen; what verifying says is its result all the same."""
    result: dict[str, Any] = work.do("verify", lambda: plain(verify(work.home, work.attempt.report)))
    return Outcome(result, tuple(result["problems"]), failed=bool(result["problems"]))


def _back_up(work: Work) -> Outcome:
    return Outcome(work.do("back up", partial(_made_backup, work)))


def _made_backup(work: Work) -> dict[str, Any]:
    folder = work.parameters.get("folder")
    settings = work.settings
    made = back_up(
        work.home,
        settings.backup,
        work.attempt.report,
        to=Path(folder) if folder else None,
        jobs_database=settings.jobs.database,
    )
    told = {"folder": made.folder, "generation": made.generation, "files": len(made.files), "bytes": made.size}
    return {**plain(told), "notes": list(made.notes)}


KINDS: Mapping[JobKind, DoWork] = {
    JobKind.REINDEX: _reindex,
    JobKind.REBUILD: _rebuild,
    JobKind.ANALYSE: _analyse,
    JobKind.COMPACT: _compact,
    JobKind.VERIFY: _verify,
    JobKind.BACK_UP: _back_up,
    JobKind.ERASE: _erase,
}
