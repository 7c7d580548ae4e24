"""Reads PDF files page by page. The only module that imports pypdf."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

from pypdf import PageObject, PasswordType, PdfReader
from pypdf.errors import DependencyError, FileNotDecryptedError
from pypdf.generic import Destination

from indexer.domain.content import BlockKind, ItemMetadata, ItemState, ParsedDocument
from indexer.domain.errors import DocumentUnreadable
from indexer.domain.people import Role
from indexer.notation import clean, credits_from, one_line, parse_when
from indexer.parsing.base import ParseHints, unreadable_if_damaged
from indexer.parsing.blocks import BlockWriter
from indexer.parsing.page_text import is_list_item, paragraphs, without_running_lines
from indexer.parsing.titles import MAX_TITLE, sensible_title

MAX_OUTLINE_ENTRIES = 5000
MAX_OUTLINE_DEPTH = 8
MAX_PAGES = 20_000
MIN_TITLE_LETTERS = 6
MAX_TITLE_LINE = 120
_DAMAGED = "The PDF is damaged"
_LOCKED = "The file is encrypted and no password is known"


@dataclass(frozen=True, slots=True)
class _OutlineEntry:
    level: int
    title: str
    page: int  # counting from 1


class PdfParser:
    """PDF files with a text layer; scanned images have none and end as NO_TEXT."""

    def parse(self, content: bytes, hints: ParseHints) -> ParsedDocument:
        with unreadable_if_damaged(f"{_DAMAGED}: its structure cannot be read"):
            reader = PdfReader(BytesIO(content), strict=False)
        _unlock(reader)
        blocks = BlockWriter(hints)
        pages = _page_lines(reader, blocks, hints.max_characters)
        _add_pages(blocks, without_running_lines(pages), _outline_by_page(reader))
        title = _info_title(reader) or _title_on_first_page(reader)
        return blocks.document(
            title, _metadata(reader), empty_reason="It has pages but no text: probably scanned images"
        )


def _unlock(reader: PdfReader) -> None:
    """Many PDFs are encrypted with an empty password, only to forbid printing."""
    try:
        with unreadable_if_damaged(f"{_DAMAGED}: its encryption cannot be read"):
            locked = reader.is_encrypted and reader.decrypt("") is PasswordType.NOT_DECRYPTED
    except DocumentUnreadable as error:
        if isinstance(error.__cause__, (DependencyError, NotImplementedError)):
            raise DocumentUnreadable(ItemState.ENCRYPTED, "The file is encrypted in a way that is not known") from error
        raise
    if locked:
        raise DocumentUnreadable(ItemState.ENCRYPTED, _LOCKED)


def _page_lines(reader: PdfReader, blocks: BlockWriter, max_characters: int) -> list[list[str]]:
    """The lines of every page up to the limit; a page that cannot be read is empty and noted in `blocks`."""
    pages: list[list[str]] = []
    room = max_characters
    for number in range(1, _page_count(reader) + 1):
        text = _page_text(reader, number, blocks)
        pages.append([line.rstrip() for line in clean(text).split("\n")])
        room -= len(text)
        if room < 0:
            break  # the writer will be full before it comes to the pages that are left
    return pages


def _page_count(reader: PdfReader) -> int:
    with unreadable_if_damaged(f"{_DAMAGED}: its page table cannot be read"):
        return min(len(reader.pages), MAX_PAGES)


def _page_text(reader: PdfReader, number: int, blocks: BlockWriter) -> str:
    try:
        with unreadable_if_damaged(f"page {number} could not be read"):
            return reader.pages[number - 1].extract_text()
    except DocumentUnreadable as error:
        if isinstance(error.__cause__, FileNotDecryptedError):
            raise DocumentUnreadable(ItemState.ENCRYPTED, _LOCKED) from error
        blocks.problem(error.reason)
        return ""


def _add_pages(blocks: BlockWriter, pages: list[list[str]], outline: dict[int, list[_OutlineEntry]]) -> None:
    for number, lines in enumerate(pages, start=1):
        blocks.page = number
        entries = outline.get(number, [])
        for section in _sections(lines, entries):
            for entry in section.headings:
                blocks.heading(entry.level, entry.title)
            for paragraph in paragraphs(section.lines):
                blocks.add(paragraph, BlockKind.LIST if is_list_item(paragraph) else BlockKind.PARAGRAPH)
        if blocks.full:
            return


@dataclass(frozen=True, slots=True)
class _Section:
    headings: list[_OutlineEntry]
    lines: list[str]


def _sections(lines: list[str], entries: list[_OutlineEntry]) -> Iterator[_Section]:
    """The lines of a page, parted where a line is the next title in the outline; titles not found come last."""
    start, pending = 0, list(entries)
    headings: list[_OutlineEntry] = []
    for index, line in enumerate(lines):
        found = _entry_for(line, pending)
        if found is not None:
            yield _Section(headings, lines[start:index])
            headings, pending = pending[: found + 1], pending[found + 1 :]
            start = index + 1
    yield _Section(headings, lines[start:])
    yield _Section(pending, [])


def _entry_for(line: str, entries: list[_OutlineEntry]) -> int | None:
    if not entries or not line.strip():
        return None
    key = _title_key(line)
    return next((index for index, entry in enumerate(entries[:20]) if key and _title_key(entry.title) == key), None)


def _title_key(text: str) -> str:
    """Only the letters: the page may number its sections where the outline does not."""
    return "".join(character for character in text.casefold() if character.isalpha())


def _outline_by_page(reader: PdfReader) -> dict[int, list[_OutlineEntry]]:
    """The bookmarks by page. They help but are no text, so a document whose outline is damaged does without."""
    found: dict[int, list[_OutlineEntry]] = {}
    try:
        with unreadable_if_damaged("the outline could not be read"):
            for entry in _outline_entries(reader, reader.outline, 1):
                found.setdefault(entry.page, []).append(entry)
                if sum(map(len, found.values())) >= MAX_OUTLINE_ENTRIES:
                    break
    except DocumentUnreadable:
        return {}
    return found


def _outline_entries(reader: PdfReader, outline: object, level: int) -> Iterator[_OutlineEntry]:
    for entry in outline if isinstance(outline, list) else ():
        if isinstance(entry, list):
            if level < MAX_OUTLINE_DEPTH:
                yield from _outline_entries(reader, entry, level + 1)
        elif isinstance(entry, Destination):
            page = reader.get_destination_page_number(entry)
            title = one_line(str(entry.title or ""))
            if page is not None and page >= 0 and title:
                yield _OutlineEntry(level, title, page + 1)


def _info(reader: PdfReader, name: str) -> str | None:
    """An entry of the document's information; None where it is missing or damaged."""
    try:
        with unreadable_if_damaged("the document information could not be read"):
            value = reader.metadata.get(name) if reader.metadata is not None else None
            return str(value) if isinstance(value, str) else None
    except DocumentUnreadable:
        return None


