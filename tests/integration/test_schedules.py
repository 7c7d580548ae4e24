import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trials
from hypothesis import strategies as st

from indexer.domain.errors import JobInvalid, NotFound, StorageFull
from indexer.domain.jobs import Job, JobKind, JobRequest, JobState, Schedule, Window
from indexer.home import Home
from indexer.jobs.cron import newest_tick
from indexer.jobs.queue import JobQueue
from indexer.jobs.schedules import (
    GRACE,
    add_schedule,
    change_schedule,
    find_schedule,
    fire,
    list_schedules,
    pause_schedule,
    remove_schedule,
    resume_schedule,
    run_schedule,
    schedule_health,
)
from indexer.store import jobs, schedules, workers
from service.settings import ServiceSettings
from tests.fakes import settings_for, write_thread

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
CHAT = {"name": "chat", "kind": "threads", "path": "chat.jsonl"}
REINDEX = JobRequest(JobKind.REINDEX, {"sources": ["chat"]})


class Killed(BaseException):
    """The scheduler's process dies here."""


class RecordingQueue:
    """Writes jobs down as the real queue does, for no engine; `work` says whether they are done at once."""

    def __init__(self, home: Home, *, work: bool = True) -> None:
        self.home, self.work, self.now = home, work, NOW
        self.made: list[str] = []
        self.dies_after = False

    def enqueue(self, request: JobRequest, *, id: str | None = None) -> str:
        name = id or f"run-{len(self.made)}"
        with self.home.database.begin() as transaction:
            if jobs.add_job(transaction, name, request, self.now):
                self.made.append(name)
        if self.work:
            work_off(self.home, self.now)
        if self.dies_after:
            raise Killed
        return name


def work_off(home: Home, now: datetime, state: JobState = JobState.DONE, error: str | None = None) -> None:
    """Let a worker do what waits."""
    with home.database.begin() as transaction:
        for job in jobs.list_jobs(transaction, [JobState.WAITING]):
            taken = jobs.claim_job(transaction, job.id, "worker", now)
            assert taken is not None
            jobs.end_job(transaction, jobs.Claim(job.id, "worker", taken.attempts), state, now, None, error)


def all_jobs(home: Home) -> list[Job]:
    with home.database.read() as transaction:
        return jobs.list_jobs(transaction)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> ServiceSettings:
    folder = tmp_path_factory.mktemp("schedules")
    (folder / "chat.jsonl").write_text(write_thread("a", "A", ("ivy", "How?")))
    return settings_for(folder, [CHAT])


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path / "home")
    made.prepare()
    yield made
    made.close()


@pytest.fixture
def queue(home: Home) -> RecordingQueue:
    return RecordingQueue(home)


def add(
    home: Home, settings: ServiceSettings, name: str = "hourly", cron: str = "0 * * * *", **values: Any
) -> Schedule:
    told = {"request": REINDEX, "zone": "Europe/Berlin", "now": NOW, **values}
    return add_schedule(home, settings, name, told["request"], cron, told["zone"], told["now"])


def fire_at(home: Home, queue: RecordingQueue, *moments: datetime) -> list[str]:
    found = []
    for moment in moments:
        queue.now = moment
        found += fire(home, queue, moment)
    return found


def test_a_tick_starts_one_job_that_names_its_schedule(
    home: Home, settings: ServiceSettings, queue: RecordingQueue
) -> None:
    add(home, settings)
    assert fire_at(home, queue, NOW, NOW + HOUR, NOW + HOUR, NOW + HOUR * 1.5) == ["schedule-hourly-20260615T130000Z"]
    (job,) = all_jobs(home)
    assert (job.request.kind, job.request.parameters) == (JobKind.REINDEX, {"sources": ["chat"]})
    assert job.request.asked_by == "schedule hourly"


def test_a_night_of_downtime_gives_one_run(home: Home, settings: ServiceSettings, queue: RecordingQueue) -> None:
    add(home, settings)
    assert fire_at(home, queue, NOW + HOUR * 9.5, NOW + HOUR * 9.9) == ["schedule-hourly-20260615T210000Z"]


