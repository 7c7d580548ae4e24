"""Threads in Knowwho's own JSON Lines format: one thread a line."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from indexer.domain.content import DocumentKind, ItemMetadata, ItemStamp, SourceItem
from indexer.domain.errors import ItemGone
from indexer.notation import KNOWWHO_THREAD, one_line
from indexer.settings import ThreadsSource
from indexer.sources.base import Changes, compare
from indexer.sources.fields import link
from indexer.sources.folder import check_size
from indexer.sources.trees import file_mark, open_uncompressed

ID_FIRST = re.compile(rb'\s*\{\s*"id"\s*:\s*(?:"(?P<text>[^"\\]*)"|(?P<number>-?\d+))\s*,')


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    size: int
    revision: str


class Threads:
    """A `Source` over the lines of one file. An item's uri is the thread's `id`, else its line number."""

    def __init__(self, settings: ThreadsSource, max_item_bytes: int) -> None:
        self._settings = settings
        self._max_item_bytes = max_item_bytes
        self._file: BinaryIO | None = None
        self._lines: dict[str, _Line] = {}

    def mark(self) -> str | None:
        return file_mark(self._settings.path)

    def changes_since(self, known: Mapping[str, str]) -> Changes:
        self._list()
        stamps = (ItemStamp(uri, line.revision) for uri, line in self._lines.items())
        return compare(self._settings.name, stamps, known)

    def fetch(self, uri: str) -> SourceItem:
        if not self._lines:
            self._list()
        line = self._lines.get(uri)
        if line is None:
            raise ItemGone("The thread has gone since the file was listed")
        check_size(line.size, self._max_item_bytes)
        file = self._open()
        file.seek(line.start)
        metadata = ItemMetadata(
            kind=self._settings.document_kind or DocumentKind.THREAD, url=link(self._settings.url, id=uri)
        )
        return SourceItem(uri, line.revision, file.read(line.size), KNOWWHO_THREAD, metadata=metadata)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self) -> BinaryIO:
        if self._file is None:
            self._file = open_uncompressed(self._settings.path)
        return self._file

    def _list(self) -> None:
        self._lines = {}
        file = self._open()
        file.seek(0)
        for number, (start, content) in enumerate(_lines(file), 1):
            uri = _thread_id(content) or f"line-{number}"
            uri = uri if uri not in self._lines else f"{uri}~{number}"
            digest = hashlib.blake2b(content, digest_size=12).hexdigest()
            self._lines[uri] = _Line(start, len(content), digest)


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    start = 0
    for content in file:
        if content.strip():
            yield start, content
        start += len(content)


def _thread_id(content: bytes) -> str | None:
    # Nearly every line begins with its id; reading the rest of a file of gigabytes only for that would take minutes.
    if content.rstrip().endswith(b"}") and (told := ID_FIRST.match(content)):
        return one_line((told["text"] or told["number"]).decode("utf-8", "replace")) or None
    try:
        thread = json.loads(content)
    except (ValueError, RecursionError):  # the parser will say what is wrong with this line
        return None
    found = thread.get("id") if isinstance(thread, dict) else None
    return one_line(str(found)) if isinstance(found, (str, int)) else None