def _metadata(reader: PdfReader) -> ItemMetadata:
    return ItemMetadata(
        credits=credits_from(_people(_info(reader, "/Author")), Role.AUTHOR),
        created=_moment(reader, "/CreationDate"),
        updated=_moment(reader, "/ModDate"),
    )


def _people(author: str | None) -> str | None:
    """The information may hold a program's or an account's name for an author; a name has letters."""
    return sensible_title(author) if author else None


def _moment(reader: PdfReader, name: str) -> datetime | None:
    return parse_when(_info(reader, name))


def _info_title(reader: PdfReader) -> str | None:
    return sensible_title(_info(reader, "/Title"))


def _title_on_first_page(reader: PdfReader) -> str | None:
    try:
        with unreadable_if_damaged("the first page could not be read"):
            return _largest_text(reader.pages[0])
    except DocumentUnreadable:
        return None


@dataclass(slots=True)
class _SizedText:
    size: float
    text: str


def _largest_text(page: PageObject) -> str | None:
    """The first run of text in the largest letters, which on a first page is the title."""
    runs = _runs_by_size(page)
    candidates = [run for run in runs if sum(map(str.isalpha, run.text)) >= MIN_TITLE_LETTERS]
    sizes = {round(run.size) for run in runs if run.text.strip()}
    if not candidates or len(sizes) < 2:
        return _first_plausible_line(runs)
    largest = max(candidates, key=lambda run: run.size)
    return sensible_title(largest.text) if len(largest.text) <= MAX_TITLE else _first_plausible_line([largest])


def _first_plausible_line(runs: list[_SizedText]) -> str | None:
    lines = (line for run in runs for line in run.text.split("\n"))
    return next((title for title in map(sensible_title, lines) if title and len(title) <= MAX_TITLE_LINE), None)


def _runs_by_size(page: PageObject) -> list[_SizedText]:
    runs: list[_SizedText] = []

    def visit(text: str, cm: list[float], tm: list[float], _font: object, font_size: float) -> None:
        size = round(font_size * _scale(tm) * _scale(cm), 1)
        if runs and (abs(runs[-1].size - size) < 0.6 or not text.strip()):
            runs[-1].text += text
        elif text.strip():
            runs.append(_SizedText(size, text))

    page.extract_text(visitor_text=visit)
    return runs


def _scale(matrix: list[float]) -> float:
    """How much a matrix enlarges: the root of its determinant."""
    return math.sqrt(abs(matrix[0] * matrix[3] - matrix[1] * matrix[2]))
