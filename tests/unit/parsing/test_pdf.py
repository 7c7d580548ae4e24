from datetime import UTC, datetime
from io import BytesIO

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, NumberObject, StreamObject

from indexer.domain.content import Credit, ItemState
from indexer.domain.errors import DocumentUnreadable
from indexer.domain.people import Role
from tests.unit.parsing.samples import block_with, parse, pdf, saved, texts


def refusal(content):
    with pytest.raises(DocumentUnreadable) as caught:
        parse(content, "a.pdf")
    return caught.value


def with_a_broken_page(content, number):
    """The PDF with a page whose content claims a filter that there is not."""
    writer = PdfWriter(clone_from=PdfReader(BytesIO(content)))
    stream = StreamObject()
    stream[NameObject("/Filter")] = NameObject("/NoSuchFilter")
    stream[NameObject("/Length")] = NumberObject(3)
    stream._data = b"abc"
    writer.pages[number - 1][NameObject("/Contents")] = writer._add_object(stream)
    return saved(_Written(writer))


class _Written:
    def __init__(self, writer):
        self.save = writer.write


def test_pages_and_bookmarks_locate_the_text():
    document = parse(pdf([["Intro", "First words."], ["Method", "Second words."]], bookmarks=True), "a.pdf")
    first, second = block_with(document, "First"), block_with(document, "Second")
    assert (first.page, first.headings) == (1, ("Intro",))
    assert (second.page, second.headings) == (2, ("Method",))


def test_the_information_gives_title_authors_and_date():
    document = parse(pdf([["x", "Text here."]], title="Valves", author="Ann Lee and Bob Day"), "a.pdf")
    assert document.title == "Valves"
    assert document.metadata.credits == (Credit(Role.AUTHOR, name="Ann Lee"), Credit(Role.AUTHOR, name="Bob Day"))
    assert document.metadata.created == datetime(2021, 3, 4, tzinfo=UTC)


@pytest.mark.parametrize("title", ["", "Microsoft Word - report.docx", "untitled", "report_final.pdf"])
def test_without_a_sensible_title_the_largest_text_is_taken(title):
    content = pdf([["Seals of the spillway", "Some smaller text."]], title=title, heading_size=24)
    assert parse(content, "a.pdf").title == "Seals of the spillway"


def test_lines_become_paragraphs_and_parted_words_are_joined():
    lines = ["The inspection of the gate showed that the main-", "tenance was late by many months and years."]
    document = parse(pdf([lines]), "a.pdf")
    assert texts(document) == [
        "The inspection of the gate showed that the maintenance was late by many months and years."
    ]


def test_running_headers_and_page_numbers_are_dropped():
    bodies = ("about pumps that run dry", "about valves that stick", "about gates that leak")
    pages = [["Annual report 2020", f"Chapter text {body}.", f"Page {n}"] for n, body in enumerate(bodies, start=1)]
    found = " ".join(texts(parse(pdf(pages), "a.pdf")))
    assert "Annual report" not in found
    assert "Page" not in found
    assert all(body in found for body in bodies)


def test_text_that_is_all_page_numbers_is_kept():
    assert texts(parse(pdf([["Card 1"], ["Card 2"], ["Card 3"]]), "a.pdf")) == ["Card 1", "Card 2", "Card 3"]


def test_a_page_that_fails_leaves_the_other_pages():
    content = with_a_broken_page(pdf([["One", "First words."], ["x", "y"], ["Three", "Third words."]]), 2)
    document = parse(content, "a.pdf")
    assert document.state is ItemState.PARTIAL
    assert document.reason.startswith("page 2 could not be read (")
    assert [block_with(document, words).page for words in ("First", "Third")] == [1, 3]


def test_a_password_makes_it_encrypted_and_an_empty_one_does_not():
    assert refusal(pdf([["x", "Secret."]], passwords=("owner", "reader"))).state is ItemState.ENCRYPTED
    assert "Printable" in texts(parse(pdf([["x", "Printable."]], passwords=("owner", "")), "a.pdf"))[0]


def test_pages_without_text_are_told_as_scans():
    error = refusal(pdf([[], []]))
    assert error.state is ItemState.NO_TEXT
    assert error.reason == "It has pages but no text: probably scanned images"


def test_a_damaged_file_failed():
    assert refusal(b"%PDF-1.7\n" + b"\x00\xff" * 400).state is ItemState.FAILED


def test_it_stops_at_the_limit_of_characters():
    document = parse(pdf([["x", "word " * 20]] * 40), "a.pdf", max_characters=1000)
    assert document.state is ItemState.PARTIAL
    assert "only the beginning was read" in document.reason
