import pytest

from indexer.domain.content import BlockKind, ItemState
from indexer.domain.errors import DocumentUnreadable
from indexer.notation import decode_text
from tests.unit.parsing.samples import block_with, parse, texts

GERMAN = "Die Prüfung der Brücke ergab größere Schäden an den Lagern – „sofort“ zu beheben."
ENGLISH = "We don’t know why the café’s “smart” valve – the naïve one – failed twice."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "mac_roman"])
@pytest.mark.parametrize("text", [GERMAN, ENGLISH])
def test_western_text_is_decoded_without_being_told_its_encoding(text, encoding):
    decoded = decode_text(text.encode(encoding))
    assert (decoded.text, decoded.problem) == (text, None)


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "shift_jis", "gb18030"])
def test_other_scripts_are_guessed(encoding):
    russian = "Проверка моста выявила значительные повреждения опор, которые нужно устранить немедленно. " * 3
    japanese = (
        "橋の点検で、支承に大きな損傷が見つかりました。すぐに修理する必要があります。ポンプも調べてください。" * 3
    )
    chinese = "桥梁检查发现支座有较大损坏，需要立即修复。请同时检查水泵和阀门的状态。" * 3
    text = {"shift_jis": japanese, "gb18030": chinese}.get(encoding, russian)
    assert decode_text(text.encode(encoding)).text == text


def test_the_declared_encoding_wins_over_a_guess():
    assert decode_text("ÐÑ".encode("latin-1"), "latin-1").text == "ÐÑ"
    assert decode_text(GERMAN.encode("cp1252"), "iso-8859-1").text == GERMAN
    assert decode_text(GERMAN.encode(), "no-such-encoding").text == GERMAN


def test_bytes_that_mean_nothing_are_counted_not_raised():
    decoded = decode_text((GERMAN * 20).encode() + b"\xff")
    assert decoded.problem == "1 characters could not be decoded (utf-8)"
    assert decoded.text.startswith(GERMAN)


def test_lost_characters_make_the_document_partial():
    document = parse((GERMAN * 20).encode() + b"\xff", "a.txt")
    assert document.state is ItemState.PARTIAL
    assert "could not be decoded" in document.reason


def test_control_characters_and_nuls_are_dropped():
    assert decode_text(b"a\x00b\x07c\r\nd\x0ce").text == "abc\nd\ne"


def test_paragraphs_are_unwrapped_and_know_their_line():
    document = parse("First line\nsecond line.\n\n\nNext one.\n", "notes/pump_check.txt")
    assert [(block.text, block.line) for block in document.blocks] == [
        ("First line second line.", 1),
        ("Next one.", 5),
    ]
    assert document.title == "Pump check"


def test_underlined_lines_and_capitals_are_headings():
    document = parse("Guide\n=====\nIntro.\n\nSAFETY FIRST\n\nWear a hat.\n", "a.txt")
    assert block_with(document, "Intro").headings == ("Guide",)
    assert block_with(document, "hat").headings == ("Guide", "SAFETY FIRST")


def test_lists_stay_line_by_line():
    document = parse("- one\n- two\n  goes on\n", "a.txt")
    assert texts(document, BlockKind.LIST) == ["- one\n- two goes on"]


def test_text_without_a_character_has_no_text():
    with pytest.raises(DocumentUnreadable) as caught:
        parse(" \n\n ", "a.txt")
    assert caught.value.state is ItemState.NO_TEXT


def test_the_limit_of_characters_makes_it_partial():
    document = parse("word " * 1000, "a.txt", max_characters=1000)
    assert document.state is ItemState.PARTIAL
    assert document.reason == "only the beginning was read (limit 1,000 characters)"
    assert sum(map(len, texts(document))) <= 1000
