"""Picks the parser for an item: by media type, then by file ending, then by the first bytes."""

import importlib
import re
from functools import cache
from pathlib import PurePosixPath
from typing import cast

from indexer.domain.content import ItemState, ParsedDocument
from indexer.domain.errors import DocumentUnreadable
from indexer.notation import DISCOURSE_TOPIC, KNOWWHO_RECORD, KNOWWHO_THREAD
from indexer.parsing.base import ParseHints, Parser

_OFFICE_XML = "application/vnd.openxmlformats-officedocument."
_SNIFFED_BYTES = 4096

# Named, not imported: a child that reads only Markdown need not load a PDF library.
_PARSERS = {
    "pdf": ("indexer.parsing.pdf", "PdfParser"),
    "docx": ("indexer.parsing.office.docx", "DocxParser"),
    "pptx": ("indexer.parsing.office.pptx", "PptxParser"),
    "xlsx": ("indexer.parsing.office.xlsx", "XlsxParser"),
    "html": ("indexer.parsing.html", "HtmlParser"),
    "markdown": ("indexer.parsing.markdown", "MarkdownParser"),
    "text": ("indexer.parsing.text", "TextParser"),
    "mail": ("indexer.parsing.message", "MailParser"),
    "topic": ("indexer.parsing.thread", "TopicParser"),
    "thread": ("indexer.parsing.thread", "ThreadParser"),
    "record": ("indexer.parsing.record", "RecordParser"),
}
_BY_MEDIA_TYPE = {
    "application/pdf": "pdf",
    "application/x-pdf": "pdf",
    _OFFICE_XML + "wordprocessingml.document": "docx",
    _OFFICE_XML + "presentationml.presentation": "pptx",
    _OFFICE_XML + "spreadsheetml.sheet": "xlsx",
    "application/vnd.ms-word.document.macroenabled.12": "docx",
    "application/vnd.ms-powerpoint.presentation.macroenabled.12": "pptx",
    "application/vnd.ms-excel.sheet.macroenabled.12": "xlsx",
    "text/html": "html",
    "application/xhtml+xml": "html",
    "text/markdown": "markdown",
    "text/x-markdown": "markdown",
    "message/rfc822": "mail",
    DISCOURSE_TOPIC: "topic",
    KNOWWHO_THREAD: "thread",
    KNOWWHO_RECORD: "record",
}
_BY_ENDING = {
    ".pdf": "pdf",
    ".docx": "docx",
    ".docm": "docx",
    ".pptx": "pptx",
    ".pptm": "pptx",
    ".ppsx": "pptx",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".md": "markdown",
    ".markdown": "markdown",
    ".mkd": "markdown",
    ".txt": "text",
    ".text": "text",
    ".log": "text",
    ".rst": "text",
    ".adoc": "text",
    ".asciidoc": "text",
    ".org": "text",
    ".eml": "mail",
}
_OLD_OFFICE = {".doc": ".docx", ".xls": ".xlsx", ".ppt": ".pptx", ".dot": ".docx", ".pps": ".pptx"}
_OLD_OFFICE_MEDIA_TYPES = {
    "application/msword": ".doc",
    "application/vnd.ms-excel": ".xls",
    "application/vnd.ms-powerpoint": ".ppt",
}
_OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_STREAMS = {"WordDocument": ".doc", "Workbook": ".xls", "PowerPoint Document": ".ppt"}
_ZIP_SIGNATURE = b"PK\x03\x04"
_ZIP_MEMBERS = {b"word/": "docx", b"ppt/": "pptx", b"xl/": "xlsx"}
_HTML_START = re.compile(rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)\b", re.I | re.S)
_MAIL_HEADER = re.compile(rb"(from|to|subject|date|received|return-path|message-id|mime-version|delivered-to):", re.I)
_HEADER_LINE = re.compile(rb"[\x21-\x39\x3b-\x7e]+:|[ \t]")
_CONTROL_BYTES = bytes(set(range(0x20)) - {0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x1B})


def parse(content: bytes, hints: ParseHints) -> ParsedDocument:
    """The document in `content`, read by the parser that fits. Raises DocumentUnreadable."""
    if not content:
        raise DocumentUnreadable(ItemState.NO_TEXT, "The file is empty")
    return parser_for(content, hints).parse(content, hints)


def parser_for(content: bytes, hints: ParseHints) -> Parser:
    """The parser that fits; DocumentUnreadable where the type is one that is not read."""
    ending = ending_of(hints.file_name)
    media_type = (hints.media_type or "").split(";")[0].strip().casefold()
    _refuse_old_office(_OLD_OFFICE_MEDIA_TYPES.get(media_type, ending), content)
    family = _BY_MEDIA_TYPE.get(media_type) or _BY_ENDING.get(ending) or _sniffed(content)
    if family is None:
        kind = f"of type {ending or media_type}" if ending or media_type else "of this unknown type"
        raise DocumentUnreadable(ItemState.SKIPPED, f"Files {kind} are not read")
    return _parser(family)


def known_endings() -> frozenset[str]:
    """The file endings that a parser claims, lower-case, each with its dot."""
    return frozenset(_BY_ENDING)


def ending_of(file_name: str) -> str:
    """The ending of a file's name with its dot, lower-case; empty where there is none."""
    return PurePosixPath(file_name.replace("\\", "/")).suffix.casefold()


@cache
def _parser(family: str) -> Parser:
    module, name = _PARSERS[family]
    return cast(Parser, getattr(importlib.import_module(module), name)())


def _refuse_old_office(ending: str, content: bytes) -> None:
    """Refuses Word, Excel and PowerPoint files from before 2007, whatever they are called."""
    old = ending if ending in _OLD_OFFICE and not content.startswith(_ZIP_SIGNATURE) else None
    if content.startswith(_OLE_SIGNATURE):
        if _ole_name("EncryptedPackage") in content:
            raise DocumentUnreadable(ItemState.ENCRYPTED, "The file is encrypted and no password is known")
        old = next((known for stream, known in _OLE_STREAMS.items() if _ole_name(stream) in content), old)
    if old:
        new = _OLD_OFFICE[old]
        raise DocumentUnreadable(ItemState.SKIPPED, f"Old {old} files are not read: save it as {new} to have it read")


def _ole_name(stream: str) -> bytes:
    return stream.encode("utf-16-le")


def _sniffed(content: bytes) -> str | None:
    start = content[:_SNIFFED_BYTES]
    if b"%PDF-" in start[:1024]:
        return "pdf"
    if start.startswith(_ZIP_SIGNATURE):
        return next((family for member, family in _ZIP_MEMBERS.items() if member in content), None)
    if _HTML_START.match(start):
        return "html"
    if _is_mail(start):
        return "mail"
    return "text" if _is_text(start) else None


def _is_mail(start: bytes) -> bool:
    """Mail begins with header lines only, and at least two of them are of the usual ones."""
    header = start.replace(b"\r\n", b"\n").split(b"\n\n")[0].split(b"\n")
    lines = header if len(header) < 3 or b"\n\n" in start else header[:-1]
    usual = sum(_MAIL_HEADER.match(line) is not None for line in lines)
    return usual >= 2 and all(_HEADER_LINE.match(line) for line in lines)


def _is_text(start: bytes) -> bool:
    if start.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        return True
    controls = len(start) - len(start.translate(None, _CONTROL_BYTES))
    return b"\x00" not in start and controls <= len(start) // 100
