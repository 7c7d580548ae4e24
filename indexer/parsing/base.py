"""What every parser offers and is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from indexer.domain.content import ItemState, ParsedDocument
from indexer.domain.errors import DocumentUnreadable


@dataclass(frozen=True, slots=True)
class ParseHints:
    """What is known of some bytes before they are read. `file_name` may be a whole path, always with `/`."""

    file_name: str
    media_type: str | None = None
    encoding: str | None = None
    max_characters: int = 5_000_000


class Parser(Protocol):
    """Reads one family of formats."""

    def parse(self, content: bytes, hints: ParseHints) -> ParsedDocument:
        """The document in `content`. Raises DocumentUnreadable where there is none to be had."""
        ...


@contextmanager
def unreadable_if_damaged(reason: str) -> Iterator[None]:
    """Turns whatever a library raises into DocumentUnreadable with `reason`.

    Libraries fail on damaged input with any exception that their code happens to trip over, so no list of types would
    be complete. Running out of memory is not the file's format: it passes.
    """
    try:
        yield
    except (DocumentUnreadable, MemoryError):
        raise
    except Exception as error:
        raise DocumentUnreadable(ItemState.FAILED, f"{reason} ({type(error).__name__})") from error
