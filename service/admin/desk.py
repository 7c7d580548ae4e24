"""What every use case here works with, and how it says that something does not go."""

import base64
import binascii
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Generic, TypeVar

from indexer.domain.errors import Conflict, GenerationInvalid, HomeBusy, IndexCorrupt, JobInvalid, QueryInvalid
from indexer.home import Home
from service.settings import ServiceSettings

if TYPE_CHECKING:  # the job engine takes a third of a second that the commands need not pay
    from indexer.jobs.queue import JobQueue

MOST_LISTED = 100
LISTED = 25

NO_WORKER = "No worker is running, so jobs wait: start one with `knowwho worker`."
BUSY = "a job is writing the home: wait until it has ended, or cancel it"

Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class Desk:
    """Where an admin works. Only whoever may look after the home is given one. Home and queue act in the name of the
    admin's account, so that what is done with them comes into the audit trail; `asked_by` is its name, written into
    what is asked for. `read_settings` says what the settings file says now."""

    home: Home
    queue: "JobQueue"
    read_settings: Callable[[], ServiceSettings]
    asked_by: str

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Listed(Generic[Entry]):
    """A page of a list; `next` is the cursor of the one after it, None at the end."""

    entries: Sequence[Entry]
    next: str | None


def page_of(
    entries: Sequence[Entry], name: Callable[[Entry], str], cursor: str | None, limit: int | None
) -> Listed[Entry]:
    """So many entries after the one that the cursor names. QueryInvalid for a cursor that comes from no list of ours,
    or whose entry has gone."""
    begin = 0
    if cursor:
        last = read_cursor(cursor)
        begin = next((place for place, entry in enumerate(entries, 1) if name(entry) == last), 0)
        if not begin:
            raise foreign_cursor(cursor)
    size = limit or LISTED
    shown = entries[begin : begin + size]
    more = begin + size < len(entries)
    return Listed(shown, make_cursor(name(shown[-1])) if more else None)


def make_cursor(last: str) -> str:
    return base64.urlsafe_b64encode(f"after:{last}".encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> str:
    """The name in a cursor. QueryInvalid for anything that we did not make."""
    try:
        told = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError) as error:
        raise foreign_cursor(cursor) from error
    if not told.startswith("after:"):
        raise foreign_cursor(cursor)
    return told.removeprefix("after:")


def foreign_cursor(cursor: str) -> QueryInvalid:
    return QueryInvalid(f"the cursor {cursor[:100]!r} leads nowhere any more: start again without it")


@contextmanager
def conflicts() -> Iterator[None]:
    """Turn what forbids an action on something that exists into Conflict."""
    try:
        yield
    except HomeBusy as error:
        raise Conflict(BUSY) from error
    except (JobInvalid, GenerationInvalid, IndexCorrupt) as error:
        raise Conflict(str(error)) from error
