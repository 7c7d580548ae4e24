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
from indexer.domain.errors import DocumentUnreadable, ItemGone, SourceUnavailable
from indexer.notation import KNOWWHO_RECORD, decode_text, one_line
from indexer.settings import TableSource
from indexer.sources.base import Changes, compare
from indexer.sources.fields import link, lookup, metadata_from
from indexer.sources.trees import file_mark, open_uncompressed

Row = Mapping[str, Any]
SURPLUS = "\0surplus"  # the key of cells beyond the last column


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
            raise ItemGone("The row has gone since the table was listed")
        _refuse_surplus(row)
        sections = [{"heading": key, "text": _cell(row, key)} for key in self._settings.text]
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
            uri = one_line(_cell(row, self._settings.id))
            if not any(str(cell or "").strip() for cell in row.values()):  # spreadsheets leave blank rows behind
                continue
            if not uri:
                raise SourceUnavailable(
                    f"{self._settings.path}: row {number} has nothing in the column {self._settings.id!r} that `id` "
                    f"names; the columns are {', '.join(column for column in row if column != SURPLUS)}"
                )
            rows[uri if uri not in rows else f"{uri}~{number}"] = row
        self._rows = rows

    def _records(self) -> Iterator[Row]:
        path = self._settings.path
        with open_uncompressed(path) as file:
            content = file.read()
        name = PurePath(path.stem if path.suffix in (".xz", ".gz", ".bz2") else path.name)
        records = self._json_lines(content) if name.suffix in (".jsonl", ".ndjson") else self._csv(content)
        try:
            yield from records
        except csv.Error as error:
            raise SourceUnavailable(f"{path} is not a sound table: {error}") from error

    def _csv(self, content: bytes) -> Iterator[Row]:
        text = decode_text(content, self._settings.encoding).text
        csv.field_size_limit(2**27)
        delimiter = self._settings.delimiter or _delimiter(text)
        lines = io.StringIO(text, newline=None)
        for row in csv.DictReader(lines, delimiter=delimiter, restkey=SURPLUS):
            surplus = row.pop(SURPLUS, None) or ()
            yield {**row, SURPLUS: surplus} if any(cell.strip() for cell in surplus) else row

    def _json_lines(self, content: bytes) -> Iterator[Row]:
        encoding = self._settings.encoding or "utf-8-sig"
        for number, line in enumerate(content.split(b"\n"), 1):
            try:
                # Decoded as it is: a text in JSON may hold line separators that cleaning would make new lines of.
                row = json.loads(line.decode(encoding)) if line.strip() else None
            except (ValueError, LookupError, RecursionError) as error:
                place = f"{self._settings.path}, line {number},"
                raise SourceUnavailable(f"{place} is not valid JSON in {encoding}: {error}") from error
            if row is not None:
                yield row if isinstance(row, dict) else {"value": row}


def _delimiter(text: str) -> str:
    header = text[: text.find("\n")] if "\n" in text else text
    return max((",", ";", "\t"), key=header.count)


def _cell(row: Row, key: str) -> str:
    value = lookup(row, key)
    return "" if value is None else str(value)


def _refuse_surplus(row: Row) -> None:
    """A cell too many puts others under wrong columns, and one of them could say who may read the row."""
    if surplus := row.get(SURPLUS):
        told = ", ".join(repr(cell[:40]) for cell in surplus[:3])
        raise DocumentUnreadable(ItemState.FAILED, f"The row has cells beyond the last column: {told}")


def _revision(row: Row) -> str:
    content = json.dumps(row, sort_keys=True, default=str)
    return hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
