from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from indexer.domain.errors import HomeBusy, JobInvalid, JobStopped, NotFound, SourceUnavailable
from indexer.domain.jobs import Job, JobKind, JobRequest, JobState
from indexer.domain.progress import Progress
from indexer.embedding.hashing import HashingEncoder
from indexer.home import Home
from indexer.jobs.engine import Standing
from indexer.jobs.queue import JobQueue
from indexer.jobs.worker import Worker
from indexer.jobs.workflows import MOST_ATTEMPTS, DoWork, Encoders, Outcome, Runner, Work
from indexer.store import jobs, workers
from indexer.store.jobs import Claim
from service.settings import ServiceSettings
from tests.fakes import settings_for

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> ServiceSettings:
    (tmp_path / "library").mkdir()
    return settings_for(tmp_path, [{"name": "library", "kind": "folder", "path": str(tmp_path / "library")}])


@pytest.fixture
def queue(settings: ServiceSettings) -> Iterator[JobQueue]:
    home = Home(settings.home)
    home.prepare()
    made = JobQueue(home, settings, lambda: NOW)
    yield made
    made.close()
    home.close()


def run(queue: JobQueue, settings: ServiceSettings, do: DoWork, worker: str = "A") -> Callable[[str], None]:
    """Runs a job here, without an engine that records its steps."""
    encoders = Encoders(lambda _: HashingEncoder())
    runner = Runner(queue.home, queue.engine, worker, lambda: settings, encoders, lambda: NOW, {JobKind.REINDEX: do})
    return lambda job: runner.run(job, lambda _, action: action())


def ask(queue: JobQueue, **values: Any) -> str:
    return queue.enqueue(JobRequest(JobKind.REINDEX, values))


def claim(queue: JobQueue, job: str, worker: str) -> Claim:
    with queue.home.database.begin() as transaction:
        claimed = jobs.claim_job(transaction, job, worker, NOW)
    assert claimed is not None
    return Claim(job, worker, claimed.attempts)


def test_a_job_waits_in_the_home_and_in_the_engine(queue: JobQueue) -> None:
    job = ask(queue, sources=["library"], full=True)
    assert queue.get(job) == Job(
        job, JobRequest(JobKind.REINDEX, {"sources": ["library"], "full": True}), JobState.WAITING, NOW
    )
    assert queue.engine.find([job])[job].standing is Standing.WAITING


def test_asking_twice_under_one_id_asks_once(queue: JobQueue) -> None:
    assert queue.enqueue(JobRequest(JobKind.REINDEX), id="tick") == "tick"
    assert queue.enqueue(JobRequest(JobKind.VERIFY), id="tick") == "tick"
    assert [job.request.kind for job in queue.list_jobs()] == [JobKind.REINDEX]


def test_a_community_that_the_home_does_not_have_is_refused(queue: JobQueue) -> None:
    with pytest.raises(JobInvalid, match="there is no community brakes; the home has none"):
        ask(queue, community="brakes")
    assert queue.list_jobs() == []


def test_a_list_goes_on_after_its_last_job(queue: JobQueue) -> None:
    asked = {ask(queue) for _ in range(5)}
    first = queue.list_jobs(limit=3)
    rest = queue.list_jobs(limit=3, before=first[-1].id)
    assert {job.id for job in first} | {job.id for job in rest} == asked
    assert len(first) + len(rest) == 5


def test_a_job_that_does_not_exist_is_not_found(queue: JobQueue) -> None:
    for action in (queue.get, queue.cancel, queue.retry):
        with pytest.raises(NotFound, match="no job nope"):
            action("nope")


def test_a_waiting_job_that_the_engine_never_got_is_handed_over(queue: JobQueue) -> None:
    with queue.home.database.begin() as transaction:
        jobs.add_job(transaction, "lost", JobRequest(JobKind.REINDEX), NOW)
    assert queue.reconcile() == ["lost"]
    assert queue.engine.find(["lost"])["lost"].standing is Standing.WAITING
    assert queue.reconcile() == []


