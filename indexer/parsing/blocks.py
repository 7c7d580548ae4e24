"""Collects a document's blocks while a parser walks through a file."""

from dataclasses import replace

from indexer.domain.content import Block, BlockKind, ItemMetadata, ItemState, Message, ParsedDocument
from indexer.domain.errors import DocumentUnreadable
from indexer.notation import one_line, tidy_code, tidy_lines
from indexer.parsing.base import ParseHints
from indexer.parsing.titles import first_words, readable_name

MAX_HEADING = 200
MAX_REASONS = 5


class BlockWriter:
    """Takes headings and texts in reading order and keeps each text under its headings.

    `page` and `message` may be set as the parser moves; every text added carries them. Once `max_characters` are
    collected the writer is `full`: it drops what comes after and the document becomes PARTIAL.
    """

    def __init__(self, hints: ParseHints) -> None:
        self.page: int | None = None
        self.message: int | None = None
        self.full = False
        self._file_name = hints.file_name
        self._max_characters = hints.max_characters
        self._room = hints.max_characters
        self._blocks: list[Block] = []
        self._levels: list[int] = []
        self._headings: tuple[str, ...] = ()
        self._problems: list[str] = []

    def __len__(self) -> int:
        return len(self._blocks)

    def heading(self, level: int, text: str) -> None:
        """Opens a section of this level (1 is outermost); it ends at the next heading of the same or a lower one."""
        title = one_line(text)[:MAX_HEADING]
        if not title:
            return
        depth = next((index for index, open_level in enumerate(self._levels) if open_level >= level), len(self._levels))
        self._levels = [*self._levels[:depth], level]
        self._headings = (*self._headings[:depth], title)

    def leave_sections(self) -> None:
        """Closes every open section, as at the start of a slide or a message."""
        self._levels, self._headings = [], ()

    def add(self, text: str, kind: BlockKind = BlockKind.PARAGRAPH, line: int | None = None) -> None:
        """Adds a text in the section that is open; one without a visible character is ignored."""
        tidied = tidy_code(text) if kind is BlockKind.CODE else tidy_lines(text)
        if tidied.strip():
            self._append(Block(tidied, kind, self._headings, self.page, self.message, line))

    def extend(self, document: ParsedDocument) -> None:
        """Adds the blocks of another document below the section that is open."""
        for block in document.blocks:
            self._append(replace(block, headings=(*self._headings, *block.headings), line=None))

    def problem(self, reason: str) -> None:
        """Notes why a part could not be read: the document becomes PARTIAL."""
        self._problems.append(one_line(reason))

    def document(
        self,
        title: str | None,
        metadata: ItemMetadata | None = None,
        messages: tuple[Message, ...] = (),
        empty_reason: str = "It holds no text",
        named_by_file: bool = True,
    ) -> ParsedDocument:
        """The document so far; without a title it gets one from the file's name, or where that says nothing
        (`named_by_file` false) from its first words. Raises DocumentUnreadable if empty."""
        reason = self._reason()
        if not self._blocks:
            raise DocumentUnreadable(ItemState.FAILED if reason else ItemState.NO_TEXT, reason or empty_reason)
        return ParsedDocument(
            title=title or (readable_name(self._file_name) if named_by_file else first_words(self._blocks[0].text)),
            blocks=tuple(self._blocks),
            messages=messages,
            metadata=metadata or ItemMetadata(),
            state=ItemState.PARTIAL if reason else ItemState.OK,
            reason=reason,
        )

    def _append(self, block: Block) -> None:
        if self.full:
            return
        if _cost(block) > self._room:
            self.full = True
            self.problem(f"only the beginning was read (limit {self._max_characters:,} characters)")
            block = replace(block, text=block.text[: max(0, self._room)].rstrip())
        self._room -= _cost(block)
        if block.text:
            self._blocks.append(block)

    def _reason(self) -> str | None:
        shown = self._problems[:MAX_REASONS]
        if len(self._problems) > MAX_REASONS:
            shown.append(f"and {len(self._problems) - MAX_REASONS} more")
        return "; ".join(shown) or None


def _cost(block: Block) -> int:
    """What a block takes of the limit: its characters, or, where it is tiny, a share of what it weighs with its place.

    So a million blocks of one letter stay as small, on their way to the parent, as the limit promises.
    """
    return max(len(block.text), (120 + 4 * sum(map(len, block.headings))) // 8)