def test_nothing_starts_again_after_a_restart(home: Home, settings: ServiceSettings, queue: RecordingQueue) -> None:
    add(home, settings)
    fire_at(home, queue, NOW + HOUR)
    again = Home(home.folder)
    assert fire_at(again, RecordingQueue(again), NOW + HOUR, NOW + HOUR * 1.9) == []
    again.close()


def test_a_crash_between_the_two_writes_starts_nothing_twice(
    home: Home, settings: ServiceSettings, queue: RecordingQueue
) -> None:
    add(home, settings)
    queue.dies_after = True
    with pytest.raises(Killed):
        fire_at(home, queue, NOW + HOUR)
    queue.dies_after = False
    fire_at(home, queue, NOW + HOUR * 1.1, NOW + HOUR * 2)
    assert queue.made == ["schedule-hourly-20260615T130000Z", "schedule-hourly-20260615T140000Z"]


@pytest.mark.parametrize(
    ("zone", "cron", "begin", "hours", "ticks"),
    [
        ("Europe/Berlin", "30 2 * * *", datetime(2026, 3, 28, tzinfo=UTC), 72, ["0328T0130", "0329T0100", "0330T0030"]),
        (
            "Europe/Berlin",
            "30 2 * * *",
            datetime(2026, 10, 24, tzinfo=UTC),
            72,
            ["1024T0030", "1025T0030", "1026T0130"],
        ),
        (
            "America/New_York",
            "30 2 * * *",
            datetime(2026, 3, 7, tzinfo=UTC),
            72,
            ["0307T0730", "0308T0700", "0309T0630"],
        ),
        (
            "America/New_York",
            "30 1 * * *",
            datetime(2026, 10, 31, tzinfo=UTC),
            72,
            ["1031T0530", "1101T0530", "1102T0630"],
        ),
        ("Europe/Berlin", "0 * * * *", datetime(2026, 3, 29, tzinfo=UTC), 3, ["0329T0100", "0329T0200", "0329T0300"]),
        ("Europe/Berlin", "0 * * * *", datetime(2026, 10, 25, tzinfo=UTC), 2, ["1025T0100", "1025T0200"]),
    ],
)
def test_a_change_of_the_clock_neither_doubles_nor_drops_a_tick(
    home: Home,
    settings: ServiceSettings,
    queue: RecordingQueue,
    zone: str,
    cron: str,
    begin: datetime,
    hours: int,
    ticks: list[str],
) -> None:
    add(home, settings, "clock", cron, zone=zone, now=begin)
    fired = fire_at(home, queue, *(begin + timedelta(minutes=5 * step) for step in range(hours * 12 + 1)))
    assert fired == [f"schedule-clock-2026{tick}00Z" for tick in ticks]


def test_a_paused_schedule_starts_nothing_and_makes_up_for_nothing(
    home: Home, settings: ServiceSettings, queue: RecordingQueue
) -> None:
    add(home, settings)
    assert pause_schedule(home, "hourly").paused
    assert fire_at(home, queue, NOW + HOUR, NOW + HOUR * 5) == []
    assert not resume_schedule(home, "hourly", NOW + HOUR * 5.5).paused
    assert fire_at(home, queue, NOW + HOUR * 5.6) == []
    assert fire_at(home, queue, NOW + HOUR * 6) == ["schedule-hourly-20260615T180000Z"]


def test_resuming_what_runs_drops_no_tick(home: Home, settings: ServiceSettings, queue: RecordingQueue) -> None:
    add(home, settings)
    resume_schedule(home, "hourly", NOW + HOUR)
    assert fire_at(home, queue, NOW + HOUR) == ["schedule-hourly-20260615T130000Z"]


def test_a_schedule_that_a_wrong_clock_sent_into_the_future_goes_on_when_it_is_resumed(
    home: Home, settings: ServiceSettings, queue: RecordingQueue
) -> None:
    add(home, settings)
    fire_at(home, queue, NOW.replace(year=2036))
    assert fire_at(home, queue, NOW + HOUR) == []
    assert "a clock was wrong" in " ".join(schedule_health(home, NOW + HOUR))
    pause_schedule(home, "hourly")
    resume_schedule(home, "hourly", NOW + HOUR * 1.5)
    assert fire_at(home, queue, NOW + HOUR * 2) == ["schedule-hourly-20260615T140000Z"]


