from indexer.domain.content import Block, BlockKind, ParsedDocument
from indexer.passages import block_digests, split
from indexer.passages.boilerplate import block_digest, normalised
from indexer.settings import PassageSettings

SETTINGS = PassageSettings(target_words=30, max_words=40, min_words=10, boilerplate_documents=5, boilerplate_share=0.02)


def same(one: str, other: str) -> bool:
    return block_digest(Block(one)) == block_digest(Block(other))


def test_case_spaces_markup_links_and_ticks_make_no_difference() -> None:
    assert same("- [ ] (R) Tests are *in place*", "(R)  tests are in place")
    assert same("- [x] See [the guide](https://x.example/a)", "see the guide")
    assert normalised("**`Note`:**\n  check  these") == "note : check these"


def test_dates_times_and_page_numbers_make_no_difference() -> None:
    assert same("Printed 2025-03-02 10:30, page 3 of 17", "Printed 2019-11-30 8:05, page 4 of 90")
    assert same("© 2019 Aldermere Rail", "© 2025 Aldermere Rail")


def test_codes_part_numbers_and_torques_tell_blocks_apart() -> None:
    for one, other in (("E-4711", "E-4712"), ("410-88231-A", "410-88232-A"), ("195 Nm", "230 Nm"), ("v1.27", "v1.28")):
        assert not same(f"Value: {one}", f"Value: {other}")
    assert not same("in_place_update", "inplaceupdate")


def test_passages_leave_boilerplate_out_and_keep_the_rest() -> None:
    document = ParsedDocument("Title", (Block("Fill in every section."), Block("Pads wear on wet days.")))
    passages = split(document, SETTINGS, {block_digest(Block("fill in every section."))})
    assert [passage.text for passage in passages] == ["Pads wear on wet days."]


def test_a_document_of_nothing_but_boilerplate_keeps_its_passages() -> None:
    blocks = (Block("Fill in every section."), Block("None."))
    document = ParsedDocument("Title", blocks)
    assert split(document, SETTINGS, block_digests(blocks)) == split(document, SETTINGS)


def test_quotations_have_no_digest() -> None:
    assert block_digests([Block("Somebody else said so.", BlockKind.QUOTE)]) == frozenset()
