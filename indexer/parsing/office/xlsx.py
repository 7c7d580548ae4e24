"""Reads Excel files."""

from collections.abc import Iterator
from datetime import datetime, time
from itertools import chain, islice

import openpyxl

from indexer.domain.content import BlockKind, ParsedDocument
from indexer.domain.errors import DocumentUnreadable
from indexer.notation import one_line
from indexer.parsing.base import ParseHints, unreadable_if_damaged
from indexer.parsing.blocks import BlockWriter
from indexer.parsing.office.container import metadata_of, opened
from indexer.parsing.titles import sensible_title

MAX_COLUMNS = 500
MAX_ROWS = 500_000
MAX_HEADER = 80

_Row = tuple[int, list[str]]  # the row's number and its cells as text


class _Properties:
    """openpyxl calls the author `creator`; the dates have the common names."""

    def __init__(self, creator: str | None, created: datetime | None, modified: datetime | None) -> None:
        self.author, self.created, self.modified = creator or "", created, modified


class XlsxParser:
    """Workbooks: one section a sheet, one block a row, with the header's names before the values."""

    def parse(self, content: bytes, hints: ParseHints) -> ParsedDocument:
        blocks = BlockWriter(hints)
        with opened(content, "Excel") as file:
            workbook = openpyxl.load_workbook(file, read_only=True, data_only=True)
            core = workbook.properties
            properties = _Properties(core.creator, core.created, core.modified)
            title = sensible_title(core.title)
            sheets = [sheet for sheet in workbook.worksheets if sheet.sheet_state == "visible"]
        for sheet in sheets:
            _read_sheet(blocks, sheet)
            if blocks.full:
                break
        return blocks.document(title, metadata_of(properties, properties.author))


def _read_sheet(blocks: BlockWriter, sheet: object) -> None:
    """Adds a sheet; what cannot be read is noted and the other sheets stay."""
    name = one_line(str(getattr(sheet, "title", "")))
    blocks.leave_sections()
    blocks.heading(1, name)
    try:
        with unreadable_if_damaged(f"the sheet {name} could not be read to its end"):
            for number, text in _texts(_rows(sheet)):
                blocks.add(text, BlockKind.TABLE, line=number)
                if blocks.full:
                    return
    except DocumentUnreadable as error:
        blocks.problem(error.reason)


# openpyxl has a class of its own for sheets that are read as a stream, which its stubs do not tell of.
def _rows(sheet: object) -> Iterator[_Row]:
    sheet.reset_dimensions()  # type: ignore[attr-defined]  # files may understate their size
    values = sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS)  # type: ignore[attr-defined]
    for number, row in enumerate(islice(values, MAX_ROWS), start=1):
        cells = [_readable(value) for value in row]
        if any(cells):
            yield number, cells


def _texts(rows: Iterator[_Row]) -> Iterator[tuple[int, str]]:
    first = next(rows, None)
    if first is None:
        return
    second = next(rows, None)
    header = first[1] if second is not None and _is_header(first[1], second[1]) else None
    if header is None:
        yield first[0], _plain(first[1])
    for number, cells in chain([second] if second is not None else [], rows):
        yield number, _named(header, cells) if header else _plain(cells)


def _is_header(first: list[str], second: list[str]) -> bool:
    """A header names at least two columns, each once, in short words, and as many as the next row fills."""
    names = [name for name in first if name]
    short = all(len(name) <= MAX_HEADER and any(map(str.isalpha, name)) for name in names)
    fills = sum(1 for cell in second if cell) <= len(names)
    return len(names) > 1 and len(set(names)) == len(names) and short and fills


def _named(header: list[str], cells: list[str]) -> str:
    names = [*header, *[""] * len(cells)]
    pairs = ((name, cell) for name, cell in zip(names, cells, strict=False) if cell)
    return "; ".join(f"{name}: {cell}" if name else cell for name, cell in pairs)


def _plain(cells: list[str]) -> str:
    return " | ".join(cell for cell in cells if cell)


def _readable(value: object) -> str:
    match value:
        case None:
            text = ""
        case datetime():
            text = value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
        case bool():
            text = "yes" if value else "no"
        case float():
            text = f"{value:.10g}"
        case _:
            text = one_line(str(value))
    return text
