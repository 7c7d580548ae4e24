"""Reads Word files."""

import re
from collections.abc import Iterator

import docx
from docx.document import Document
from docx.oxml.ns import qn
from docx.styles.style import BaseStyle
from lxml import etree

from indexer.domain.content import BlockKind, ParsedDocument
from indexer.parsing.base import ParseHints
from indexer.parsing.blocks import BlockWriter
from indexer.parsing.office.container import metadata_of, opened
from indexer.parsing.titles import sensible_title

_Element = etree._Element

_HEADING_STYLE = re.compile(r"heading (\d)$", re.I)
_BODY_LEVEL = 9
_PARAGRAPH, _TABLE, _ROW, _CELL = qn("w:p"), qn("w:tbl"), qn("w:tr"), qn("w:tc")
_TEXT, _TAB, _BREAKS, _HYPHEN = qn("w:t"), qn("w:tab"), (qn("w:br"), qn("w:cr")), qn("w:noBreakHyphen")
_WRAPPERS = (qn("w:sdt"), qn("w:sdtContent"), qn("w:ins"), qn("w:customXml"), qn("w:smartTag"))
# Text boxes come twice, once for old readers; moved and deleted text is gone for whoever reads the document.
_UNREAD = (
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
    qn("w:del"),
    qn("w:moveFrom"),
    qn("w:pPr"),
)
_MAX_STYLES_UP = 20


class DocxParser:
    """Word documents: headings by style, paragraphs, lists and tables in their order."""

    def parse(self, content: bytes, hints: ParseHints) -> ParsedDocument:
        blocks = BlockWriter(hints)
        with opened(content, "Word") as file:
            document = docx.Document(file)
            reader = _BodyReader(document, blocks)
            reader.read(document.element.body)
            properties = document.core_properties
            title = sensible_title(properties.title) or reader.title
            metadata = metadata_of(properties, properties.author)
        return blocks.document(title, metadata)


class _BodyReader:
    def __init__(self, document: Document, blocks: BlockWriter) -> None:
        self.title: str | None = None
        self._blocks = blocks
        self._style_names = {style.style_id: _style_names(style) for style in document.styles}
        self._items: list[str] = []

    def read(self, body: _Element) -> None:
        for element in _content(body):
            if self._blocks.full:
                return
            if element.tag == _TABLE:
                self._flush_list()
                self._blocks.add("\n".join(_table_lines(element)), BlockKind.TABLE)
            else:
                self._read_paragraph(element)
        self._flush_list()

    def _read_paragraph(self, paragraph: _Element) -> None:
        text, styles = _text(paragraph), self._styles_of(paragraph)
        level = _heading_level(paragraph, styles)
        if not text or any(style.startswith("toc ") for style in styles):
            return
        if level is None and _is_list_item(paragraph, styles):
            self._items.append(f"{'  ' * _list_depth(paragraph)}- {text}")
            return
        self._flush_list()
        if "title" in styles:
            self.title = self.title or sensible_title(text)
        elif level is not None:
            self.title = self.title or (sensible_title(text) if level == 1 else None)
            self._blocks.heading(level, text)
        else:
            self._blocks.add(text)

    def _styles_of(self, paragraph: _Element) -> tuple[str, ...]:
        style = paragraph.find(f"{qn('w:pPr')}/{qn('w:pStyle')}")
        return self._style_names.get(style.get(qn("w:val"), ""), ()) if style is not None else ()

    def _flush_list(self) -> None:
        if self._items:
            self._blocks.add("\n".join(self._items), BlockKind.LIST)
            self._items = []


def _style_names(style: BaseStyle) -> tuple[str, ...]:
    """The names of a style and of those it is based on, for a house style is seldom called Heading itself."""
    names: list[str] = []
    current: BaseStyle | None = style
    while current is not None and len(names) < _MAX_STYLES_UP:
        names.append((current.name or "").casefold())
        current = getattr(current, "base_style", None)
    return tuple(names)


def _content(element: _Element) -> Iterator[_Element]:
    """Paragraphs and tables in order, those inside content controls too."""
    for child in element:
        if child.tag in (_PARAGRAPH, _TABLE):
            yield child
        elif child.tag in _WRAPPERS:
            yield from _content(child)


def _text(element: _Element) -> str:
    parts: list[str] = []
    walk = etree.iterwalk(element, events=("start",))
    for _, node in walk:
        if node.tag in _UNREAD:
            walk.skip_subtree()
        elif node.tag == _TEXT:
            parts.append(node.text or "")
        elif node.tag in _BREAKS or (node.tag == _PARAGRAPH and parts):
            parts.append("\n")
        elif node.tag == _TAB:
            parts.append("\t")
        elif node.tag == _HYPHEN:
            parts.append("-")
    return "".join(parts).strip()


def _heading_level(paragraph: _Element, styles: tuple[str, ...]) -> int | None:
    outline = paragraph.find(f"{qn('w:pPr')}/{qn('w:outlineLvl')}")
    if outline is not None and (outline.get(qn("w:val")) or "").isdecimal():
        level = int(outline.get(qn("w:val"), "9"))
        return level + 1 if level < _BODY_LEVEL else None
    matches = (_HEADING_STYLE.match(style) for style in styles)
    return next((int(match[1]) for match in matches if match), None)


def _is_list_item(paragraph: _Element, styles: tuple[str, ...]) -> bool:
    numbered = paragraph.find(f"{qn('w:pPr')}/{qn('w:numPr')}") is not None
    return numbered or any(style.startswith("list ") and style != "list paragraph" for style in styles)


def _list_depth(paragraph: _Element) -> int:
    level = paragraph.find(f"{qn('w:pPr')}/{qn('w:numPr')}/{qn('w:ilvl')}")
    value = (level.get(qn("w:val")) or "") if level is not None else ""
    return min(int(value), _BODY_LEVEL) if value.isdecimal() else 0


def _table_lines(table: _Element) -> Iterator[str]:
    for row in table.iterchildren(_ROW):
        cells = [" ".join(_text(cell).split()) for cell in row.iter(_CELL)]
        if any(cells):
            yield " | ".join(cells)
