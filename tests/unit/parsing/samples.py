"""Small real files of every format, made with the libraries that people's programs use."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from io import BytesIO

import docx
import openpyxl
import pptx
from fpdf import FPDF
from pptx.util import Inches

from indexer.domain.content import Block, BlockKind, ParsedDocument
from indexer.notation import DISCOURSE_TOPIC, KNOWWHO_RECORD, KNOWWHO_THREAD
from indexer.parsing import registry
from indexer.parsing.base import ParseHints


def parse(content: bytes | str, file_name: str = "file", **hints: object) -> ParsedDocument:
    """The document that the registry's parser makes of the content."""
    raw = content.encode() if isinstance(content, str) else content
    return registry.parse(raw, ParseHints(file_name, **hints))


def texts(document: ParsedDocument, kind: BlockKind | None = None) -> list[str]:
    return [block.text for block in document.blocks if kind in (None, block.kind)]


def block_with(document: ParsedDocument, words: str) -> Block:
    return next(block for block in document.blocks if words in block.text)


def pdf(
    pages: Sequence[Sequence[str]],
    *,
    heading_size: int = 12,
    bookmarks: bool = False,
    passwords: tuple[str, str] | None = None,
    **info: str,
) -> bytes:
    """A PDF with one line of text for each string; the first line of a page is its heading.

    `passwords` are the owner's and the reader's; `info` may give `title` and `author`.
    """
    document = FPDF()
    document.set_creation_date(datetime(2021, 3, 4, tzinfo=UTC))
    document.set_title(info.get("title", ""))
    document.set_author(info.get("author", ""))
    if passwords:
        document.set_encryption(*passwords)
    for lines in pages:
        document.add_page()
        for index, line in enumerate(lines):
            document.set_font("Helvetica", size=12 if index else heading_size)
            if bookmarks and not index:
                document.start_section(line)
            document.cell(0, 10, line, new_x="LMARGIN", new_y="NEXT")
    return bytes(document.output())


def word() -> bytes:
    document = docx.Document()
    properties = document.core_properties
    properties.title, properties.author = "Spillway repair", "Ann Lee; Bob Day"
    properties.last_modified_by = "Somebody Else"
    properties.created, properties.modified = datetime(2019, 5, 6), datetime(2020, 7, 8)
    document.add_heading("Findings", 1)
    document.add_paragraph("The gate leaked.")
    document.add_heading("Seals", 2)
    document.add_paragraph("Replace the seal", style="List Bullet")
    document.add_paragraph("Test the gate", style="List Bullet")
    table = document.add_table(2, 2)
    for cell, text in zip(table._cells, ("Part", "State", "Seal", "Worn"), strict=True):
        cell.text = text
    return saved(document)


def slides() -> bytes:
    presentation = pptx.Presentation()
    layout = presentation.slide_layouts[1]
    first = presentation.slides.add_slide(layout)
    first.shapes.title.text = "Pump maintenance"
    first.placeholders[1].text_frame.text = "Check the bearings"
    first.placeholders[1].text_frame.add_paragraph().text = "Grease them"
    first.notes_slide.notes_text_frame.text = "Ask Carol about the grease."
    second = presentation.slides.add_slide(layout)
    second.shapes.title.text = "Spare parts"
    table = second.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for row, cells in enumerate((("Part", "Count"), ("Bearing", "4"))):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    group = second.shapes.add_group_shape()
    group.shapes.add_textbox(0, 0, Inches(1), Inches(1)).text_frame.text = "Inside a group"
    return saved(presentation)


def sheet(rows: Sequence[Sequence[object]], name: str = "Pumps") -> bytes:
    workbook = openpyxl.Workbook()
    workbook.active.title = name
    for row in rows:
        workbook.active.append(list(row))
    return saved(workbook)


def mail(body: str = "Hello,\n\nthe valve is fixed.\n", **parts: object) -> bytes:
    """A mail; `html` adds a second form of the body, `attachments` maps names to bytes."""
    message = EmailMessage()
    message["Subject"] = "Re: Valve stuck"
    message["From"] = '"Lee, Ann" <ann@example.org>'
    message["To"] = "bob@example.org"
    message["Date"] = "Tue, 03 Mar 2020 10:00:00 +0100"
    if body:
        message.set_content(body)
    if "html" in parts:
        add = message.add_alternative if body else message.set_content
        add(parts["html"], subtype="html")
    for name, content in dict(parts.get("attachments") or {}).items():
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


def post(number: int, username: str, cooked: str, **more: object) -> dict[str, object]:
    return {
        "post_number": number,
        "post_type": 1,
        "username": username,
        "name": "",
        "cooked": cooked,
        "created_at": f"2016-11-{10 + number}T00:50:54.000Z",
        **more,
    }


def topic(*posts: dict[str, object], **more: object) -> bytes:
    fields = {"title": "10,000 grass nodes", "created_at": "2016-11-11T00:50:54.000Z"}
    return json.dumps({**fields, "post_stream": {"posts": list(posts)}, **more}).encode()


def thread(*messages: dict[str, object], **more: object) -> bytes:
    return json.dumps({"id": "7", "title": "Pod stuck", "messages": list(messages), **more}).encode()


def record(**sections: str) -> bytes:
    return json.dumps({"sections": [{"heading": name, "text": text} for name, text in sections.items()]}).encode()


def saved(document: object) -> bytes:
    buffer = BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def one_of_each() -> dict[str, tuple[bytes, ParseHints]]:
    """A real file of every format, by the name of its parser."""
    markdown = "---\ntitle: A\nauthors: ['@ann']\n---\n# Heading\n\nText with **bold**.\n\n- one\n- two\n\n> said\n"
    page = "<html><head><title>Page</title></head><body><main><h1>H</h1><p>Text</p><ul><li>x</ul></main></body></html>"
    return {
        "pdf": (pdf([["Title", "Some text here."], ["More", "And more."]]), ParseHints("a.pdf")),
        "docx": (word(), ParseHints("a.docx")),
        "pptx": (slides(), ParseHints("a.pptx")),
        "xlsx": (sheet([("Part", "Count"), ("Bearing", 4)]), ParseHints("a.xlsx")),
        "html": (page.encode(), ParseHints("a.html")),
        "markdown": (markdown.encode(), ParseHints("a.md")),
        "text": ("Überschrift\n===\n\nText\n".encode(), ParseHints("a.txt")),
        "mail": (mail(attachments={"notes.txt": b"The notes."}), ParseHints("a.eml")),
        "topic": (topic(post(1, "ann", "<p>How?</p>")), ParseHints("t", DISCOURSE_TOPIC)),
        "thread": (thread({"author": "ann", "text": "How?"}), ParseHints("t", KNOWWHO_THREAD)),
        "record": (record(Abstract="What we learned."), ParseHints("r", KNOWWHO_RECORD)),
    }
