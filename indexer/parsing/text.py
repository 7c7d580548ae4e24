"""Reads plain text files."""

import re
from collections.abc import Iterator

from indexer.domain.content import BlockKind, ParsedDocument
from indexer.notation import decode_text
from indexer.parsing.base import ParseHints
from indexer.parsing.blocks import BlockWriter

_BULLET = re.compile(r"^\s*([-*+•‣▪◦·\u2013]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s+\S")
_UNDERLINE = re.compile(r"^\s*(={3,}|-{3,}|~{3,}|\*{3,})\s*$")
_MAX_CAPS_HEADING = 70


class TextParser:
    """Plain text: paragraphs, lists, and headings that are underlined or in capitals."""

    def parse(self, content: bytes, hints: ParseHints) -> ParsedDocument:
        decoded = decode_text(content, hints.encoding)
        blocks = BlockWriter(hints)
        if decoded.problem:
            blocks.problem(decoded.problem)
        add_paragraphs(blocks, decoded.text)
        return blocks.document(None)


def add_paragraphs(blocks: BlockWriter, text: str, with_headings: bool = True) -> None:
    """Adds the paragraphs and lists of a plain text, each with the number of its first line."""
    for start, run in _runs_of_lines(text):
        first_line, lines = _take_heading(blocks, start, run) if with_headings else (start, run)
        if any(_BULLET.match(line) for line in lines):
            blocks.add("\n".join(_unwrapped_items(lines)), BlockKind.LIST, first_line)
        else:
            blocks.add(" ".join(lines), BlockKind.PARAGRAPH, first_line)
        if blocks.full:
            return


def _runs_of_lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Lines between blank ones, with the number of the first (from 1)."""
    run: list[str] = []
    number = 0
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            run.append(line)
        elif run:
            yield number - len(run), run
            run = []
    if run:
        yield number + 1 - len(run), run


def _take_heading(blocks: BlockWriter, first_line: int, lines: list[str]) -> tuple[int, list[str]]:
    """Opens a section where the lines begin with a heading, and returns the lines that are left."""
    if len(lines) > 1 and _UNDERLINE.match(lines[1]) and len(lines[1].strip()) * 2 >= len(lines[0].strip()):
        blocks.heading(1 if "=" in lines[1] else 2, lines[0])
        return first_line + 2, lines[2:]
    if len(lines) == 1 and _is_caps_heading(lines[0].strip()):
        blocks.heading(2, lines[0])
        return first_line + 1, []
    return first_line, lines


def _is_caps_heading(line: str) -> bool:
    letters = sum(character.isalpha() for character in line)
    prose = 3 < letters > len(line) / 2
    return prose and len(line) <= _MAX_CAPS_HEADING and line.isupper() and line[-1] not in ".,;!?"


def _unwrapped_items(lines: list[str]) -> list[str]:
    """List items each on one line, as they were before somebody wrapped them."""
    items: list[str] = []
    for line in lines:
        if items and not _BULLET.match(line):
            items[-1] += " " + line.strip()
        else:
            items.append(line)
    return items