def test_a_job_is_kept_while_the_engine_cannot_be_reached(
    settings: ServiceSettings, caplog: pytest.LogCaptureFixture
) -> None:
    away = settings.jobs.model_copy(update={"database": "postgresql+psycopg://nobody@127.0.0.1:1/jobs"})
    home = Home(settings.home)
    home.prepare()
    unreachable = JobQueue(home, settings.model_copy(update={"jobs": away}))
    job = ask(unreachable)
    assert unreachable.get(job).state is JobState.WAITING
    assert "(setting jobs.database) cannot be used: connection failed" in caplog.text
    back = JobQueue(home, settings)
    assert back.reconcile() == [job]
    for queue in (unreachable, back):
        queue.close()
    home.close()


def test_a_waiting_job_that_is_cancelled_never_runs(queue: JobQueue, settings: ServiceSettings) -> None:
    job = ask(queue)
    queue.cancel(job)
    run(queue, settings, lambda _: pytest.fail("it ran"))(job)
    assert queue.get(job).state is JobState.CANCELLED
    assert queue.engine.find([job])[job].standing is Standing.STOPPED
    with pytest.raises(JobInvalid, match="it is cancelled already"):
        queue.cancel(job)


def test_a_job_ends_with_its_result(queue: JobQueue, settings: ServiceSettings) -> None:
    job = ask(queue)

    def work(work: Work) -> Outcome:
        work.attempt.report(Progress("reading", 3, 9, "items", "pads.md"))
        return Outcome({"read": work.do("read", lambda: 9)})

    run(queue, settings, work)(job)
    ended = queue.get(job)
    assert (ended.state, ended.result, ended.worker, ended.attempts) == (JobState.DONE, {"read": 9}, "A", 1)
    assert ended.progress is not None
    assert (ended.progress.phase, ended.progress.done, ended.progress.item) == ("reading", 3, "pads.md")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (SourceUnavailable("library is gone"), "library is gone"),
        (ZeroDivisionError("by zero"), "unexpected ZeroDivisionError: by zero (the worker's log says more)"),
    ],
)
def test_a_job_that_cannot_be_done_fails_with_the_reason(
    queue: JobQueue, settings: ServiceSettings, error: Exception, told: str
) -> None:
    def work(_: Work) -> Outcome:
        raise error

    job = ask(queue)
    run(queue, settings, work)(job)
    ended = queue.get(job)
    assert ended.state is JobState.FAILED
    assert ended.error == told


def test_a_failed_job_is_retried_as_if_new_and_keeps_its_last_error(queue: JobQueue, settings: ServiceSettings) -> None:
    def fail(_: Work) -> Outcome:
        raise SourceUnavailable("library is gone")

    job = ask(queue)
    run(queue, settings, fail)(job)
    waiting = queue.retry(job)
    assert (waiting.state, waiting.attempts, waiting.error) == (JobState.WAITING, 0, "library is gone")
    run(queue, settings, lambda _: Outcome({}))(job)
    assert (queue.get(job).state, queue.get(job).error) == (JobState.DONE, None)
    with pytest.raises(JobInvalid, match="it is done; ask for a new one instead"):
        queue.retry(job)


def test_a_job_waits_while_another_process_writes_the_home(queue: JobQueue, settings: ServiceSettings) -> None:
    busy = iter([True, True, False])

    def write() -> str:
        if next(busy):
            raise HomeBusy("another process is indexing")
        return "written"

    job = ask(queue)
    run(queue, settings, lambda work: Outcome({"told": work.do("write", write)}))(job)
    assert queue.get(job).result == {"told": "written"}


def test_a_job_whose_every_attempt_killed_its_worker_is_given_up(queue: JobQueue, settings: ServiceSettings) -> None:
    job = ask(queue)
    for _ in range(MOST_ATTEMPTS):
        claim(queue, job, "A")
    run(queue, settings, lambda _: pytest.fail("it ran"))(job)
    ended = queue.get(job)
    assert ended.state is JobState.FAILED
    assert ended.error is not None
    assert ended.error.startswith(f"given up after {MOST_ATTEMPTS} attempts, each of which ended with the death")


