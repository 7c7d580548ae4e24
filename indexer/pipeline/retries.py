"""Which errors pass by themselves, and when to try again what failed."""

from datetime import datetime, timedelta

from indexer.domain.errors import DocumentUnreadable, HomeBusy, KnowwhoError, SourceUnavailable, StorageFull
from indexer.settings import JobSettings

PASSING = (SourceUnavailable, HomeBusy, StorageFull)
EACH_TIME_LONGER = 4


def is_passing(error: KnowwhoError) -> bool:
    """Whether the same attempt may succeed later with nothing mended: a network that failed, a machine that was busy or
    short of memory, a full disk. A file that is encrypted, damaged or too large stays so until it changes."""
    return error.passing if isinstance(error, DocumentUnreadable) else isinstance(error, PASSING)


def next_try(error: KnowwhoError, failures: int, settings: JobSettings, now: datetime) -> datetime | None:
    """When to try again what has failed so many times in a row, this error the last; None where it is parked."""
    if not is_passing(error) or failures > settings.retries:
        return None
    return now + timedelta(minutes=settings.retry_minutes * EACH_TIME_LONGER ** (failures - 1))