def test_another_expression_counts_from_the_change_on(
    home: Home, settings: ServiceSettings, queue: RecordingQueue
) -> None:
    add(home, settings)
    changed = change_schedule(home, settings, "hourly", NOW + HOUR * 1.2, cron="10 * * * *", zone="UTC")
    assert (changed.cron, changed.zone) == ("10 * * * *", "UTC")
    assert fire_at(home, queue, NOW + HOUR * 2, NOW + HOUR * 2.2) == ["schedule-hourly-20260615T141000Z"]


def test_another_job_leaves_the_ticks_as_they_are(home: Home, settings: ServiceSettings, queue: RecordingQueue) -> None:
    add(home, settings)
    window = Window(time(22), time(6), "Europe/Berlin")
    changed = change_schedule(home, settings, "hourly", NOW, request=JobRequest(JobKind.VERIFY, window=window))
    assert (changed.request.kind, changed.request.window, changed.last_tick) == (JobKind.VERIFY, window, NOW)
    fire_at(home, queue, NOW + HOUR)
    assert all_jobs(home)[0].request == changed.request


def test_run_now_starts_at_once_outside_the_window_and_keeps_the_ticks(
    home: Home, settings: ServiceSettings, queue: RecordingQueue
) -> None:
    add(home, settings, request=replace(REINDEX, window=Window(time(1), time(2), "UTC")))
    pause_schedule(home, "hourly")
    assert run_schedule(home, queue, "hourly") == "run-0"
    assert all_jobs(home)[0].request == replace(REINDEX, asked_by="schedule hourly")
    assert find_schedule(home, "hourly", NOW).schedule.last_tick == NOW


def test_ticks_do_not_pile_up_behind_a_job_that_has_not_begun(home: Home, settings: ServiceSettings) -> None:
    queue = RecordingQueue(home, work=False)
    add(home, settings)
    assert fire_at(home, queue, *(NOW + HOUR * hour for hour in range(1, 9))) == ["schedule-hourly-20260615T130000Z"]
    with home.database.begin() as transaction:
        jobs.claim_job(transaction, queue.made[0], "worker", NOW + HOUR * 9)
    assert fire_at(home, queue, NOW + HOUR * 9, NOW + HOUR * 10) == ["schedule-hourly-20260615T210000Z"]


def test_a_job_that_has_not_begun_stands_for_no_other_job(home: Home, settings: ServiceSettings) -> None:
    queue = RecordingQueue(home, work=False)
    add(home, settings)
    add(home, settings, "other")
    fire_at(home, queue, NOW + HOUR)
    change_schedule(home, settings, "hourly", NOW + HOUR, request=JobRequest(JobKind.COMPACT))
    assert fire_at(home, queue, NOW + HOUR * 2) == ["schedule-hourly-20260615T140000Z"]
    assert len(queue.made) == 3


def test_a_schedule_with_a_fault_of_its_own_leaves_the_others_alone(
    home: Home, settings: ServiceSettings, caplog: pytest.LogCaptureFixture
) -> None:
    add(home, settings, "a-broken")
    add(home, settings, "b-sound", request=JobRequest(JobKind.COMPACT))
    without = settings.model_copy(update={"sources": ()})
    real = JobQueue(home, without)
    later = NOW + HOUR + GRACE * 2
    for _ in range(3):
        assert fire(home, real, later) in (["schedule-b-sound-20260615T130000Z"], [])
    assert sum("a-broken cannot start its job" in record.message for record in caplog.records) == 1
    assert any("a-broken was due on 15 June 2026 at 15:00 CEST" in told for told in schedule_health(home, later))
    real.close()


