"""What a pool and its children say to each other: frames of bytes with their length before them, and JSON in most.

JSON and nothing else, because a hostile file may take over a child: what it then sends must not run in the parent.
"""

import struct
from dataclasses import dataclass
from typing import BinaryIO

from pydantic import TypeAdapter

from indexer.domain.content import ItemState, ParsedDocument

LENGTH = struct.Struct(">Q")


@dataclass(frozen=True, slots=True)
class Request:
    """Asks for one item to be read; its bytes follow in a frame of their own."""

    uri: str
    media_type: str | None
    encoding: str | None
    max_characters: int


@dataclass(frozen=True, slots=True)
class Answer:
    """Either the document, or the state and reason of why there is none, which may be passing.

    A child that is `spent` asks to be replaced. One without document and state says that it is ready.
    """

    document: ParsedDocument | None = None
    state: ItemState | None = None
    reason: str | None = None
    spent: bool = False
    passing: bool = False


REQUEST = TypeAdapter(Request)
ANSWER = TypeAdapter(Answer)


def framed(content: bytes) -> bytes:
    """The content with its length before it."""
    return LENGTH.pack(len(content)) + content


def read_frame(stream: BinaryIO) -> bytes | None:
    """The next frame of a stream that waits; None where it ends."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    content = stream.read(length)
    return content if len(content) == length else None
