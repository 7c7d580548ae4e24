"""A document's blocks as the pieces of a page: headings, page marks, text, each with the id that passages link to."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from indexer.domain.content import Block, BlockKind
from indexer.store.contributions import MessageAuthor
from service.web.places import heading_anchor, heading_path, line_anchor, message_anchor, page_anchor

OUTERMOST, INNERMOST = 2, 6
LIST_LINE = re.compile(r"^(?P<indent> *)(?P<marker>-|\d+[.)])(?: +(?P<text>.*))?$")
CHECKED = {"[ ] ": "☐ ", "[x] ": "☑ ", "[X] ": "☑ "}
BETWEEN_CELLS = " | "


@dataclass(slots=True)
class ListItem:
    """An item with the list below it; `number` is None where the list only has dashes."""

    text: str
    number: int | None
    children: list["ListItem"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Piece:
    """One element of the page. `level` is a heading's; `rows` and `items` are set for tables and lists."""

    kind: Literal["heading", "page", "paragraph", "list", "table", "code", "quote"]
    text: str
    anchor: str | None = None
    level: int = 0
    rows: tuple[tuple[str, ...], ...] = ()
    items: tuple[ListItem, ...] = ()


@dataclass(frozen=True, slots=True)
class ThreadMessage:
    """A message with its author, the id of its place and its text."""

    author: MessageAuthor
    anchor: str
    pieces: list[Piece]


def lay_out(blocks: Iterable[Block], title: str, outermost: int = OUTERMOST) -> list[Piece]:
    """The pieces of a text in order. A heading that repeats the title is left out; an id is given once."""
    return list(_once(_pieces(blocks, title, outermost)))


def lay_out_thread(blocks: Sequence[Block], authors: Iterable[MessageAuthor]) -> list[ThreadMessage]:
    """The messages of a thread, in order, each with its own text."""
    return [
        ThreadMessage(
            author,
            message_anchor(author.number),
            lay_out([block for block in blocks if block.message == author.number], "", OUTERMOST + 1),
        )
        for author in authors
    ]


def outline(pieces: Iterable[Piece]) -> list[Piece]:
    """The outermost headings, for a table of contents."""
    return [piece for piece in pieces if piece.kind == "heading" and piece.level == OUTERMOST and piece.anchor]


def _once(pieces: Iterable[Piece]) -> Iterator[Piece]:
    given: set[str] = set()
    for piece in pieces:
        if piece.anchor in given:
            yield Piece(piece.kind, piece.text, None, piece.level, piece.rows, piece.items)
        else:
            given.update([piece.anchor] if piece.anchor else [])
            yield piece


def _pieces(blocks: Iterable[Block], title: str, outermost: int) -> Iterator[Piece]:
    page: int | None = None
    open_headings: tuple[str, ...] = ()
    for block in blocks:
        if block.page and block.page != page:
            page = block.page
            yield Piece("page", f"Page {page}", page_anchor(page))
        yield from _headings(block.headings, open_headings, title, outermost)
        open_headings = block.headings
        yield _text(block, title)


def _headings(headings: tuple[str, ...], open_headings: tuple[str, ...], title: str, outermost: int) -> Iterator[Piece]:
    """The headings that open before a block, given those that are open already."""
    shared = 0
    while shared < min(len(headings), len(open_headings)) and headings[shared] == open_headings[shared]:
        shared += 1
    titles_itself = bool(headings) and bool(title) and title.casefold() in headings[0].casefold()
    for depth in range(max(shared, int(titles_itself)), len(headings)):
        level = min(outermost + depth - int(titles_itself), INNERMOST)
        path = heading_path(headings[: depth + 1], title)
        yield Piece("heading", headings[depth], heading_anchor(path) if path else None, level)


def _text(block: Block, title: str) -> Piece:
    # A message is a place of its own; its lines count from 1.
    placed = block.line if not block.message else None
    anchor = line_anchor(placed, heading_path(block.headings, title)) if placed else None
    match block.kind:
        case BlockKind.LIST:
            return Piece("list", block.text, anchor, items=tuple(_items(block.text)))
        case BlockKind.TABLE if "\n" in block.text:
            return Piece("table", block.text, anchor, rows=_rows(block.text))
        case BlockKind.CODE:
            return Piece("code", block.text, anchor)
        case BlockKind.QUOTE:
            return Piece("quote", block.text, anchor)
        case _:
            return Piece("paragraph", block.text, anchor)


def _rows(text: str) -> tuple[tuple[str, ...], ...]:
    """The cells of each row; every row is as long as the longest. Empty cells at a row's ends have lost a space."""
    rows = [re.sub(r"^\|", " |", re.sub(r"\|$", "| ", line)).split(BETWEEN_CELLS) for line in text.splitlines()]
    width = max(map(len, rows))
    return tuple(tuple(cell.strip() for cell in [*row, *[""] * (width - len(row))]) for row in rows)


def _items(text: str) -> list[ListItem]:
    """Lines with dashes or numbers as nested items; a line with neither goes on with the item above it."""
    top: list[ListItem] = []
    open_lists = [(-1, top)]
    item: ListItem | None = None
    for line in text.splitlines():
        match = LIST_LINE.match(line)
        if match is None and item is not None:
            item.text += f"\n{line.strip()}"
            continue
        indent = len(match["indent"]) if match else 0
        while open_lists[-1][0] >= indent:
            open_lists.pop()
        item = ListItem(_checked(match["text"] or "" if match else line), _number(match["marker"]) if match else None)
        open_lists[-1][1].append(item)
        open_lists.append((indent, item.children))
    return top


def _number(marker: str) -> int | None:
    return None if marker == "-" else int(marker[:-1])


def _checked(text: str) -> str:
    return CHECKED.get(text[:4], text[:4]) + text[4:]
