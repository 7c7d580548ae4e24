from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.domain.content import Block, BlockKind, Locator, ParsedDocument
from indexer.passages import indexed_text, split
from indexer.passages.splitter import count_words
from indexer.settings import PassageSettings

SETTINGS = PassageSettings(target_words=30, max_words=40, min_words=10, boilerplate_documents=5, boilerplate_share=0.02)
DEFAULTS = SETTINGS.model_copy(update={"target_words": 180, "max_words": 200, "min_words": 25})


def document(*blocks, title="Title"):
    return ParsedDocument(title, tuple(Block(block) if isinstance(block, str) else block for block in blocks))


def passages(*blocks, **more):
    return split(document(*blocks, **more), SETTINGS)


def texts(*blocks, **more):
    return [passage.text for passage in passages(*blocks, **more)]


def words(number, word="word"):
    return " ".join([word] * number)


def bare(text):
    """The text without blanks, to compare what is there apart from how it is set."""
    return "".join(text.split())


SCRAPS = ["a", "pads.", "Brake!", "in_place_update", "制动片。", "x" * 50, "\n", "  "]
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(SCRAPS), max_size=90).map(" ".join),
    st.sampled_from(["x" * 700, "制" * 200, "。" * 90, " \n ", "def f():\n    return 1\n" * 40]),
)
HEADINGS = st.lists(st.sampled_from(["Wear", "Long " * 30, "Title"]), max_size=2).map(tuple)
BLOCKS = st.builds(Block, TEXTS, st.sampled_from(BlockKind), HEADINGS, message=st.none() | st.integers(1, 3))


@settings(max_examples=150, deadline=None)
@given(st.lists(BLOCKS, max_size=12))
def test_no_passage_exceeds_the_most_words(blocks):
    for passage in passages(*blocks):
        assert len(passage.text.split()) <= count_words(passage.text) <= SETTINGS.max_words
        assert passage.text.strip()


@settings(max_examples=150, deadline=None)
@given(st.lists(BLOCKS, max_size=12))
def test_nothing_but_quotes_is_lost_and_the_order_stays(blocks):
    everything = bare("".join(texts(*blocks)))
    at = 0
    for block in blocks:
        if block.kind is not BlockKind.QUOTE:
            at = everything.index(bare(block.text), at) + len(bare(block.text))


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXTS, max_size=12))
def test_nothing_is_added_within_a_section(blocks):
    assert bare("".join(texts(*blocks))) == bare("".join(blocks))


@settings(max_examples=60, deadline=None)
@given(st.lists(BLOCKS, max_size=12))
def test_passages_are_numbered_from_one(blocks):
    found = passages(*blocks)
    assert [passage.ordinal for passage in found] == list(range(1, len(found) + 1))


@given(st.text(), st.text())
def test_texts_set_together_have_no_more_words_than_singly(one, other):
    assert count_words(f"{one}\n\n{other}") <= count_words(one) + count_words(other)


def test_a_document_without_text_has_no_passages():
    assert texts() == []
    assert texts("", " \n ", Block("Said before", BlockKind.QUOTE)) == []


def test_quotes_are_left_out():
    assert texts("Before.", Block("Somebody else's words", BlockKind.QUOTE), "After.") == ["Before.\n\nAfter."]


def test_paragraphs_share_a_passage_until_it_has_its_words():
    assert texts(words(20, "a"), words(12, "b"), words(15, "c")) == [
        f"{words(20, 'a')}\n\n{words(12, 'b')}",
        words(15, "c"),
    ]


def test_a_paragraph_that_would_be_too_much_begins_the_next_passage():
    assert texts(words(25, "a"), words(20, "b")) == [words(25, "a"), words(20, "b")]


def test_a_passage_ends_at_a_heading():
    found = passages(Block(words(15, "a"), headings=("Wear",)), Block(words(15, "b"), headings=("Noise", "Squeal")))
    assert [(passage.text, passage.locator.heading) for passage in found] == [
        (words(15, "a"), "Wear"),
        (words(15, "b"), "Noise › Squeal"),
    ]