def test_a_full_disk_stops_the_round_and_the_next_one_makes_up_for_it(
    home: Home, settings: ServiceSettings, queue: RecordingQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> bool:
        raise StorageFull("no room")

    add(home, settings)
    with monkeypatch.context() as broken:
        broken.setattr(schedules, "advance_tick", full)
        with pytest.raises(StorageFull):
            fire_at(home, queue, NOW + HOUR)
    fire_at(home, queue, NOW + HOUR * 1.1)
    assert queue.made == ["schedule-hourly-20260615T130000Z"]


def test_two_schedulers_in_two_processes_start_one_job_a_tick(settings: ServiceSettings, home: Home) -> None:
    add(home, settings, cron="* * * * *")
    script = """
import json, sys
from datetime import datetime
from pathlib import Path
from indexer.home import Home
from indexer.jobs.queue import JobQueue
from indexer.jobs.schedules import fire
from indexer.settings import load_settings
from service.settings import ServiceSettings
home = Home(Path(sys.argv[2]))
queue = JobQueue(home, load_settings(ServiceSettings, Path(sys.argv[1])))
print("ready", flush=True)
for line in sys.stdin:
    print(json.dumps(fire(home, queue, datetime.fromisoformat(line.strip()))), flush=True)
queue.close()
home.close()
"""
    config = settings.home.parent / "knowwho.yaml"
    fired: list[str] = []
    with ExitStack() as stack:
        started = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-W", "error", "-c", script, str(config), str(home.folder)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for _ in range(2)
        ]
        for process in started:
            assert read_line(process) == "ready"
        for minute in range(1, 21):
            now = NOW + timedelta(minutes=minute)
            for process in started:
                assert process.stdin is not None
                process.stdin.write(f"{now.isoformat()}\n")
                process.stdin.flush()
            for process in started:
                fired += json.loads(read_line(process))
            work_off(home, now)
        for process in started:
            assert process.stdin is not None
            process.stdin.close()
            assert process.wait(20) == 0
    expected = [f"schedule-hourly-20260615T12{minute:02}00Z" for minute in range(1, 21)]
    assert sorted(fired) == expected
    assert sorted(job.id for job in all_jobs(home)) == expected


def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


NUMBERS = count()
STEPS = st.tuples(
    st.timedeltas(timedelta(seconds=1), timedelta(hours=5)),
    st.sampled_from(["fires", "fires", "dies before", "dies between", "two at once"]),
)


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    made = Home(tmp_path_factory.mktemp("restarts") / "home")
    made.prepare()
    yield made
    made.close()


@trials(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cron=st.sampled_from(["0 * * * *", "*/15 * * * *", "30 2 * * *", "0 1,2,3 * * *", "30 1-3 * * *"]),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "UTC"]),
    begin=st.sampled_from(
        [datetime(2026, 3, 7, 12), datetime(2026, 3, 28, 12), datetime(2026, 10, 24, 12), datetime(2026, 10, 31, 12)]
    ),
    steps=st.lists(STEPS, min_size=1, max_size=25),
)
def test_every_tick_starts_exactly_one_job_whenever_schedulers_die(
    shared_home: Home,
    settings: ServiceSettings,
    cron: str,
    zone: str,
    begin: datetime,
    steps: list[tuple[timedelta, str]],
) -> None:
    home, now, name = shared_home, begin.replace(tzinfo=UTC), f"trial-{next(NUMBERS)}"
    add(home, settings, name, cron, zone=zone, now=now)
    dealt_with, expected, made = now, set[str](), list[str]()
    for step, event in steps:
        now += step
        tick = newest_tick(cron, zone, dealt_with, now)
        queue = RecordingQueue(home)
        queue.now, queue.dies_after = now, event == "dies between"
        if event != "dies before":
            expected |= {f"schedule-{name}-{tick:%Y%m%dT%H%M%SZ}"} if tick else set()
            try:
                fire(home, queue, now)
                dealt_with = tick or dealt_with
            except Killed:
                assert tick is not None
        if event == "two at once":
            assert fire(home, queue, now) == []
        made += queue.made
    remove_schedule(home, name)
    assert len(made) == len(set(made))
    assert set(made) == expected


def test_a_name_is_given_once_and_fits_an_address(home: Home, settings: ServiceSettings) -> None:
    add(home, settings)
    with pytest.raises(JobInvalid, match="there is a schedule hourly already"):
        add(home, settings)
    for wrong in ("", "Every Night", "a/b", "x" * 61, "nightly\n"):
        with pytest.raises(JobInvalid, match="cannot be the name"):
            add(home, settings, wrong)


