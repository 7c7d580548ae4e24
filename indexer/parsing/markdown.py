"""Reads Markdown with YAML front matter."""

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import yaml
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from indexer.domain.content import BlockKind, ParsedDocument
from indexer.notation import decode_text
from indexer.parsing.base import ParseHints
from indexer.parsing.blocks import BlockWriter
from indexer.parsing.metadata import metadata_from
from indexer.parsing.titles import sensible_title

MAX_FRONT_MATTER = 100_000
MAX_BLOCKS_BEFORE_TITLE = 5
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(?P<yaml>.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.S | re.M)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.S)
_UNSHOWN_HTML = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|\Z)", re.S | re.I)
_BREAKING_TAG = re.compile(r"</?(?:p|br|div|li|tr|h[1-6]|summary|details|table|ul|ol)\b[^>]*>", re.I)
_TAG = re.compile(r"</?[a-zA-Z][^>]*>")
_LINE_BREAK_TAG = re.compile(r"<br\s*/?>", re.I)
_BREAK = re.compile(r" ?\n[ \t]*")
# What may be more than text: within a paragraph, and anywhere in a message.
_INLINE_MARKUP = re.compile(r"[\\`~*_\[<&]|  \n")
_MARKUP = re.compile(r"[\\`~*_\[<&|\t]|^ {4}|^ {0,3}(?:[-+#>=]|\d+[.)])", re.M)


class MarkdownParser:
    """Markdown files; what the front matter says becomes metadata."""

    def parse(self, content: bytes, hints: ParseHints) -> ParsedDocument:
        decoded = decode_text(content, hints.encoding)
        blocks = BlockWriter(hints)
        if decoded.problem:
            blocks.problem(decoded.problem)
        front = _split_front_matter(decoded.text)
        if front.problem:
            blocks.problem(front.problem)
            blocks.add(front.unread, line=2)
        metadata = metadata_from(front.fields)
        reader = MarkdownReader(blocks, first_line=front.next_line)
        reader.read(front.body)
        return blocks.document(metadata.title or reader.first_h1, replace(metadata, title=None))


@dataclass(frozen=True, slots=True)
class _FrontMatter:
    """A file taken apart: `fields` from the YAML, and the `body`, which begins on `next_line`."""

    fields: Mapping[object, object]
    body: str
    next_line: int = 1
    unread: str = ""
    problem: str | None = None


def _split_front_matter(text: str) -> _FrontMatter:
    match = _FRONT_MATTER.match(text)
    if match is None:
        return _FrontMatter({}, text)
    body, next_line = text[match.end() :], text.count("\n", 0, match.end()) + 1
    try:
        fields = _load_yaml(match["yaml"])
    except (yaml.YAMLError, ValueError) as error:
        reason = f"the front matter is not valid YAML ({_place(error)})"
        return _FrontMatter({}, body, next_line, match["yaml"], reason)
    return _FrontMatter(fields, body, next_line) if isinstance(fields, dict) else _FrontMatter({}, text)


def _load_yaml(text: str) -> object:
    if len(text) > MAX_FRONT_MATTER:
        raise ValueError("too long")
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  # a safe one, but faster


