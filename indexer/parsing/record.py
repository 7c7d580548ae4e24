"""Reads rows of tables, which sources hand over as sections of text."""

import html
import json

from indexer.domain.content import ItemState, ParsedDocument
from indexer.domain.errors import DocumentUnreadable
from indexer.notation import clean, decode_text
from indexer.parsing.base import ParseHints
from indexer.parsing.blocks import BlockWriter
from indexer.parsing.text import add_paragraphs


class RecordParser:
    """`{"sections": [{"heading": …, "text": …}]}`: paragraphs under the headings."""

    def parse(self, content: bytes, hints: ParseHints) -> ParsedDocument:
        record = read_json_object(content, hints, "record")
        sections = record.get("sections")
        blocks = BlockWriter(hints)
        for section in sections if isinstance(sections, list) else ():
            if isinstance(section, dict):
                _add_section(blocks, section)
        return blocks.document(None, named_by_file=False)


def read_json_object(content: bytes, hints: ParseHints, kind: str) -> dict[str, object]:
    """The JSON object in `content`; DocumentUnreadable where it is none. `kind` names it in the reason."""
    try:
        value = json.loads(decode_text(content, hints.encoding).text, strict=False)
    except ValueError as error:
        raise DocumentUnreadable(ItemState.FAILED, f"The {kind} is not valid JSON ({error})") from error
    except RecursionError as error:
        raise DocumentUnreadable(ItemState.FAILED, f"The {kind} is nested too deeply to be read") from error
    if not isinstance(value, dict):
        raise DocumentUnreadable(ItemState.FAILED, f"The {kind} is not a JSON object")
    return value


def _add_section(blocks: BlockWriter, section: dict[str, object]) -> None:
    heading, text = section.get("heading"), section.get("text")
    blocks.leave_sections()
    if isinstance(heading, str):
        blocks.heading(1, heading)
    if isinstance(text, str):
        add_paragraphs(blocks, clean(html.unescape(text)), with_headings=False)