def test_what_cannot_run_is_refused_before_it_is_kept(home: Home, settings: ServiceSettings) -> None:
    for wrong in (
        {"cron": "0 25 * * *"},
        {"zone": "Mars/Olympus"},
        {"request": JobRequest(JobKind.REINDEX, {"sources": ["cellar"]})},
        {"request": replace(REINDEX, window=Window(time(3), time(3), "UTC"))},
    ):
        with pytest.raises(JobInvalid):
            add(home, settings, **wrong)
    assert list_schedules(home, NOW) == []


def test_a_schedule_that_does_not_exist_is_not_found(home: Home, settings: ServiceSettings) -> None:
    queue = RecordingQueue(home)
    for asked in (
        lambda: find_schedule(home, "x", NOW),
        lambda: pause_schedule(home, "x"),
        lambda: resume_schedule(home, "x", NOW),
        lambda: remove_schedule(home, "x"),
        lambda: run_schedule(home, queue, "x"),
        lambda: change_schedule(home, settings, "x", NOW, cron="0 1 * * *"),
    ):
        with pytest.raises(NotFound, match="knowwho schedule list"):
            asked()


def test_removing_a_schedule_leaves_its_jobs_and_a_new_one_begins_afresh(
    home: Home, settings: ServiceSettings, queue: RecordingQueue
) -> None:
    queue.work = False
    add(home, settings)
    fire_at(home, queue, NOW + HOUR)
    work_off(home, NOW + HOUR, JobState.FAILED, "no")
    remove_schedule(home, "hourly")
    assert len(all_jobs(home)) == 1
    later = NOW + HOUR * 1.5
    add(home, settings, now=later)
    status = find_schedule(home, "hourly", later)
    assert (status.last_job, status.problem) == (None, None)


def test_health_is_silent_while_all_is_well(home: Home, settings: ServiceSettings, queue: RecordingQueue) -> None:
    assert schedule_health(home, NOW) == []
    add(home, settings)
    with home.database.begin() as transaction:
        workers.sign_on(transaction, "w", "host", 1, NOW + HOUR)
    fire_at(home, queue, NOW + HOUR)
    assert schedule_health(home, NOW + HOUR) == []


def test_health_tells_when_no_worker_lives_unless_every_schedule_is_paused(
    home: Home, settings: ServiceSettings
) -> None:
    add(home, settings)
    with home.database.begin() as transaction:
        workers.sign_on(transaction, "w", "host", 1, NOW)
    assert schedule_health(home, NOW + timedelta(seconds=59)) == []
    (told,) = schedule_health(home, NOW + timedelta(seconds=61))
    assert "no worker is running" in told
    pause_schedule(home, "hourly")
    assert schedule_health(home, NOW + HOUR * 10) == []


def test_health_tells_of_a_failed_job_without_its_error(
    home: Home, settings: ServiceSettings, queue: RecordingQueue
) -> None:
    queue.work = False
    add(home, settings)
    fire_at(home, queue, NOW + HOUR)
    work_off(home, NOW + HOUR, JobState.FAILED, "secret/plan.md cannot be read")
    told = " ".join(schedule_health(home, NOW + HOUR))
    assert "schedule hourly: its last job schedule-hourly-20260615T130000Z failed" in told
    assert "secret" not in told


def test_a_schedule_is_shown_with_its_words_its_next_runs_and_its_last_job(
    home: Home, settings: ServiceSettings, queue: RecordingQueue
) -> None:
    add(home, settings)
    fire_at(home, queue, NOW + HOUR)
    (status,) = list_schedules(home, NOW + HOUR * 1.1, runs=2)
    assert status.words == "At the start of every hour"
    assert status.next_runs == (NOW + HOUR * 2, NOW + HOUR * 3)
    assert status.last_job is not None
    assert status.last_job.state is JobState.DONE
    pause_schedule(home, "hourly")
    assert find_schedule(home, "hourly", NOW).next_runs == ()
