"""What every source can do, and how changes are told from a listing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from indexer.domain.content import ItemStamp, SourceItem
from indexer.domain.errors import SourceUnavailable


@dataclass(frozen=True, slots=True)
class Changes:
    """How a source differs from what is known of it: items to read, uris that are gone, and how many stayed."""

    to_read: tuple[ItemStamp, ...]
    gone: tuple[str, ...]
    unchanged: int


class Source(Protocol):
    """A place that items come from. Errors: SourceUnavailable when the place cannot be read now; fetch raises
    DocumentUnreadable for a single item that cannot be had."""

    def mark(self) -> str | None:
        """A word for the whole state of the source, cheap to get; equal marks mean that nothing changed.
        None where only a listing can tell."""
        ...

    def changes_since(self, known: Mapping[str, str]) -> Changes:
        """Compare the source with the known revisions (by uri)."""
        ...

    def fetch(self, uri: str) -> SourceItem:
        """The item's bytes, and what the source knows of it."""
        ...

    def close(self) -> None:
        """Give back open files and connections."""
        ...


def compare(name: str, listing: Iterable[ItemStamp], known: Mapping[str, str]) -> Changes:
    """Changes between a listing and the known revisions.

    A listing without any item, where items are known, is taken for an outage (an unmounted disk), not for the removal
    of everything.
    """
    listed = {stamp.uri: stamp for stamp in listing}
    if known and not listed:
        raise SourceUnavailable(
            f"source {name} is empty now, but {len(known)} items were read from it earlier; if that is meant, "
            f"run `knowwho source remove {name}`"
        )
    to_read = tuple(stamp for stamp in listed.values() if known.get(stamp.uri) != stamp.revision)
    gone = tuple(uri for uri in known if uri not in listed)
    return Changes(to_read, gone, len(listed) - len(to_read))
