"""A worker: runs jobs, gives signs of life, takes over the jobs of workers that are gone, and keeps house."""

import hashlib
import logging
import os
import re
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from threading import Event

from filelock import FileLock, Timeout

from indexer.domain.errors import JobInvalid, KnowwhoError
from indexer.domain.jobs import JobKind, JobState, WorkerBeat
from indexer.embedding import Encoder, open_encoder
from indexer.home import Home
from indexer.jobs.queue import JobQueue, utc_now
from indexer.jobs.schedules import fire
from indexer.jobs.windows import is_open
from indexer.jobs.workflows import KINDS, DoWork, Encoders, Runner
from indexer.settings import EncoderSettings, Settings
from indexer.store import jobs, workers

log = logging.getLogger(__name__)

NAME = re.compile(r"[\w.-]{1,100}")
SLOTS = 100
FORGET_WORKERS_AFTER = timedelta(days=1)
TIDY_SECONDS = 3600.0


class Worker:
    """One worker of a home; one a process. `read_settings` is asked anew for every job, so that a change needs no
    restart; what concerns the worker itself is read once. `kinds` is what it does for a job of each
    kind."""

    def __init__(
        self,
        home: Home,
        read_settings: Callable[[], Settings],
        *,
        name: str | None = None,
        now: Callable[[], datetime] = utc_now,
        load_encoder: Callable[[EncoderSettings], Encoder] = open_encoder,
        kinds: Mapping[JobKind, DoWork] = KINDS,
    ) -> None:
        settings = read_settings()
        self.name, self._lock = _take_name(home, name)
        self._home, self._settings, self._now = home, settings.jobs, now
        self.queue = JobQueue(home, settings, now, read_settings)
        encoders = Encoders(load_encoder)
        self._runner = Runner(home, self.queue.engine, self.name, read_settings, encoders, now, kinds)
        self._watch = Watch(settings.jobs.gone_after_seconds)
        self._stopping = Event()
        self._tidied = -TIDY_SECONDS

    def start(self) -> None:
        """Sign on and run jobs from now on, beginning with those that this worker left when it died.
        JobsUnavailable."""
        self._home.prepare()
        with self._home.database.begin() as transaction:
            workers.sign_on(transaction, self.name, socket.gethostname(), os.getpid(), self._now())
        try:
            self.queue.engine.launch(self.name, self._runner.run)
        except KnowwhoError:
            with self._home.database.begin() as transaction:
                workers.sign_off(transaction, self.name)
            raise
        log.info("worker %s is ready", self.name, extra={"action": "worker_ready", "worker": self.name})

    def run(self) -> None:
        """Keep house until `stop()` is called from a signal handler or another thread."""
        while not self._stopping.is_set():
            self.tick()
            self._stopping.wait(self._settings.heartbeat_seconds)

    def stop(self) -> None:
        """Let `run()` return soon."""
        self._stopping.set()

    def tick(self) -> None:
        """One round of everything but the jobs themselves."""
        for duty in (self._beat, self._take_over, self._reconcile, self._fire, self._continue_paused, self._tidy):
            try:
                duty()
            except KnowwhoError as error:
                log.warning("%s", error, extra={"action": "worker_duty_failed", "worker": self.name})
            except Exception:
                # A worker that stops beating loses its jobs, and schedules stop with it: one duty must not end it.
                log.exception("worker %s goes on", self.name, extra={"action": "worker_duty_failed"})

    def leave(self) -> None:
        """Sign off. A job that runs goes back to where it waits, for another worker or the next start of this one;
        end the process then, because its threads do not end by themselves."""
        with self._home.database.begin() as transaction:
            jobs.release_jobs(transaction, self.name, None)
            workers.sign_off(transaction, self.name)
        self.queue.engine.shut_down()
        self.queue.close()
        self.release_name()

    def release_name(self) -> None:
        """Let another process have the name."""
        self._lock.release()

    def _beat(self) -> None:
        with self._home.database.begin() as transaction:
            if not workers.tell_beat(transaction, self.name, self._now()):
                workers.sign_on(transaction, self.name, socket.gethostname(), os.getpid(), self._now())

    def _take_over(self) -> None:
        """The jobs of silent workers go back to their queue; one living worker wins the right to do so."""
        self._watch.look(self.queue.workers(), time.monotonic())
        for silent in self._watch.gone():
            if silent.id != self.name:
                self._take_over_from(silent)

    def _take_over_from(self, silent: WorkerBeat) -> None:
        orphans = {job.id for job in self.queue.list_jobs([JobState.RUNNING]) if job.worker == silent.id}
        orphans |= set(self.queue.engine.running_on(silent.id))
        if not orphans:
            return
        with self._home.database.begin() as transaction:
            if not workers.take_turn(transaction, silent):
                return
            reason = f"worker {silent.id} gave no sign of life any more; another goes on"
            jobs.release_jobs(transaction, silent.id, reason)
        self.queue.engine.go_on(orphans)
        told = {"action": "jobs_taken_over", "worker": self.name, "from": silent.id}
        log.warning("worker %s is gone: its jobs %s wait for another", silent.id, ", ".join(orphans), extra=told)

    def _reconcile(self) -> None:
        gone = {worker.id for worker in self._watch.gone()}
        others = {worker.id for worker in self.queue.workers()} - gone
        self.queue.reconcile({*others, self.name})

    def _fire(self) -> None:
        for job in fire(self._home, self.queue, self._now()):
            log.info("a schedule asks for job %s", job, extra={"action": "schedule_fired", "job": job})

    def _continue_paused(self) -> None:
        now = self._now()
        for job in self.queue.list_jobs([JobState.PAUSED]):
            if job.request.window is None or is_open(job.request.window, now):
                self.queue.set_going(job.id)

    def _tidy(self) -> None:
        """Forget what ended long ago, now and then."""
        if time.monotonic() - self._tidied < TIDY_SECONDS:
            return
        now = self._now()
        with self._home.database.begin() as transaction:
            forgotten = jobs.forget_jobs(transaction, now - timedelta(days=self._settings.keep_days))
            workers.forget_workers(transaction, now - FORGET_WORKERS_AFTER)
        self.queue.engine.forget(forgotten)
        self._tidied = time.monotonic()


