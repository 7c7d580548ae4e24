"""Cron expressions: their ticks, and what they say in words."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from cronsim import CronSim, CronSimError

from indexer.domain.errors import JobInvalid
from indexer.jobs.zones import zone_of

FIELDS = 5
LONGEST = 200  # characters
LOOK_BACK = (timedelta(hours=1), timedelta(days=1), timedelta(days=32))


def check_cron(cron: str) -> str:
    """The expression with single spaces. JobInvalid where it cannot be read, or no moment ever fits it."""
    told = " ".join(cron.split())
    if len(told) > LONGEST or len(told.split()) != FIELDS:
        raise JobInvalid(
            f"{told[:LONGEST] or '(empty)'} is not a cron expression: "
            "write five fields (minute, hour, day of the month, month, weekday), like 0 1 * * *"
        )
    if next(ticks_after(told, "UTC", datetime.now(UTC)), None) is None:
        raise JobInvalid(f"{told} never comes: no date fits its day, month and weekday")
    return told


def explain_cron(cron: str) -> str:
    """The expression in words, like `At 01:00 every day`. JobInvalid."""
    return _read(cron, datetime.now(UTC)).explain()


def ticks_after(cron: str, zone: str, moment: datetime) -> Iterator[datetime]:
    """The ticks after the moment, in UTC, earliest first. JobInvalid.

    Expressions with set times fire once a day: a time that is left out in spring fires when the clock has been put
    forward, and one that is repeated in autumn only the first time. Those with a wildcard follow the real hours.
    """
    for tick in _read(cron, moment.astimezone(zone_of(zone))):
        found = tick.astimezone(UTC)
        # In the repeated hour the library begins from the first of the two, which may have passed.
        if found > moment:
            yield found


def newest_tick(cron: str, zone: str, after: datetime, until: datetime) -> datetime | None:
    """The newest tick in (after, until], in UTC. JobInvalid."""
    first = next(ticks_after(cron, zone, after), None)
    if first is None or first > until:
        return None
    # Look back in growing steps: after a year of downtime, not every minute of it is worth counting.
    for span in LOOK_BACK:
        newest = _last_of(cron, zone, max(after, until - span), until)
        if newest is not None:
            return newest
    return _last_of(cron, zone, after, until)


def _last_of(cron: str, zone: str, after: datetime, until: datetime) -> datetime | None:
    last = None
    for tick in ticks_after(cron, zone, after):
        if tick > until:
            break
        last = tick
    return last


def _read(cron: str, moment: datetime) -> CronSim:
    try:
        return CronSim(cron, moment)
    except CronSimError as error:
        part = str(error).removeprefix("Bad ")
        raise JobInvalid(
            f"{cron} is not a cron expression: its {part} is not possible; "
            "the fields are minute (0-59), hour (0-23), day of the month (1-31), month (1-12), weekday (0-7, SUN-SAT)"
        ) from error
