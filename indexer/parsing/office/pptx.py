"""Reads PowerPoint files."""

from collections.abc import Iterable, Iterator
from typing import Any

import pptx
from pptx.slide import Slide

from indexer.domain.content import BlockKind, ParsedDocument
from indexer.domain.errors import DocumentUnreadable
from indexer.notation import one_line
from indexer.parsing.base import ParseHints, unreadable_if_damaged
from indexer.parsing.blocks import BlockWriter
from indexer.parsing.office.container import metadata_of, opened
from indexer.parsing.titles import sensible_title

MAX_GROUP_DEPTH = 20
NOTES_HEADING = "Speaker notes"


class PptxParser:
    """Presentations: one page a slide, its title as heading, then texts, tables and the speaker's notes."""

    def parse(self, content: bytes, hints: ParseHints) -> ParsedDocument:
        blocks = BlockWriter(hints)
        with opened(content, "PowerPoint") as file:
            presentation = pptx.Presentation(file)
            slides = list(presentation.slides)
            properties = presentation.core_properties
            title = sensible_title(properties.title)
            metadata = metadata_of(properties, properties.author)
        for number, slide in enumerate(slides, start=1):
            _read_slide(blocks, slide, number)
            if blocks.full:
                break
        return blocks.document(title or _first_title(slides), metadata)


def _read_slide(blocks: BlockWriter, slide: Slide, number: int) -> None:
    """Adds a slide; one that cannot be read is noted and the others stay."""
    try:
        with unreadable_if_damaged(f"slide {number} could not be read"):
            _add_slide(blocks, slide, number)
    except DocumentUnreadable as error:
        blocks.problem(error.reason)


def _add_slide(blocks: BlockWriter, slide: Slide, number: int) -> None:
    blocks.page = number
    blocks.leave_sections()
    title = _slide_title(slide)
    blocks.heading(1, title)
    before = len(blocks)
    title_id = slide.shapes.title.shape_id if slide.shapes.title is not None else None
    for shape in _flat(slide.shapes):
        if shape.shape_id != title_id:
            _add_shape(blocks, shape)
    if len(blocks) == before:
        blocks.add(title)  # a slide that parts two chapters has nothing but its title
    _add_notes(blocks, slide)


def _slide_title(slide: Slide) -> str:
    shape = slide.shapes.title
    return one_line(shape.text_frame.text) if shape is not None else ""


# python-pptx tells shapes apart by flags that its types do not know, hence Any.
def _flat(shapes: Iterable[Any], depth: int = 0) -> Iterator[Any]:
    """The shapes with those of groups in their place."""
    for shape in shapes:
        if hasattr(shape, "shapes") and depth < MAX_GROUP_DEPTH:
            yield from _flat(shape.shapes, depth + 1)
        else:
            yield shape


def _add_shape(blocks: BlockWriter, shape: Any) -> None:
    if getattr(shape, "has_table", False):
        rows = (" | ".join(one_line(cell.text) for cell in row.cells) for row in shape.table.rows)
        blocks.add("\n".join(row for row in rows if row.strip(" |")), BlockKind.TABLE)
    elif getattr(shape, "has_text_frame", False):
        lines = [(paragraph.level, one_line(paragraph.text)) for paragraph in shape.text_frame.paragraphs]
        _add_lines(blocks, [(level, text) for level, text in lines if text])


def _add_lines(blocks: BlockWriter, lines: list[tuple[int, str]]) -> None:
    """Several paragraphs in one frame are the points of a slide."""
    if len(lines) > 1:
        blocks.add("\n".join(f"{'  ' * level}- {text}" for level, text in lines), BlockKind.LIST)
    elif lines:
        blocks.add(lines[0][1])


def _add_notes(blocks: BlockWriter, slide: Slide) -> None:
    if not slide.has_notes_slide:
        return
    frame = slide.notes_slide.notes_text_frame
    if frame is not None and frame.text.strip():
        blocks.heading(2, NOTES_HEADING)
        for paragraph in frame.paragraphs:
            blocks.add(paragraph.text)


def _first_title(slides: list[Slide]) -> str | None:
    try:
        with unreadable_if_damaged("the title could not be read"):
            return next((title for title in map(sensible_title, map(_slide_title, slides[:3])) if title), None)
    except DocumentUnreadable:
        return None