def test_an_attempt_that_lost_its_job_changes_nothing(queue: JobQueue) -> None:
    job = ask(queue)
    lost = claim(queue, job, "A")
    held = claim(queue, job, "B")
    before = queue.get(job)
    with queue.home.database.begin() as transaction:
        assert not jobs.tell_progress(transaction, lost, Progress("reading", 1, 2, "items"), NOW)
        assert not jobs.end_job(transaction, lost, JobState.DONE, NOW, {}, None)
        assert not jobs.pause_job(transaction, lost)
        assert not jobs.is_held(transaction, lost)
        assert jobs.is_held(transaction, held)
    assert queue.get(job) == before


def test_a_job_that_is_taken_over_while_it_ends_stops(queue: JobQueue, settings: ServiceSettings) -> None:
    job = ask(queue)

    def work(_: Work) -> Outcome:
        claim(queue, job, "B")
        return Outcome({})

    with pytest.raises(JobStopped):
        run(queue, settings, work)(job)
    assert (queue.get(job).state, queue.get(job).worker) == (JobState.RUNNING, "B")


def test_rate_and_time_left_count_from_the_beginning_of_the_phase(queue: JobQueue) -> None:
    held = claim(queue, ask(queue), "A")
    with queue.home.database.begin() as transaction:
        for second, progress in enumerate(
            (
                Progress("reading", 5, 10, "items"),
                Progress("embedding", 0, 100, "passages"),
                Progress("embedding", 20, 100, "passages"),
            )
        ):
            assert jobs.tell_progress(transaction, held, progress, NOW + timedelta(seconds=2 * second))
    told = queue.get(held.job).progress
    assert told is not None
    assert (told.rate, told.seconds_left) == (10, 8)
    with queue.home.database.begin() as transaction:
        jobs.tell_progress(transaction, held, Progress("embedding", 1, 50, "passages"), NOW + timedelta(seconds=9))
    again = queue.get(held.job).progress
    assert again is not None
    assert again.phase_started == NOW + timedelta(seconds=9)


def test_ended_jobs_are_forgotten_after_their_time(queue: JobQueue) -> None:
    old, waiting = ask(queue), ask(queue)
    queue.cancel(old)
    with queue.home.database.begin() as transaction:
        assert jobs.forget_jobs(transaction, NOW) == []
        assert jobs.forget_jobs(transaction, NOW + timedelta(seconds=1)) == [old]
    assert [job.id for job in queue.list_jobs()] == [waiting]


def test_one_of_two_takers_wins_and_a_beat_wins_over_both(queue: JobQueue) -> None:
    with queue.home.database.begin() as transaction:
        workers.sign_on(transaction, "dead", "host", 1, NOW)
        (seen,) = workers.list_workers(transaction)
        assert workers.take_turn(transaction, seen)
        assert not workers.take_turn(transaction, seen)
        (seen,) = workers.list_workers(transaction)
        workers.tell_beat(transaction, "dead", NOW + timedelta(seconds=5))
        assert not workers.take_turn(transaction, seen)


def test_a_name_belongs_to_one_worker_and_the_first_free_slot_is_taken(settings: ServiceSettings) -> None:
    home = Home(settings.home)
    home.prepare()
    first, second = (Worker(home, lambda: settings) for _ in range(2))
    assert first.name.endswith("-1")
    assert second.name.endswith("-2")
    named = Worker(home, lambda: settings, name="night")
    with pytest.raises(JobInvalid, match="a worker night runs on this home already"):
        Worker(home, lambda: settings, name="night")
    with pytest.raises(JobInvalid, match="cannot name a worker"):
        Worker(home, lambda: settings, name="a/b")
    for worker in (first, second, named):
        worker.release_name()
    assert Worker(home, lambda: settings).name == first.name
    home.close()
