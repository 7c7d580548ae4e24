from indexer.domain.content import ItemState
from indexer.notation import KNOWWHO_RECORD
from tests.unit.parsing.samples import parse, record, texts


def test_each_section_has_its_heading_and_paragraphs():
    content = record(Abstract="One &amp;\n two.\n\nThree.", Lesson="Check\u00a0 it.")
    document = parse(content, "row/12", media_type=KNOWWHO_RECORD)
    assert texts(document) == ["One & two.", "Three.", "Check it."]
    assert [block.headings for block in document.blocks] == [("Abstract",), ("Abstract",), ("Lesson",)]


def test_a_flood_of_tiny_paragraphs_counts_for_more_than_its_letters():
    document = parse(record(Flood="x\n\n" * 9000), "row/12", media_type=KNOWWHO_RECORD, max_characters=9000)
    assert document.state is ItemState.PARTIAL
    assert len(document.blocks) < 1000
