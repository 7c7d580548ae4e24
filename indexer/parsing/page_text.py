"""Makes paragraphs of the lines on printed pages, and drops what only the printing added."""

import re
from collections import Counter
from collections.abc import Iterator

EDGE_LINES = 3
REPEATED_SHARE = 0.6
_DIGITS = re.compile(r"\d+")
_LIST_ITEM = re.compile(r"^\s*(?:[•‣▪◦·●○■□\u2013*-]|\(?\d{1,2}[.)]|\(?[a-z]\))\s+\S")
_SENTENCE_END = (".", "!", "?", ":", ".”", '."', ".)")
_FULL_LINE = 0.8
_SHORT_LINE = 0.6
_USUAL_WIDTH = 0.9  # quantile of the lengths of the lines


def without_running_lines(pages: list[list[str]]) -> list[list[str]]:
    """The pages without lines that stand at the top or bottom of most of them, page numbers included."""
    repeated = _repeated_lines(pages)
    kept = [_without_edges(lines, repeated) for lines in pages]
    # Where every line repeats, as on cards, nothing is a mere header.
    return kept if any(line.strip() for lines in kept for line in lines) else pages


def paragraphs(lines: list[str]) -> Iterator[str]:
    """The paragraphs that the lines of a page make up; words parted at a line's end are joined."""
    width = _usual_width(lines)
    current: list[str] = []
    for line in lines:
        if current and (not line.strip() or _starts_anew(current[-1], line, width)):
            yield _joined(current)
            current = []
        if line.strip():
            current.append(line.strip())
    if current:
        yield _joined(current)


def is_list_item(text: str) -> bool:
    """Whether the text begins with a bullet or a number."""
    return _LIST_ITEM.match(text) is not None


def _repeated_lines(pages: list[list[str]]) -> set[str]:
    with_text = [lines for lines in pages if any(line.strip() for line in lines)]
    if len(with_text) < 2:
        return set()
    counts = Counter(key for lines in with_text for key in {_key(lines[index]) for index in _edges(lines)})
    return {key for key, count in counts.items() if count >= max(2, REPEATED_SHARE * len(with_text))}


def _edges(lines: list[str]) -> set[int]:
    """Where the first and last lines with text are."""
    filled = [index for index, line in enumerate(lines) if line.strip()]
    return {*filled[:EDGE_LINES], *filled[-EDGE_LINES:]}


def _key(line: str) -> str:
    """The line as it reads on every page: numbers differ."""
    return _DIGITS.sub("#", " ".join(line.split()).casefold())


def _without_edges(lines: list[str], repeated: set[str]) -> list[str]:
    edges = _edges(lines)
    return [line for index, line in enumerate(lines) if index not in edges or _key(line) not in repeated]


def _usual_width(lines: list[str]) -> int:
    lengths = sorted(len(line.strip()) for line in lines if line.strip())
    return lengths[int(_USUAL_WIDTH * (len(lengths) - 1))] if lengths else 0


def _starts_anew(previous: str, line: str, width: int) -> bool:
    text = line.strip()
    if is_list_item(text):
        return True
    if previous.endswith(_SENTENCE_END):
        return len(previous) < _FULL_LINE * width
    begins_afresh = text[0].isupper() or text[0].isdigit()
    return begins_afresh and len(previous) < _SHORT_LINE * width and not previous.endswith((",", "-", ";"))


def _joined(lines: list[str]) -> str:
    text = lines[0]
    for line in lines[1:]:
        if _is_parted_word(text, line):
            text = text[:-1] + line
        else:
            text += " " + line
    return text


def _is_parted_word(before: str, after: str) -> bool:
    return len(before) > 1 and before[-1] in "-\u2010" and before[-2].isalpha() and after[0].islower()
