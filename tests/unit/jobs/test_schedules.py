from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

from indexer.domain.errors import JobInvalid
from indexer.domain.jobs import Job, JobKind, JobRequest, JobState, Schedule, Window
from indexer.jobs.cron import check_cron, explain_cron, ticks_after
from indexer.jobs.schedules import GRACE, due, job_id, next_runs, overdue
from indexer.jobs.zones import check_zone

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "America/Santiago")
CRONS = (
    "0 1 * * *",
    "30 2 * * *",
    "0 2,3 * * *",
    "15,45 1-3 * * *",
    "*/20 * * * *",
    "0 * * * *",
    "*/10 2 * * *",
    "0 0 * * *",
    "30 2 * * SUN",
    "0 3 L * *",
    "59 23 1,15 * 1",
)
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


def make(cron: str = "0 1 * * *", zone: str = "Europe/Berlin", last: datetime = NOW, **values: object) -> Schedule:
    request = JobRequest(JobKind.REINDEX, {"sources": ["library"]}, "schedule nightly")
    made = Schedule("nightly", request, cron, zone, paused=False, created=last, last_tick=last)
    return replace(made, **values)  # type: ignore[arg-type]


def shown(cron: str, zone: str, begin: datetime, count: int) -> list[str]:
    """Ticks as a clock on the wall shows them."""
    place = ZoneInfo(zone)
    ticks = islice(ticks_after(cron, zone, begin.replace(tzinfo=place)), count)
    return [f"{tick.astimezone(place):%d %H:%M %Z}" for tick in ticks]


def test_a_time_that_is_left_out_in_spring_comes_when_the_clock_was_put_forward() -> None:
    berlin = shown("30 2 * * *", "Europe/Berlin", datetime(2026, 3, 28), 3)
    assert berlin == ["28 02:30 CET", "29 03:00 CEST", "30 02:30 CEST"]
    new_york = shown("30 2 * * *", "America/New_York", datetime(2026, 3, 7), 3)
    assert new_york == ["07 02:30 EST", "08 03:00 EDT", "09 02:30 EDT"]


def test_a_time_that_is_repeated_in_autumn_comes_once() -> None:
    berlin = shown("30 2 * * *", "Europe/Berlin", datetime(2026, 10, 24), 3)
    assert berlin == ["24 02:30 CEST", "25 02:30 CEST", "26 02:30 CET"]
    new_york = shown("30 1 * * *", "America/New_York", datetime(2026, 10, 31), 3)
    assert new_york == ["31 01:30 EDT", "01 01:30 EDT", "02 01:30 EST"]


def test_every_hour_follows_the_real_hours_over_a_change_of_the_clock() -> None:
    spring = shown("0 * * * *", "Europe/Berlin", datetime(2026, 3, 29, 0, 30), 3)
    assert spring == ["29 01:00 CET", "29 03:00 CEST", "29 04:00 CEST"]
    autumn = shown("0 * * * *", "Europe/Berlin", datetime(2026, 10, 25, 1, 30), 3)
    assert autumn == ["25 02:00 CEST", "25 02:00 CET", "25 03:00 CET"]


def test_within_the_repeated_hour_no_tick_of_the_past_is_next() -> None:
    second_time = datetime(2026, 10, 25, 2, 10, tzinfo=ZoneInfo("Europe/Berlin"), fold=1)
    following = next(ticks_after("30 2 * * *", "Europe/Berlin", second_time))
    assert following == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


def test_a_night_of_downtime_makes_only_the_newest_tick_due() -> None:
    schedule = make("0 * * * *", "UTC", datetime(2026, 6, 14, 20, tzinfo=UTC))
    assert due(schedule, datetime(2026, 6, 15, 7, 59, tzinfo=UTC)) == datetime(2026, 6, 15, 7, tzinfo=UTC)


