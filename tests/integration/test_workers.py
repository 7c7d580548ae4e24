import os
import signal
import time
from datetime import UTC, datetime
from datetime import time as time_of_day

from indexer.domain.jobs import JobKind, JobRequest, JobState, Window
from tests.integration.conftest import StartWorkers, on_both
from tests.integration.working import Workplace, until


@on_both
def test_jobs_that_write_run_one_after_another_on_two_workers(
    workplace: Workplace, start_workers: StartWorkers
) -> None:
    workplace.plan(steps=2, seconds=0.1)
    asked = [workplace.ask(kind) for kind in (JobKind.REINDEX, JobKind.COMPACT) * 3]
    start_workers(workplace, "A", "B")
    for job in asked:
        workplace.wait_for(job)
    told = workplace.told()
    assert len(told) == 2 * 2 * len(asked)
    assert all(begins.replace("begins", "ends") == ends for begins, ends in zip(told[::2], told[1::2], strict=True))


def test_a_job_that_reads_runs_beside_one_that_writes(workplace: Workplace, start_workers: StartWorkers) -> None:
    workplace.plan(steps=1, seconds=1.5)
    writing = workplace.ask()
    start_workers(workplace, "A")
    workplace.wait_for(writing, JobState.RUNNING)
    reading = workplace.ask(JobKind.VERIFY)
    workplace.wait_for(reading, JobState.RUNNING)
    assert workplace.queue.get(writing).state is JobState.RUNNING


@on_both
def test_a_killed_worker_goes_on_at_its_step_when_it_is_started_again(
    workplace: Workplace, start_workers: StartWorkers
) -> None:
    job = workplace.ask()
    first = start_workers(workplace, "A")["A"]
    workplace.wait_told("A begins 1")
    first.kill()
    first.join()
    start_workers(workplace, "A")
    ended = workplace.wait_for(job)
    assert workplace.told() == [
        *("A begins 0", "A ends 0", "A begins 1"),
        *("A begins 1", "A ends 1", "A begins 2", "A ends 2"),
    ]
    assert (ended.attempts, ended.result) == (2, {"steps": ["0 by A", "1 by A", "2 by A"]})


@on_both
def test_another_worker_takes_over_what_a_killed_one_left(workplace: Workplace, start_workers: StartWorkers) -> None:
    workplace.plan(steps=3, seconds=1)  # the kill must come before the end, also on a busy machine
    processes = start_workers(workplace, "A", "B")
    job = workplace.ask()
    first, second = workplace.wait_told_by("begins 1")
    processes[first].kill()
    ended = workplace.wait_for(job)
    assert ended.result == {"steps": [f"0 by {first}", f"1 by {second}", f"2 by {second}"]}
    assert (ended.worker, ended.attempts) == (second, 2)
    assert {worker.id: worker.turn for worker in workplace.queue.workers()} == {first: 1, second: 0}


@on_both
def test_a_stopped_worker_that_wakes_up_changes_nothing(workplace: Workplace, start_workers: StartWorkers) -> None:
    workplace.plan(steps=3, seconds=1)  # the kill must come before the end, also on a busy machine
    processes = start_workers(workplace, "A", "B")
    job = workplace.ask(JobKind.VERIFY)  # reads, so no lock of the home holds the other up
    first, second = workplace.wait_told_by("begins 1")
    os.kill(processes[first].pid or 0, signal.SIGSTOP)
    workplace.wait_told(f"{second} begins 1")
    os.kill(processes[first].pid or 0, signal.SIGCONT)
    ended = workplace.wait_for(job)
    assert ended.result == {"steps": [f"0 by {first}", f"1 by {second}", f"2 by {second}"]}
    time.sleep(0.6)
    assert workplace.queue.get(job) == ended
    assert f"{first} begins 2" not in workplace.told()