class Watch:
    """Which workers are gone: those whose sign of life has not changed for so many seconds of the watcher's own clock,
    so that clocks may differ. When the watcher itself was held up (by a locked database, a sleeping machine), so may
    the others have been, and it watches from the start again."""

    def __init__(self, gone_after_seconds: float) -> None:
        self._gone_after = gone_after_seconds
        self._seen: dict[str, tuple[WorkerBeat, float]] = {}
        self._looked: float | None = None

    def look(self, beats: Iterable[WorkerBeat], seconds: float) -> None:
        """Take note of the present signs of life at a moment of a clock that only goes forward."""
        held_up = self._looked is not None and seconds - self._looked > self._gone_after / 2
        before = {} if held_up else self._seen
        self._seen = {beat.id: (beat, self._since(before.get(beat.id), beat, seconds)) for beat in beats}
        self._looked = seconds

    def gone(self) -> list[WorkerBeat]:
        """The workers that were silent for too long at the last look."""
        now = self._looked or 0.0
        return [beat for beat, since in self._seen.values() if now - since >= self._gone_after]

    def _since(self, before: tuple[WorkerBeat, float] | None, beat: WorkerBeat, seconds: float) -> float:
        same_life = before is not None and before[0].beat == beat.beat
        return before[1] if before is not None and same_life else seconds


def _take_name(home: Home, name: str | None) -> tuple[str, FileLock]:
    """The worker's name and the lock that keeps it to one process: as told, else of the host, the home and the first
    slot that is free, so that a worker that is started again finds its jobs. JobInvalid."""
    if name is not None and not NAME.fullmatch(name):
        raise JobInvalid(f"{name!r} cannot name a worker: use letters, digits, dots, dashes and underscores")
    digest = hashlib.blake2b(str(home.folder.resolve()).encode(), digest_size=3).hexdigest()
    names = [name] if name else [f"{socket.gethostname()}-{digest}-{slot}" for slot in range(1, SLOTS + 1)]
    folder = home.folder / "workers"
    folder.mkdir(parents=True, exist_ok=True)
    for candidate in names:
        lock = FileLock(folder / f"{candidate}.lock", timeout=0)
        try:
            lock.acquire()
        except Timeout:
            continue
        return candidate, lock
    raise JobInvalid(f"a worker {name or names[0]} runs on this home already: give this one another --name")
