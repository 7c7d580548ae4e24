from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.notation import parse_when


@pytest.mark.parametrize(
    "value",
    [
        datetime(2014, 6, 7),
        date(2014, 6, 7),
        "2014-06-07",
        "2014-06-07T00:00:00Z",
        "2014-06-07T02:00:00+02:00",
        "2014/6/7",
        "20140607",
        "7/6/14",
        "7 June 2014",
        "June 7, 2014",
        "Sat, 7 Jun 2014 00:00:00 +0000",
        "D:20140607000000Z",
        1402099200,
        1402099200000,
        1402099200.0,
        "1402099200",
    ],
)
def test_every_way_of_writing_a_day_is_read(value):
    assert parse_when(value) == datetime(2014, 6, 7, tzinfo=UTC)


def test_month_first_is_read_where_asked_for():
    assert parse_when("6/7/14", month_first=True) == datetime(2014, 6, 7, tzinfo=UTC)
    assert parse_when("6/6/14") == datetime(2014, 6, 6, tzinfo=UTC)


@pytest.mark.parametrize("value", [2014, "2014"])
def test_a_year_alone_is_its_first_day(value):
    assert parse_when(value) == datetime(2014, 1, 1, tzinfo=UTC)


def test_a_moment_without_zone_is_in_the_default_zone():
    berlin = timezone(timedelta(hours=2))
    assert parse_when("2014-06-07 12:00", default_tz=berlin) == datetime(2014, 6, 7, 10, tzinfo=UTC)
    assert parse_when("2014-06-07T12:00:00Z", default_tz=berlin) == datetime(2014, 6, 7, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    ["", "soon", "10", "12 May", "1949-12-31", "2101-01-01", 0, 12, True, None, [], "0001-01-01", 1e300, "9" * 40],
)
def test_what_names_no_plausible_moment_is_none(value):
    assert parse_when(value) is None


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(max_size=30), st.text("0123456789/-:.TZD ", max_size=25), st.floats(), st.integers()))
def test_any_value_gives_utc_or_none(value):
    moment = parse_when(value)
    assert moment is None or moment.utcoffset() == timedelta(0)
