from datetime import UTC, date, datetime
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import docx
import pytest

from indexer.domain.content import BlockKind, Credit, ItemState
from indexer.domain.errors import DocumentUnreadable
from indexer.domain.people import Role
from tests.unit.parsing.samples import block_with, parse, saved, sheet, slides, texts, word

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def refusal(content, file_name):
    with pytest.raises(DocumentUnreadable) as caught:
        parse(content, file_name)
    return caught.value


def test_a_word_file_keeps_its_headings_lists_and_tables():
    document = parse(word(), "a.docx")
    assert block_with(document, "leaked").headings == ("Findings",)
    assert texts(document, BlockKind.LIST) == ["- Replace the seal\n- Test the gate"]
    assert texts(document, BlockKind.TABLE) == ["Part | State\nSeal | Worn"]
    assert block_with(document, "Worn").headings == ("Findings", "Seals")


def test_a_word_file_names_its_authors_not_who_saved_it_last():
    document = parse(word(), "a.docx")
    assert document.title == "Spillway repair"
    assert document.metadata.credits == (Credit(Role.AUTHOR, name="Ann Lee"), Credit(Role.AUTHOR, name="Bob Day"))
    assert document.metadata.created == datetime(2019, 5, 6, tzinfo=UTC)
    assert document.metadata.updated == datetime(2020, 7, 8, tzinfo=UTC)


def test_a_word_file_without_a_title_is_named_after_its_first_heading():
    document = docx.Document()
    document.add_heading("The report", 0)
    document.add_paragraph("Text")
    assert parse(saved(document), "x.docx").title == "The report"


def test_slides_are_pages_with_notes_tables_and_groups():
    document = parse(slides(), "a.pptx")
    points = block_with(document, "bearings")
    assert (points.text, points.page, points.headings) == (
        "- Check the bearings\n- Grease them",
        1,
        ("Pump maintenance",),
    )
    assert block_with(document, "Carol").headings == ("Pump maintenance", "Speaker notes")
    assert block_with(document, "Bearing |").text == "Part | Count\nBearing | 4"
    assert block_with(document, "group").page == 2
    assert document.title == "Pump maintenance"


def test_rows_of_a_sheet_carry_the_names_of_its_header():
    document = parse(
        sheet([("Pump", "Checked", "Hours"), ("P-1", date(2020, 1, 2), 3.5), ("P-2", None, 7.0)]), "a.xlsx"
    )
    assert [(block.text, block.line, block.headings) for block in document.blocks] == [
        ("Pump: P-1; Checked: 2020-01-02; Hours: 3.5", 2, ("Pumps",)),
        ("Pump: P-2; Hours: 7", 3, ("Pumps",)),
    ]


def test_a_sheet_without_a_header_is_read_row_by_row():
    assert texts(parse(sheet([(1, 2), (3, "x")]), "a.xlsx")) == ["1 | 2", "3 | x"]


@pytest.mark.parametrize("name", ["a.docx", "a.pptx", "a.xlsx"])
def test_a_file_with_a_password_is_encrypted(name):
    locked = OLE + b"\0" * 500 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 500
    assert refusal(locked, name).state is ItemState.ENCRYPTED


@pytest.mark.parametrize(("name", "new"), [("a.doc", ".docx"), ("a.xls", ".xlsx"), ("a.ppt", ".pptx")])
def test_old_office_files_are_skipped_with_advice(name, new):
    error = refusal(OLE + b"\0" * 500, name)
    assert error.state is ItemState.SKIPPED
    assert f"save it as {new}" in error.reason


@pytest.mark.parametrize("name", ["a.docx", "a.pptx", "a.xlsx"])
def test_a_zip_bomb_is_not_unpacked(name):
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"0" * 60_000_000)
    error = refusal(buffer.getvalue(), name)
    assert error.state is ItemState.SKIPPED
    assert "would unpack to 60 MB" in error.reason


def test_a_zip_that_is_no_office_file_is_damaged():
    buffer = BytesIO()
    with ZipFile(buffer, "w") as archive:
        archive.writestr("hello.txt", "hello")
    for name in ("a.docx", "a.pptx", "a.xlsx"):
        assert refusal(buffer.getvalue(), name).state is ItemState.FAILED