def _place(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    # The mark counts from 0, and the line of dashes comes before the YAML.
    return f"line {mark.line + 2}: {getattr(error, 'problem', None) or 'error'}" if mark else str(error)


class MarkdownReader:
    """Adds the blocks of Markdown text to `blocks`, with line numbers from `first_line` on.

    As a message (`as_message`) line breaks are kept, and tags and underlined lines are the writer's own text.
    """

    def __init__(self, blocks: BlockWriter, first_line: int = 1, as_message: bool = False) -> None:
        self.first_h1: str | None = None
        self._blocks = blocks
        self._offset = first_line
        self._soft_break = "\n" if as_message else " "
        self._markdown = _MESSAGES if as_message else _DOCUMENTS
        self._list = _OpenList()
        self._quote: list[str] = []
        self._quote_depth = 0
        self._quote_line = 0
        self._rows: list[list[str]] = []
        self._table_line = 0
        self._heading_level = 0

    def read(self, text: str) -> None:
        """Adds all blocks of the text."""
        if self._markdown is _MESSAGES and not _MARKUP.search(text):
            self._read_plain(text)
            return
        for token in self._markdown.parse(text):
            handler = _HANDLERS.get(token.type)
            if handler is not None:
                handler(self, token)
            if self._blocks.full:
                return
        self._flush_list()

    def _read_plain(self, text: str) -> None:
        """Adds the paragraphs of a message that has no markup: most have none, and taking them apart is slow."""
        paragraph: list[str] = []
        for number, line in enumerate((*text.split("\n"), "")):
            if line.strip(" "):
                paragraph.append(line)
            elif paragraph:
                self._blocks.add("\n".join(paragraph), line=number - len(paragraph) + self._offset)
                paragraph = []

    def _line(self, token: Token) -> int:
        return (token.map[0] if token.map else 0) + self._offset

    def _open_heading(self, token: Token) -> None:
        self._flush_list()
        self._heading_level = int(token.tag[1])

    def _inline(self, token: Token) -> None:
        text = _inline_text(token, self._soft_break)
        if self._heading_level:
            self._add_heading(text)
        elif self._rows:
            self._rows[-1].append(text.replace("\n", " ").strip())
        elif self._quote_depth:
            self._quote.append(text)
        elif self._list.depth:
            self._list.add(text, self._line(token), _only_anchors(token.children or ()))
        else:
            self._blocks.add(text, line=self._line(token))

    def _add_heading(self, text: str) -> None:
        level, self._heading_level = self._heading_level, 0
        if self._quote_depth:
            self._quote.append(text)
            return
        if level == 1 and self.first_h1 is None and len(self._blocks) <= MAX_BLOCKS_BEFORE_TITLE:
            self.first_h1 = sensible_title(text)
        self._blocks.heading(level, text)

    def _code(self, token: Token) -> None:
        if self._quote_depth:
            self._quote.append(token.content)
            return
        self._flush_list()
        self._blocks.add(token.content, BlockKind.CODE, self._line(token))

    def _html(self, token: Token) -> None:
        text = _html_text(token.content)
        if not text.strip():
            return
        if self._quote_depth:
            self._quote.append(text)
        elif self._list.depth:
            self._list.add(text, self._line(token), only_anchors=False)
        else:
            self._blocks.add(text, line=self._line(token))

    def _open_list(self, _: Token) -> None:
        self._list.depth += 1

    def _close_list(self, _: Token) -> None:
        self._list.depth -= 1
        if not self._list.depth:
            self._flush_list()

    def _open_item(self, token: Token) -> None:
        self._list.marker = f"{token.info}." if token.info else "-"

    def _flush_list(self) -> None:
        lines, line, contents = self._list.take()
        if lines and not contents:
            self._blocks.add("\n".join(lines), BlockKind.LIST, line)

    def _open_quote(self, token: Token) -> None:
        if not self._quote_depth:
            self._flush_list()
            self._quote_line = self._line(token)
        self._quote_depth += 1

    def _close_quote(self, _: Token) -> None:
        self._quote_depth -= 1
        if not self._quote_depth:
            self._blocks.add("\n".join(self._quote), BlockKind.QUOTE, self._quote_line)
            self._quote = []

    def _open_table(self, token: Token) -> None:
        self._flush_list()
        self._table_line = self._line(token)

    def _open_row(self, _: Token) -> None:
        self._rows.append([])

    def _close_table(self, _: Token) -> None:
        rows, self._rows = self._rows, []
        text = "\n".join(" | ".join(cells) for cells in rows if any(cells))
        if self._quote_depth:
            self._quote.append(text)
        else:
            self._blocks.add(text, BlockKind.TABLE, self._table_line)


@dataclass(slots=True)
class _OpenList:
    """The lines of the list being read, however deep."""

    depth: int = 0
    marker: str = ""
    lines: list[str] = field(default_factory=list)
    first_line: int = 0
    only_anchors: bool = True

    def add(self, text: str, line: int, only_anchors: bool) -> None:
        if not self.lines:
            self.first_line = line
        indent = "  " * (self.depth - 1)
        self.lines.append(f"{indent}{self.marker} {text}" if self.marker else f"{indent}{text}")
        self.marker = ""
        self.only_anchors = self.only_anchors and only_anchors

    def take(self) -> tuple[list[str], int, bool]:
        """The lines so far, the number of the first, and whether they are a table of contents; then starts anew."""
        taken = self.lines, self.first_line, self.only_anchors
        self.lines, self.only_anchors = [], True
        return taken


_Handler = Callable[[MarkdownReader, Token], None]
_HANDLERS: dict[str, _Handler] = {
    "heading_open": MarkdownReader._open_heading,
    "inline": MarkdownReader._inline,
    "fence": MarkdownReader._code,
    "code_block": MarkdownReader._code,
    "html_block": MarkdownReader._html,
    "bullet_list_open": MarkdownReader._open_list,
    "ordered_list_open": MarkdownReader._open_list,
    "bullet_list_close": MarkdownReader._close_list,
    "ordered_list_close": MarkdownReader._close_list,
    "list_item_open": MarkdownReader._open_item,
    "blockquote_open": MarkdownReader._open_quote,
    "blockquote_close": MarkdownReader._close_quote,
    "table_open": MarkdownReader._open_table,
    "tr_open": MarkdownReader._open_row,
    "table_close": MarkdownReader._close_table,
}


def _parse_marked_up(state: StateCore) -> None:
    """Takes those paragraphs apart that have any markup; the others keep no children."""
    for token in state.tokens:
        if token.type == "inline" and _INLINE_MARKUP.search(token.content):
            token.children = []
            state.md.inline.parse(token.content, state.md, state.env, token.children)


_DOCUMENTS = MarkdownIt("commonmark").enable(["table", "strikethrough"])
_MESSAGES = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable("lheading")
for _markdown in (_DOCUMENTS, _MESSAGES):
    _markdown.core.ruler.at("inline", _parse_marked_up)


def _inline_text(token: Token, soft_break: str) -> str:
    """What a reader sees: the text of links without their addresses, the descriptions of images."""
    if token.children:
        return "".join(_child_text(child, soft_break) for child in token.children)
    return _BREAK.sub(soft_break, token.content)


def _child_text(child: Token, soft_break: str) -> str:
    if child.type in ("text", "code_inline", "image", "text_special"):
        return child.content
    if child.type == "softbreak":
        return soft_break
    if child.type == "hardbreak" or (child.type == "html_inline" and _LINE_BREAK_TAG.match(child.content)):
        return "\n"
    return ""


def _only_anchors(children: Sequence[Token]) -> bool:
    """Whether this is a line of a table of contents: links into the same page, and nothing else."""
    depth, links = 0, 0
    for child in children:
        if child.type == "link_open":
            depth, links = depth + 1, links + 1
            if not str(child.attrs.get("href", "")).startswith("#"):
                return False
        elif child.type == "link_close":
            depth -= 1
        elif not depth and child.content.strip():
            return False
    return links > 0


def _html_text(source: str) -> str:
    shown = _UNSHOWN_HTML.sub("", _COMMENT.sub("", source))
    return html.unescape(_TAG.sub("", _BREAKING_TAG.sub("\n", shown)))