def test_a_short_tail_joins_the_passage_before_it_with_its_heading():
    found = passages(Block(words(15, "a"), headings=("Wear",)), Block("See also.", headings=("Wear", "More")))
    assert [passage.text for passage in found] == [f"{words(15, 'a')}\n\nMore: See also."]
    assert found[0].locator.heading == "Wear"


def test_a_short_beginning_joins_the_passage_after_it():
    assert texts("A foreword.", Block(words(15, "b"), headings=("Wear",))) == [f"A foreword.\n\nWear: {words(15, 'b')}"]


def test_a_tail_too_long_for_the_passage_before_it_stands_alone():
    long_heading = words(9, "heading")
    found = texts(Block(words(31, "a"), headings=("Wear",)), Block("Tail.", headings=(long_heading,)))
    assert found == [words(31, "a"), "Tail."]


def test_messages_of_a_thread_share_a_passage_while_they_are_short():
    found = passages(
        Block("How are pads bedded in?", message=1),
        Block("Slowly.", message=2),
        Block(words(35, "long"), message=3),
    )
    assert [(passage.text, passage.locator.message) for passage in found] == [
        ("How are pads bedded in?\n\nSlowly.", 1),
        (words(35, "long"), 3),
    ]


def test_a_passage_stands_where_its_first_block_stands():
    found = passages(
        Block(words(20), page=3, line=40, headings=("Title", "Wear")),
        Block(words(12), page=4, line=60, headings=("Title", "Wear")),
        Block(words(40), page=5, line=70, headings=("Title", "Wear")),
    )
    assert [passage.locator for passage in found] == [Locator(3, "Wear", None, 40), Locator(5, "Wear", None, 70)]


def test_the_indexed_text_begins_with_title_and_heading():
    assert indexed_text("Pads", "Wear › Limits", "4 mm") == "Pads: Wear › Limits. 4 mm"
    assert indexed_text("Pads", None, "4 mm") == "Pads. 4 mm"
    (passage,) = passages(Block("4 mm", headings=("Pads", "Wear")), title="Pads")
    assert passage.indexed_text == "Pads: Wear. 4 mm"


@given(st.lists(st.tuples(TEXTS, HEADINGS), min_size=2, max_size=2))
def test_digests_are_equal_where_the_indexed_texts_are(two):
    one, other = (passages(Block(text, headings=headings, page=page)) for page, (text, headings) in enumerate(two, 1))
    for a in one:
        for b in other:
            assert len(a.digest) == 16
            assert (a.digest == b.digest) == (a.indexed_text == b.indexed_text)


def test_a_long_paragraph_is_cut_between_sentences():
    sentences = [f"{words(9, 'w')} end{number}." for number in range(10)]
    assert texts(" ".join(sentences)) == [
        " ".join(sentences[0:4]),
        " ".join(sentences[4:8]),
        " ".join(sentences[8:10]),
    ]


def test_a_long_sentence_is_cut_between_words_and_fills_its_passages():
    assert [len(text.split()) for text in texts(words(100, "machine"))] == [34, 34, 32]
    assert [len(text.split()) for text in texts(words(100))] == [40, 40, 20]


def test_a_line_of_a_hundred_thousand_characters_without_blanks_is_cut_anywhere():
    found = split(document("x" * 100_000), DEFAULTS)
    assert "".join(passage.text for passage in found) == "x" * 100_000
    assert max(count_words(passage.text) for passage in found) == 200


def test_chinese_text_is_cut_after_sentences_and_each_sign_counts():
    sentence = "制动片磨损后必须更换。"
    assert texts(sentence * 12) == [sentence * 4] * 3
    assert [len(text) for text in texts("制" * 100)] == [40, 40, 20]


def test_long_code_keeps_its_lines_and_indentation():
    code = "\n".join(f"def f{number}(x):\n    return {number}" for number in range(12))
    found = texts(Block(code, BlockKind.CODE))
    assert len(found) > 1
    assert "\n".join(found) == code


def test_white_space_without_end_is_no_passage():
    assert texts("a" + " " * 9_000 + "b") == ["a\n\nb"]