def test_a_year_of_downtime_makes_only_the_newest_tick_due() -> None:
    for cron, newest in (("* * * * *", NOW), ("0 0 1 1 *", datetime(2026, 1, 1, tzinfo=UTC))):
        assert due(make(cron, "UTC", NOW - timedelta(days=365)), NOW + timedelta(seconds=59)) == newest


def test_a_tick_is_due_at_its_moment_and_not_once_it_was_dealt_with() -> None:
    tick = datetime(2026, 6, 15, 23, tzinfo=UTC)
    assert due(make(), tick - timedelta(microseconds=1)) is None
    assert due(make(), tick) == tick
    assert due(make(last=tick), tick) is None
    assert due(make(last=tick), tick + timedelta(hours=23, minutes=59)) is None


@trials(deadline=None)
@given(
    st.sampled_from(CRONS),
    st.sampled_from(ZONES),
    st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
    st.timedeltas(timedelta(0), timedelta(days=20)),
)
def test_the_due_tick_is_the_last_of_those_that_were_next(
    cron: str, zone: str, last: datetime, away: timedelta
) -> None:
    now = last + away
    ticks = []
    for tick in ticks_after(cron, zone, last):
        if tick > now:
            break
        ticks.append(tick)
    assert ticks == sorted(set(ticks))
    assert due(make(cron, zone, last), now) == (ticks[-1] if ticks else None)


@trials(deadline=None)
@given(
    st.sampled_from(CRONS),
    st.sampled_from(ZONES),
    st.datetimes(datetime(2026, 3, 1), datetime(2026, 11, 10), timezones=st.just(UTC)),
    st.lists(st.timedeltas(timedelta(seconds=1), timedelta(hours=3)), min_size=1, max_size=30),
)
def test_looking_often_finds_the_same_ticks_as_looking_ahead(
    cron: str, zone: str, begin: datetime, steps: list[timedelta]
) -> None:
    schedule, now, found = make(cron, zone, begin), begin, set[datetime]()
    for step in steps:
        now += step
        tick = due(schedule, now)
        if tick is not None:
            found.add(tick)
            schedule = replace(schedule, last_tick=tick)
    ahead = set[datetime]()
    for tick in ticks_after(cron, zone, begin):
        if tick > now:
            break
        ahead.add(tick)
    assert found <= ahead
    assert not ahead or max(found) == max(ahead)


def test_the_id_of_a_job_names_schedule_and_tick() -> None:
    tick = datetime(2026, 3, 29, 3, tzinfo=ZoneInfo("Europe/Berlin"))
    assert job_id(make(), tick) == "schedule-nightly-20260329T010000Z"


def test_the_next_runs_are_told_in_utc() -> None:
    assert next_runs(make(), NOW, 2) == [datetime(2026, 6, 15, 23, tzinfo=UTC), datetime(2026, 6, 16, 23, tzinfo=UTC)]


def test_an_expression_is_told_in_words() -> None:
    assert explain_cron("30 2 * * 1-5") == "At 02:30 on Monday through Friday"


def test_an_expression_is_kept_with_single_spaces() -> None:
    assert check_cron("  0 1\t* *  MON ") == "0 1 * * MON"


@pytest.mark.parametrize(
    ("cron", "told"),
    [
        ("", "five fields"),
        ("@daily", "five fields"),
        ("0 0 1 * * *", "five fields"),
        ("61 * * * *", "minute"),
        ("0 24 * * *", "hour"),
        ("0 0 32 * *", "day-of-month"),
        ("0 0 * FOO *", "month"),
        ("0 0 * * 8", "day-of-week"),
        ("*/0 * * * *", "minute"),
        ("0 0 30 2 *", "day-of-month"),
        ("0 " + "1," * 200 + "1 * * *", "five fields"),
    ],
)
def test_what_is_no_expression_is_refused_and_the_field_named(cron: str, told: str) -> None:
    with pytest.raises(JobInvalid, match=told):
        check_cron(cron)


