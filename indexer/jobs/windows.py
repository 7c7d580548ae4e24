"""The hours in which a job may run, by the clock on the wall of its time zone."""

from datetime import UTC, datetime, time, timedelta

from indexer.domain.errors import JobInvalid
from indexer.domain.jobs import Window
from indexer.jobs.zones import check_zone, zone_of

MINUTE = timedelta(minutes=1)
LONGEST_WAIT = timedelta(days=3)  # a zone may leave out a whole day when it moves over the date line


def parse_window(text: str, zone: str) -> Window:
    """The window of a text like `22:00-06:00`. JobInvalid for anything else, and for a zone that does not exist."""
    begin, joint, end = text.replace("–", "-").partition("-")
    if not joint:
        raise JobInvalid(f"{text} is not a window: write two times of the day, like 22:00-06:00")
    return check_window(Window(_time_of(begin, text), _time_of(end, text), zone))


def check_window(window: Window) -> Window:
    """The same window. JobInvalid where it is empty, is finer than a minute, or has a zone that does not exist."""
    check_zone(window.zone)
    if window.begin == window.end:
        raise JobInvalid(f"the window {tell_window(window)} is empty: leave it out to allow every hour")
    if any(edge.second or edge.microsecond or edge.tzinfo for edge in (window.begin, window.end)):
        raise JobInvalid(f"the window {tell_window(window)} must begin and end at whole minutes, like 22:00-06:00")
    return window


def tell_window(window: Window) -> str:
    return f"{window.begin:%H:%M}-{window.end:%H:%M} {window.zone}"


def is_open(window: Window, now: datetime) -> bool:
    """Whether the clock in the window's zone shows a time in [begin, end). When an hour is repeated in autumn, its
    times are inside or outside both times; one that is left out in spring is never shown."""
    shown = now.astimezone(zone_of(window.zone)).time()
    if window.begin < window.end:
        return window.begin <= shown < window.end
    return shown >= window.begin or shown < window.end


def next_opening(window: Window, now: datetime) -> datetime:
    """The first moment from `now` on, in UTC, at which the window is open: `now` itself while it is. JobInvalid for
    a window that never opens."""
    if is_open(window, now):
        return now.astimezone(UTC)
    # Minute by minute (about 2 ms a day), because the clock may be put forward or back in between.
    moment = now.astimezone(UTC).replace(second=0, microsecond=0)
    last = moment + LONGEST_WAIT
    while moment < last:
        moment += MINUTE
        if is_open(window, moment):
            return moment
    raise JobInvalid(f"the window {tell_window(window)} never opens: leave it out to allow every hour")


def _time_of(text: str, window: str) -> time:
    told = text.strip()
    try:
        return time() if told == "24:00" else datetime.strptime(told, "%H:%M").time()
    except ValueError as error:
        raise JobInvalid(f"{window} is not a window: write two times of the day, like 22:00-06:00") from error
