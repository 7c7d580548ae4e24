from datetime import UTC, datetime
from email.message import EmailMessage

from indexer.domain.content import BlockKind, Credit, ItemState
from indexer.domain.people import Role
from tests.unit.parsing.samples import block_with, mail, parse, pdf, texts


def test_the_headers_become_title_author_and_date():
    document = parse(mail(), "a.eml")
    assert document.title == "Valve stuck"
    assert document.metadata.credits == (Credit(Role.AUTHOR, name="Lee, Ann", address="ann@example.org"),)
    assert document.metadata.created == datetime(2020, 3, 3, 9, tzinfo=UTC)
    assert texts(document) == ["Hello,", "the valve is fixed."]


def test_what_is_quoted_is_told_from_what_is_said():
    document = parse(mail("Yes.\n\nOn Monday, Bob Day\nwrote:\n> Is it fixed?\n> Tell me.\n\nBye\n"), "a.eml")
    assert texts(document, BlockKind.PARAGRAPH) == ["Yes.", "Bye"]
    assert "Is it fixed?" in texts(document, BlockKind.QUOTE)[0]


def test_everything_after_an_original_message_is_quoted():
    for mark in ("-----Original Message-----\nold", "Von: Bob Day\nGesendet: Montag\nAn: Ann\n\nold"):
        document = parse(mail(f"New.\n\n{mark}\n\nolder\n"), "a.eml")
        assert texts(document, BlockKind.PARAGRAPH) == ["New."]


def test_the_signature_is_dropped():
    assert texts(parse(mail("Done.\n\n-- \nAnn Lee\nExample Ltd\n"), "a.eml")) == ["Done."]


def test_plain_text_is_preferred_and_html_read_where_it_is_all():
    assert texts(parse(mail("plain\n", html="<p>rich</p>"), "a.eml")) == ["plain"]
    assert texts(parse(mail("", html="<p>rich</p><blockquote>old</blockquote>"), "a.eml")) == ["rich", "old"]


def test_attachments_are_read_under_their_names():
    document = parse(mail(attachments={"report.pdf": pdf([["Valves", "The seal is worn."]])}), "a.eml")
    block = block_with(document, "seal")
    assert block.headings[0] == "Attachment: report.pdf"
    assert block.page == 1
    assert document.state is ItemState.OK


def test_an_attachment_that_cannot_be_read_makes_it_partial():
    document = parse(mail(attachments={"tool.bin": b"\x00\x01\x02\x03" * 50}), "a.eml")
    assert document.state is ItemState.PARTIAL
    assert document.reason == "the attachment tool.bin could not be read (Files of type .bin are not read)"
    assert texts(document) == ["Hello,", "the valve is fixed."]


def test_an_attached_mail_is_read_without_its_attachments():
    outer = EmailMessage()
    outer["Subject"] = "Fwd"
    outer.set_content("See below.\n")
    inner = EmailMessage()
    inner["Subject"] = "Inner"
    inner.set_content("Inner words.\n")
    inner.add_attachment(b"Deep words.", maintype="text", subtype="plain", filename="deep.txt")
    outer.add_attachment(inner)
    found = texts(parse(outer.as_bytes(), "a.eml"))
    assert "Inner words." in found
    assert "Deep words." not in found
