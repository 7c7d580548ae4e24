"""Rows of a CSV or JSON Lines file, one document each."""

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from indexer.domain.content import DocumentKind, ItemStamp, ItemState, SourceItem
from indexer.domain.errors import DocumentUnreadable, SourceUnavailable
from indexer.notation import KNOWWHO_RECORD, decode_text
from indexer.settings import TableSource
from indexer.sources.base import Changes, compare
from indexer.sources.fields import link, lookup, metadata_from
from indexer.sources.trees import file_mark, open_uncompressed

Row = Mapping[str, Any]


class TableRows:
    """A `Source` over the rows of one file. An item's uri is the value of its id column."""

    def __init__(self, settings: TableSource) -> None:
        self._settings = settings
        self._rows: dict[str, Row] = {}

    def mark(self) -> str | None:
        return file_mark(self._settings.path)

    def changes_since(self, known: Mapping[str, str]) -> Changes:
        self._read()
        stamps = (ItemStamp(uri, _revision(row)) for uri, row in self._rows.items())
        return compare(self._settings.name, stamps, known)

    def fetch(self, uri: str) -> SourceItem:
        if not self._rows:
            self._read()
        row = self._rows.get(uri)
        if row is None:
            raise DocumentUnreadable(ItemState.FAILED, "The row has gone since the table was listed")
        sections = [{"heading": key, "text": str(lookup(row, key) or "")} for key in self._settings.text]
        metadata = metadata_from(row, self._settings.fields, self._settings)
        metadata = replace(
            metadata,
            kind=metadata.kind or DocumentKind.LESSON,
            url=metadata.url or link(self._settings.url, id=uri),
        )
        content = json.dumps({"sections": sections}).encode()
        return SourceItem(uri, _revision(row), content, KNOWWHO_RECORD, metadata=metadata)

    def close(self) -> None:
        self._rows = {}

    def _read(self) -> None:
        rows: dict[str, Row] = {}
        for number, row in enumerate(self._records(), 1):
            uri = str(lookup(row, self._settings.id) or "").strip()
            if not uri:
                raise SourceUnavailable(
                    f"{self._settings.path}: row {number} has nothing in the column {self._settings.id!r} that `id` "
                    f"names; the columns are {', '.join(map(str, row))}"
                )
            rows[uri if uri not in rows else f"{uri}~{number}"] = row
        self._rows = rows

    def _records(self) -> Iterator[Row]:
        path = self._settings.path
        with open_uncompressed(path) as file:
            text = decode_text(file.read(), self._settings.encoding).text
        name = PurePath(path.stem if path.suffix in (".xz", ".gz", ".bz2") else path.name)
        records = _json_lines(text) if name.suffix in (".jsonl", ".ndjson") else self._csv(text)
        try:
            yield from records
        except (csv.Error, json.JSONDecodeError) as error:
            raise SourceUnavailable(f"{path} is not a sound table: {error}") from error

    def _csv(self, text: str) -> Iterator[Row]:
        csv.field_size_limit(2**27)
        delimiter = self._settings.delimiter or _delimiter(text)
        lines = io.StringIO(text, newline=None)
        yield from csv.DictReader(lines, delimiter=delimiter)


def _json_lines(text: str) -> Iterator[Row]:
    for line in text.splitlines():
        if line.strip():
            row = json.loads(line)
            yield row if isinstance(row, dict) else {"value": row}


def _delimiter(text: str) -> str:
    header = text[: text.find("\n")] if "\n" in text else text
    return max((",", ";", "\t"), key=header.count)


def _revision(row: Row) -> str:
    content = json.dumps(row, sort_keys=True, default=str)
    return hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
