"""Reads the many ways in which people and programs write a date."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

from dateutil import parser as dateutil_parser

EARLIEST_YEAR = 1950
LATEST_YEAR = 2100
_MILLISECONDS_FROM = 100_000_000_000  # in seconds this is the year 5138
_LONGEST_DATE = 80
_YEAR = re.compile(r"\d{4}")
_NUMBER = re.compile(r"\d{9,13}(\.\d+)?")
_COMPACT_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})")
_YEAR_MONTH = re.compile(r"(\d{4})[-/.](\d{1,2})")
_YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_PDF_DATE = re.compile(r"D:(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?")
_ZONE_HOURS = {
    "UTC": 0, "GMT": 0, "Z": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
    "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2, "EET": 2, "EEST": 3, "BST": 1, "JST": 9,
}  # fmt: skip


def parse_when(value: object, month_first: bool = False, default_tz: tzinfo = UTC) -> datetime | None:
    """The moment that `value` names, in UTC, or None where it names none between 1950 and 2100.

    Takes a datetime, a date, unix seconds or milliseconds, ISO 8601, a year, and what dateutil reads. `6/7/14` is the
    6th of July unless `month_first`; a moment without a zone is in `default_tz`.
    """
    try:
        moment = _moment(value, month_first)
        return _in_utc(moment, default_tz) if moment is not None else None
    except (ValueError, OverflowError, TypeError, OSError, ArithmeticError):
        return None


def _moment(value: object, month_first: bool) -> datetime | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    if isinstance(value, (int, float)):
        return _from_number(value)
    return _from_text(value.strip(), month_first) if isinstance(value, str) else None


def _from_number(number: float) -> datetime | None:
    if isinstance(number, int) and EARLIEST_YEAR <= number <= LATEST_YEAR:
        return datetime(number, 1, 1)
    seconds = number / 1000 if abs(number) >= _MILLISECONDS_FROM else number
    return datetime.fromtimestamp(seconds, UTC) if seconds > LATEST_YEAR else None


def _from_text(text: str, month_first: bool) -> datetime | None:
    if not text or len(text) > _LONGEST_DATE:
        return None
    for pattern, read in _SHAPES:
        if match := pattern.fullmatch(text):
            return read(match)
    if match := _PDF_DATE.match(text):
        return _from_parts(match)
    text = _YEAR_FIRST.sub(lambda match: f"{match[1]}-{match[2]:0>2}-{match[3]:0>2}", text, count=1)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return _guessed(text, month_first)


def _from_parts(match: re.Match[str]) -> datetime:
    given = [int(part) for part in match.groups() if part is not None]
    year, month, day, hour, minute, second = given + [1, 1, 1, 0, 0, 0][len(given) :]
    return datetime(year, month, day, hour, minute, second)


_SHAPES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], datetime | None]], ...] = (
    (_YEAR, lambda match: datetime(int(match[0]), 1, 1)),
    (_NUMBER, lambda match: _from_number(float(match[0]))),
    (_COMPACT_DAY, _from_parts),
    (_YEAR_MONTH, _from_parts),
)


def _guessed(text: str, month_first: bool) -> datetime | None:
    """What dateutil makes of the text. It fills gaps from a default; where that gives the year, there is no date."""
    readings = {
        dateutil_parser.parse(text, dayfirst=not month_first, default=datetime(year, 1, 1), tzinfos=_zone)
        for year in (2000, 2004)
    }
    return readings.pop() if len(readings) == 1 else None


def _zone(name: str | None, offset_seconds: int | None) -> tzinfo | None:
    if offset_seconds is not None:
        return timezone(timedelta(seconds=offset_seconds))
    hours = _ZONE_HOURS.get((name or "").upper())
    return timezone(timedelta(hours=hours)) if hours is not None else None


def _in_utc(moment: datetime, default_tz: tzinfo) -> datetime | None:
    if not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=default_tz)
    return aware.astimezone(UTC)
