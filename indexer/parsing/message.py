"""Reads mail files (.eml)."""

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.message import EmailMessage, Message, MIMEPart

from indexer.domain.content import BlockKind, Credit, ItemMetadata, ItemState, ParsedDocument
from indexer.domain.errors import DocumentUnreadable
from indexer.domain.people import Role
from indexer.notation import credits_from, decode_text, one_line, parse_when
from indexer.parsing import registry
from indexer.parsing.base import ParseHints, unreadable_if_damaged
from indexer.parsing.blocks import BlockWriter
from indexer.parsing.html import MAIL, HtmlReader, html_root
from indexer.parsing.quotes import separate_quotes
from indexer.parsing.text import add_paragraphs
from indexer.parsing.titles import sensible_title

MAX_ATTACHMENTS = 50
_SIGNATURE = re.compile(r"^-- ?$", re.M)
_REPLY_PREFIX = re.compile(r"^((re|aw|fwd?|wg|tr|sv|antw)\s*(\[\d+\])?\s*:\s*)+", re.I)


@dataclass(frozen=True, slots=True)
class _Attachment:
    name: str
    media_type: str
    content: bytes


class MailParser:
    """One mail: its own words, what it quotes, and the attachments that can be read.

    An attached mail is read without its own attachments.
    """

    def __init__(self, with_attachments: bool = True) -> None:
        self._with_attachments = with_attachments

    def parse(self, content: bytes, hints: ParseHints) -> ParsedDocument:
        blocks = BlockWriter(hints)
        with unreadable_if_damaged("The mail is damaged"):
            mail = email.message_from_bytes(content, _class=EmailMessage, policy=email.policy.default)
            _add_body(blocks, mail)
            if self._with_attachments:
                _add_attachments(blocks, mail, hints)
        title = sensible_title(_REPLY_PREFIX.sub("", _header(mail, "subject")))
        return blocks.document(title, _metadata(mail))


def _metadata(mail: EmailMessage) -> ItemMetadata:
    sent = parse_when(re.sub(r"\s*\(.*?\)\s*$", "", _header(mail, "date")))
    return ItemMetadata(credits=_authors(mail), created=sent, updated=sent)


def _authors(mail: EmailMessage) -> tuple[Credit, ...]:
    try:
        with unreadable_if_damaged("the sender cannot be read"):
            addresses = getattr(mail["from"], "addresses", ())
            people = [{"name": address.display_name, "address": address.addr_spec} for address in addresses]
    except DocumentUnreadable:
        return credits_from(_header(mail, "from"), Role.AUTHOR)
    return credits_from(people, Role.AUTHOR)


def _header(mail: EmailMessage, name: str) -> str:
    """A header as text; empty where it is missing or the library cannot take it apart."""
    try:
        with unreadable_if_damaged(f"the header {name} cannot be read"):
            return one_line(str(mail.get(name, "")))
    except DocumentUnreadable:
        return ""


def _add_body(blocks: BlockWriter, mail: EmailMessage) -> None:
    body = mail.get_body(preferencelist=("plain", "html"))
    if body is None:
        return
    decoded = decode_text(_payload(body), body.get_content_charset())
    if decoded.problem:
        blocks.problem(decoded.problem)
    if body.get_content_type() == "text/html":
        _add_html(blocks, decoded.text)
    else:
        add_message_text(blocks, decoded.text)


def add_message_text(blocks: BlockWriter, text: str) -> None:
    """Adds a plain text mail: quotes as such, the signature dropped."""
    for part, quoted in separate_quotes(text):
        if quoted:
            blocks.add(part, BlockKind.QUOTE)
        else:
            add_paragraphs(blocks, _SIGNATURE.split(part)[0], with_headings=False)


def _add_html(blocks: BlockWriter, text: str) -> None:
    root = html_root(text)
    if root is not None:
        HtmlReader(blocks, MAIL).read(root)


def _payload(part: MIMEPart) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _add_attachments(blocks: BlockWriter, mail: EmailMessage, hints: ParseHints) -> None:
    for number, attachment in enumerate(_attachments(mail), start=1):
        if number > MAX_ATTACHMENTS:
            blocks.problem(f"only the first {MAX_ATTACHMENTS} attachments were read")
        if number > MAX_ATTACHMENTS or blocks.full:
            return
        _add_attachment(blocks, attachment, hints)


def _attachments(mail: EmailMessage) -> Iterator[_Attachment]:
    for part in mail.iter_attachments():
        media_type = part.get_content_type()
        name = one_line(part.get_filename() or "")
        if media_type == "message/rfc822":
            inner = part.get_payload()
            if isinstance(inner, list) and inner and isinstance(inner[0], Message):
                yield _Attachment(name or "mail.eml", media_type, inner[0].as_bytes())
        elif name and part.get_content_maintype() not in ("image", "multipart"):
            yield _Attachment(name, media_type, _payload(part))


def _add_attachment(blocks: BlockWriter, attachment: _Attachment, hints: ParseHints) -> None:
    inner = replace(hints, file_name=attachment.name, media_type=attachment.media_type, encoding=None)
    try:
        parser = registry.parser_for(attachment.content, inner)
        document = (MailParser(False) if isinstance(parser, MailParser) else parser).parse(attachment.content, inner)
    except DocumentUnreadable as error:
        if error.state is not ItemState.NO_TEXT:
            blocks.problem(f"the attachment {attachment.name} could not be read ({error.reason})")
        return
    blocks.leave_sections()
    blocks.heading(1, f"Attachment: {attachment.name}")
    blocks.extend(document)
    if document.reason:
        blocks.problem(f"the attachment {attachment.name} was read in part ({document.reason})")