@trials(deadline=None)
@given(st.text(alphabet="*/,-LW#0123456789MONJAN ?@²", max_size=40))
def test_any_text_is_an_expression_or_refused(text: str) -> None:
    try:
        told = check_cron(text)
    except JobInvalid:
        return
    assert explain_cron(told)
    assert next_runs(make(told), NOW, 1)


def test_a_zone_is_proposed_for_one_that_does_not_exist() -> None:
    assert check_zone("America/New_York") == "America/New_York"
    with pytest.raises(JobInvalid, match="did you mean America/New_York"):
        check_zone("america/new york")


def job(state: JobState, created: datetime, schedule: Schedule | None = None, **values: object) -> Job:
    request = (schedule or make()).request
    made = Job(f"job-{created:%H%M}", request, state, created)
    return replace(made, **values)  # type: ignore[arg-type]


TICK = datetime(2026, 6, 15, 23, tzinfo=UTC)


def test_a_tick_that_nobody_dealt_with_is_overdue_after_the_grace() -> None:
    assert overdue(make(), [], TICK + GRACE) is None
    told = overdue(make(), [], TICK + GRACE + timedelta(seconds=1))
    assert told is not None
    assert "nightly was due on 16 June 2026 at 01:00 CEST" in told


def test_a_paused_schedule_is_never_overdue() -> None:
    failed = job(JobState.FAILED, NOW, ended=NOW)
    assert overdue(make(paused=True), [failed], NOW + timedelta(days=400)) is None


def test_a_schedule_without_a_tick_yet_is_not_overdue() -> None:
    assert overdue(make("0 0 1 1 *"), [], NOW + timedelta(days=100)) is None


def test_a_job_that_does_not_begin_is_overdue() -> None:
    waiting = job(JobState.WAITING, TICK)
    schedule = make(last=TICK)
    assert overdue(schedule, [waiting], TICK + GRACE) is None
    told = overdue(schedule, [waiting], TICK + GRACE * 2)
    assert told is not None
    assert waiting.id in told
    assert overdue(schedule, [replace(waiting, started=TICK)], TICK + GRACE * 2) is None


def test_a_job_may_wait_for_its_window_but_not_in_it() -> None:
    night = make(last=TICK)
    night = replace(night, request=replace(night.request, window=Window(time(4), time(6), "Europe/Berlin")))
    opening = datetime(2026, 6, 16, 2, tzinfo=UTC)
    resting = [job(JobState.WAITING, TICK, night), job(JobState.PAUSED, TICK, night, started=TICK)]
    for entry in resting:
        assert overdue(night, [entry], opening + GRACE - timedelta(minutes=1)) is None
        assert overdue(night, [entry], opening + GRACE + timedelta(minutes=1)) is not None


def test_a_failed_job_is_flagged_until_one_is_done() -> None:
    failed = job(JobState.FAILED, TICK - timedelta(days=1), ended=TICK - timedelta(days=1), error="private/plan.md")
    cancelled = job(JobState.CANCELLED, TICK, ended=TICK)
    told = overdue(make(last=TICK), [cancelled, failed], TICK)
    assert told is not None
    assert failed.id in told
    assert "private" not in told
    done = job(JobState.DONE, TICK, ended=TICK + timedelta(minutes=5))
    assert overdue(make(last=TICK), [failed, done], TICK) is None


def test_jobs_of_others_do_not_count() -> None:
    other = job(JobState.FAILED, TICK, ended=TICK)
    other = replace(other, request=replace(other.request, asked_by="command line"))
    assert overdue(make(last=TICK), [other], TICK) is None


def test_a_schedule_that_a_wrong_clock_sent_into_the_future_is_flagged() -> None:
    told = overdue(make(last=NOW + timedelta(days=900)), [], NOW)
    assert told is not None
    assert "pause and resume" in told


def test_a_schedule_that_cannot_be_read_any_more_is_flagged() -> None:
    for broken in (make(zone="Europe/Atlantis"), make(cron="no cron at all")):
        told = overdue(broken, [], NOW)
        assert told is not None
        assert "cannot start its job" in told