def test_a_stopped_worker_keeps_the_home_so_that_its_job_waits_elsewhere(
    workplace: Workplace, start_workers: StartWorkers
) -> None:
    processes = start_workers(workplace, "A", "B")
    job = workplace.ask()
    first, second = workplace.wait_told_by("begins 1")
    os.kill(processes[first].pid or 0, signal.SIGSTOP)
    until(lambda: (told := workplace.queue.get(job).progress) and told.phase == "waiting for the home")
    assert workplace.told()[-1] == f"{first} begins 1"
    processes[first].kill()
    assert workplace.wait_for(job).result == {"steps": [f"0 by {first}", f"1 by {second}", f"2 by {second}"]}


@on_both
def test_a_cancelled_job_stops_within_two_seconds_and_the_next_one_runs(
    workplace: Workplace, start_workers: StartWorkers
) -> None:
    workplace.plan(steps=1, seconds=30)
    job = workplace.ask()
    start_workers(workplace, "A")
    workplace.wait_told("A begins 0")
    workplace.plan(steps=1, seconds=0.1)
    start = time.monotonic()
    cancelled = workplace.queue.cancel(job)
    following = workplace.wait_for(workplace.ask())
    assert time.monotonic() - start < 2
    assert (following.result, cancelled.state) == ({"steps": ["0 by A"]}, JobState.CANCELLED)
    assert workplace.queue.get(job) == cancelled


def test_a_cancelled_job_that_is_retried_runs_from_the_start(workplace: Workplace, start_workers: StartWorkers) -> None:
    workplace.plan(steps=2, seconds=0.5)
    job = workplace.ask()
    start_workers(workplace, "A")
    workplace.wait_told("A begins 1")
    workplace.queue.cancel(job)
    assert workplace.queue.retry(job).state is JobState.WAITING
    ended = workplace.wait_for(job)
    assert (ended.attempts, workplace.told().count("A ends 0")) == (1, 2)


def test_a_worker_that_is_told_to_end_hands_its_job_back(workplace: Workplace, start_workers: StartWorkers) -> None:
    workplace.plan(steps=2, seconds=0.8)
    job = workplace.ask()
    first = start_workers(workplace, "A")["A"]
    workplace.wait_told("A begins 1")
    start = time.monotonic()
    first.terminate()
    first.join(5)
    assert first.exitcode == 0
    assert time.monotonic() - start < 2
    assert workplace.queue.get(job).state is JobState.WAITING
    assert workplace.queue.workers() == []
    start_workers(workplace, "B")
    ended = workplace.wait_for(job)
    assert (ended.attempts, ended.result) == (1, {"steps": ["0 by A", "1 by B"]})


def test_a_job_rests_outside_its_window_and_goes_on_inside(workplace: Workplace, start_workers: StartWorkers) -> None:
    window = Window(time_of_day(22), time_of_day(6), "Europe/Berlin")
    workplace.set_clock(datetime(2026, 3, 2, 20, 30, tzinfo=UTC))  # 21:30 in Berlin
    workplace.plan(steps=3, seconds=0.5)
    job = workplace.queue.enqueue(JobRequest(JobKind.REINDEX, window=window))
    start_workers(workplace, "A")
    workplace.wait_for(job, JobState.PAUSED)
    assert workplace.told() == []
    workplace.set_clock(datetime(2026, 3, 2, 21, 30, tzinfo=UTC))
    workplace.wait_told("A begins 1")
    workplace.set_clock(datetime(2026, 3, 3, 5, 30, tzinfo=UTC))
    workplace.wait_for(job, JobState.PAUSED)
    workplace.set_clock(datetime(2026, 3, 3, 22, 0, tzinfo=UTC))
    ended = workplace.wait_for(job)
    assert ended.result == {"steps": ["0 by A", "1 by A", "2 by A"]}
    assert workplace.told().count("A ends 0") == 1


def test_a_job_that_the_engine_lost_runs_all_the_same(workplace: Workplace, start_workers: StartWorkers) -> None:
    job = workplace.ask()
    first = start_workers(workplace, "A")["A"]
    workplace.wait_told("A begins 1")
    first.kill()
    first.join()
    workplace.queue.engine.forget([job])
    start_workers(workplace, "B")
    assert workplace.wait_for(job).result == {"steps": ["0 by B", "1 by B", "2 by B"]}
