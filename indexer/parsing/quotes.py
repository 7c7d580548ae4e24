"""Finds in a message what its writer repeats of others."""

import re
from collections.abc import Iterator

_FENCE = re.compile(r"^\s{0,3}(```|~~~)")
_QUOTED = re.compile(r"^\s{0,3}(>|\|\s?>)")
_MARKS = re.compile(r"^\s{0,3}(>\s?)+")
_ATTRIBUTION = re.compile(
    r"^\s*(on\b.{4,200}\bwrote|am\b.{4,200}\bschrieb\b.{0,80}|le\b.{4,200}\ba écrit|el\b.{4,200}\bescribió"
    r"|.{2,120}\b(wrote|writes|schrieb))\s*:\s*$",
    re.I | re.S,
)
_ORIGINAL = re.compile(
    r"^\s*(-{2,}\s*(original message|original appointment|forwarded message|ursprüngliche nachricht"
    r"|weitergeleitete nachricht|message d'origine|mensaje original)\s*-{2,}|_{20,})\s*$",
    re.I,
)
_HEADER_FROM = re.compile(r"^\s*\*?(from|von|de)\s*:\*?\s+\S", re.I)
_HEADER_SENT = re.compile(r"^\s*\*?(sent|date|gesendet|datum|envoyé|enviado( el)?|fecha)\s*:\*?\s+\S", re.I)
_HEADER_REACH = 4  # lines within which "From:" must be followed by "Sent:"
_LONGEST_ATTRIBUTION = 3


def separate_quotes(text: str) -> Iterator[tuple[str, bool]]:
    """The parts of a message in order, each with whether it is quoted; marks such as `>` are taken off quotes.

    All that follows "Original Message" or a block of From and Sent lines is quoted, as mail programs write it.
    Code between fences stays with the writer.
    """
    lines = text.split("\n")
    flags = _quoted_flags(lines)
    start = 0
    for end in range(1, len(lines) + 1):
        if end == len(lines) or flags[end] != flags[start]:
            part = _without_marks(lines[start:end]) if flags[start] else lines[start:end]
            if any(line.strip() for line in part):
                yield "\n".join(part).strip("\n"), flags[start]
            start = end


def _quoted_flags(lines: list[str]) -> list[bool]:
    rest = _first_line_of_original(lines)
    flags = [_QUOTED.match(line) is not None for line in lines[:rest]]
    for start, end in _fenced(lines[:rest]):
        flags[start:end] = [False] * (end - start)
    _mark_attributions(lines, flags)
    return flags + [True] * (len(lines) - rest)


def _first_line_of_original(lines: list[str]) -> int:
    for index, line in enumerate(lines):
        if _ORIGINAL.match(line) and index + 1 < len(lines) and _starts_original(line, lines[index + 1 :]):
            return index
        if _HEADER_FROM.match(line) and _has_sent_line(lines[index + 1 : index + 1 + _HEADER_REACH]):
            return index
    return len(lines)


def _starts_original(line: str, following: list[str]) -> bool:
    """A ruled line means nothing unless a header follows; "Original Message" says it all."""
    return "_" not in line or any(_HEADER_FROM.match(after) for after in following[:2])


def _has_sent_line(lines: list[str]) -> bool:
    return any(_HEADER_SENT.match(line) for line in lines)


def _fenced(lines: list[str]) -> Iterator[tuple[int, int]]:
    opened: int | None = None
    for index, line in enumerate(lines):
        if _FENCE.match(line):
            if opened is not None:
                yield opened, index + 1
            opened = index if opened is None else None


def _mark_attributions(lines: list[str], flags: list[bool]) -> None:
    """Adds "On Monday Ann wrote:", which may be wrapped, to the quote below it."""
    for index in range(1, len(flags)):
        if flags[index] and not flags[index - 1]:
            last = index - 1 if lines[index - 1].strip() else index - 2
            for first in range(last, max(-1, last - _LONGEST_ATTRIBUTION), -1):
                if flags[first] or not lines[first].strip():
                    break
                if _ATTRIBUTION.match("\n".join(lines[first : last + 1])):
                    flags[first:index] = [True] * (index - first)
                    break


def _without_marks(lines: list[str]) -> list[str]:
    return [_MARKS.sub("", line) for line in lines]
