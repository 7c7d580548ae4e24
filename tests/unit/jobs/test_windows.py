from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

from indexer.domain.errors import JobInvalid
from indexer.domain.jobs import Window
from indexer.jobs.windows import check_window, is_open, next_opening, parse_window, tell_window

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
NIGHT = Window(time(22), time(6), "Europe/Berlin")
NOON = Window(time(11, 30), time(13), "Europe/Berlin")

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "America/Santiago")


def berlin(*moment: int, fold: int = 0) -> datetime:
    return datetime(*moment, tzinfo=BERLIN, fold=fold).astimezone(UTC)  # type: ignore[misc, arg-type]


def test_a_window_begins_with_its_first_minute_and_ends_before_its_last() -> None:
    edges = (berlin(2026, 1, 5, 11, 29), berlin(2026, 1, 5, 11, 30), berlin(2026, 1, 5, 12, 59), berlin(2026, 1, 5, 13))
    assert [is_open(NOON, edge) for edge in edges] == [False, True, True, False]


def test_a_window_over_midnight_is_open_on_both_sides_of_it() -> None:
    hours = {hour: is_open(NIGHT, berlin(2026, 1, 5, hour)) for hour in range(24)}
    assert {hour for hour, opened in hours.items() if opened} == {22, 23, 0, 1, 2, 3, 4, 5}


def test_the_time_in_the_windows_zone_counts() -> None:
    assert is_open(NIGHT, datetime(2026, 7, 1, 20, 0, tzinfo=UTC))
    assert not is_open(NIGHT, datetime(2026, 1, 1, 20, 0, tzinfo=UTC))
    assert is_open(NIGHT, datetime(2026, 1, 1, 16, 30, tzinfo=NEW_YORK))


def test_an_open_window_opens_now() -> None:
    now = berlin(2026, 1, 5, 23, 17, 42)
    assert next_opening(NIGHT, now) == now


def test_a_closed_window_opens_at_its_beginning() -> None:
    assert next_opening(NIGHT, berlin(2026, 1, 5, 6)) == berlin(2026, 1, 5, 22)
    assert next_opening(NOON, berlin(2026, 1, 5, 13, 0, 1)) == berlin(2026, 1, 6, 11, 30)
    assert next_opening(NOON, berlin(2026, 1, 5, 11, 29, 59)) == berlin(2026, 1, 5, 11, 30)


def test_a_window_whose_beginning_is_left_out_in_spring_opens_when_the_clock_was_put_forward() -> None:
    window = Window(time(2, 30), time(5), "Europe/Berlin")
    assert next_opening(window, berlin(2026, 3, 29, 1)) == berlin(2026, 3, 29, 3)
    overseas = Window(time(2, 30), time(5), "America/New_York")
    now = datetime(2026, 3, 8, 1, tzinfo=NEW_YORK)
    assert next_opening(overseas, now) == datetime(2026, 3, 8, 3, tzinfo=NEW_YORK).astimezone(UTC)


def test_a_window_that_is_left_out_as_a_whole_opens_a_day_later() -> None:
    window = Window(time(2, 10), time(2, 50), "Europe/Berlin")
    assert next_opening(window, berlin(2026, 3, 29, 1)) == berlin(2026, 3, 30, 2, 10)


def test_a_window_in_the_repeated_hour_opens_both_times() -> None:
    window = Window(time(2, 10), time(2, 50), "Europe/Berlin")
    assert [is_open(window, berlin(2026, 10, 25, 2, 30, fold=fold)) for fold in (0, 1)] == [True, True]
    assert next_opening(window, berlin(2026, 10, 25, 2, 50, fold=0)) == berlin(2026, 10, 25, 2, 10, fold=1)


def test_a_night_is_an_hour_shorter_in_spring_and_longer_in_autumn() -> None:
    def open_hours(begin: datetime) -> float:
        return sum(is_open(NIGHT, begin + timedelta(minutes=minute)) for minute in range(24 * 60)) / 60

    assert [open_hours(berlin(2026, month, day, 12)) for month, day in ((3, 28), (6, 1), (10, 24))] == [7, 8, 9]


@trials(deadline=None)
@given(
    st.builds(Window, st.times(), st.times(), st.sampled_from(ZONES)),
    st.datetimes(datetime(2005, 1, 1), datetime(2037, 1, 1)),
)
def test_a_window_is_open_from_its_next_opening_and_not_a_minute_before(window: Window, moment: datetime) -> None:
    begin, end = (edge.replace(second=0, microsecond=0) for edge in (window.begin, window.end))
    whole = Window(begin, end, window.zone)
    now = moment.replace(tzinfo=UTC)
    opening = next_opening(whole, now)
    assert opening >= now
    assert is_open(whole, opening)
    assert opening == now or not is_open(whole, max(now, opening - timedelta(minutes=1)))


def test_a_window_is_read_from_its_text() -> None:
    assert parse_window("22:00-06:00", "Europe/Berlin") == NIGHT
    assert parse_window(" 11:30 – 13:00 ", "Europe/Berlin") == NOON
    assert parse_window("18:00-24:00", "UTC") == Window(time(18), time(0), "UTC")
    assert parse_window(*tell_window(NIGHT).split()) == NIGHT


@pytest.mark.parametrize("text", ["", "22:00", "22:00-", "25:00-06:00", "ten-six", "22-06", "22:00-06:00-07:00"])
def test_what_is_no_window_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(JobInvalid, match="22:00-06:00"):
        parse_window(text, "UTC")


def test_an_empty_window_and_one_of_seconds_are_refused() -> None:
    with pytest.raises(JobInvalid, match="empty"):
        parse_window("22:00-22:00", "UTC")
    with pytest.raises(JobInvalid, match="whole minutes"):
        check_window(Window(time(2, 0, 10), time(2, 0, 20), "UTC"))


def test_a_window_that_never_opens_is_said_to() -> None:
    with pytest.raises(JobInvalid, match="never opens"):
        next_opening(Window(time(2, 0, 10), time(2, 0, 20), "UTC"), datetime(2026, 1, 1, tzinfo=UTC))


def test_a_zone_that_does_not_exist_is_refused_with_a_proposal() -> None:
    with pytest.raises(JobInvalid, match="did you mean Europe/Berlin"):
        parse_window("22:00-06:00", "Europe/Berln")
    for wrong in ("", "../../etc/passwd", "Europe"):
        with pytest.raises(JobInvalid, match="there is no time zone"):
            parse_window("22:00-06:00", wrong)
