"""Time zones by their IANA names."""

from difflib import get_close_matches
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from indexer.domain.errors import JobInvalid


def check_zone(name: str) -> str:
    """The same name; JobInvalid where no time zone has it, proposing one that is written alike."""
    names = available_timezones()
    if name in names:
        return name
    alike = {known.lower(): known for known in names}
    near = get_close_matches(name.lower(), alike, n=1)
    hint = f"; did you mean {alike[near[0]]}?" if near else ": write an IANA name like Europe/Berlin, or UTC"
    raise JobInvalid(f"there is no time zone {name or '(empty)'}{hint}")


def zone_of(name: str) -> ZoneInfo:
    """The time zone of this name; JobInvalid where this machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise JobInvalid(
            f"this machine knows no time zone {name}: bring its package tzdata up to date, or choose another zone"
        ) from error
