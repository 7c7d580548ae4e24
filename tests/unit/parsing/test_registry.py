import subprocess
import sys

import pytest

from indexer.domain.content import ItemState
from indexer.domain.errors import DocumentUnreadable
from indexer.parsing import known_endings
from indexer.parsing.base import ParseHints
from indexer.parsing.registry import parser_for
from tests.unit.parsing.samples import mail, one_of_each, parse, pdf, word


def parser_name(content, file_name="file", media_type=None):
    return type(parser_for(content, ParseHints(file_name, media_type))).__name__


def test_the_media_type_wins_over_the_ending_and_the_ending_over_the_bytes():
    assert parser_name(b"# x", "a.txt", "text/markdown; charset=utf-8") == "MarkdownParser"
    assert parser_name(b"<html>", "a.md") == "MarkdownParser"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (pdf([["x"]]), "PdfParser"),
        (word(), "DocxParser"),
        (one_of_each()["pptx"][0], "PptxParser"),
        (one_of_each()["xlsx"][0], "XlsxParser"),
        (b"\n<!DOCTYPE html><p>x", "HtmlParser"),
        (mail(), "MailParser"),
        (b"Note: this is\nDate: no mail at all\njust text", "TextParser"),
        ("Grüße".encode(), "TextParser"),
    ],
)
def test_files_without_a_telling_name_are_known_by_their_bytes(content, expected):
    assert parser_name(content) == expected


def test_unknown_binary_types_are_skipped_by_name():
    with pytest.raises(DocumentUnreadable) as caught:
        parse(b"\x7fELF\x00\x01\x02" * 20, "tool.BIN")
    assert (caught.value.state, caught.value.reason) == (ItemState.SKIPPED, "Files of type .bin are not read")


def test_an_empty_file_has_no_text():
    with pytest.raises(DocumentUnreadable) as caught:
        parse(b"", "a.md")
    assert caught.value.state is ItemState.NO_TEXT


def test_known_endings_are_lower_case_with_a_dot():
    assert {".pdf", ".md", ".docx", ".eml"} <= known_endings()
    assert all(ending == ending.lower() and ending.startswith(".") for ending in known_endings())


def test_reading_markdown_loads_no_other_formats_library():
    code = (
        "import sys\nfrom indexer.parsing import registry\nfrom indexer.parsing.base import ParseHints\n"
        "registry.parse(b'# x\\n\\ny', ParseHints('a.md'))\n"
        "print([name for name in ('pypdf', 'docx', 'pptx', 'openpyxl', 'lxml') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
