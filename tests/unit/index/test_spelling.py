"""What an engine says of words that hardly any passage has, on a real index."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.index import IndexFolder, LocalEngine, QueryTerms, RowFilter
from tests.unit.index.test_generation import ENCODER, PRIVATE, PUBLIC, publish, row

EVERYBODY = RowFilter(frozenset({PUBLIC}))
MEMBERS = RowFilter(frozenset({PUBLIC, PRIVATE}))
LONG = "the train in hall 2 shows {} since yesterday, what should we do?"


def engine_over(folder: Path, *segments: list[str], private: tuple[str, ...] = ()) -> LocalEngine:
    index = IndexFolder(folder / "index")
    texts = [(text, PUBLIC) for segment in segments for text in segment] + [(text, PRIVATE) for text in private]
    rows = [row(number, text, audience=audience) for number, (text, audience) in enumerate(texts, 1)]
    cut = len(segments[0])
    publish(index, *(part for part in (rows[:cut], rows[cut:]) if part))
    generation = index.open_current()
    assert generation is not None
    return LocalEngine(generation)


def similar(engine: LocalEngine, word: str, rows: RowFilter = EVERYBODY) -> list[tuple[str, int, int]]:
    return [(s.word, s.edits, s.passages) for told in engine.spellings([word], rows) for s in told.similar]


def test_like_words_of_all_segments_come_fewest_edits_then_most_passages_first(tmp_path: Path) -> None:
    engine = engine_over(tmp_path, ["strip wear", "stripe paint", "strips"], ["striped strip"])
    assert similar(engine, "stirp") == [("strip", 1, 3)]
    assert similar(engine, "stripp") == [("strip", 1, 3), ("strips", 1, 3), ("stripe", 1, 2)]


def test_a_word_that_passages_have_in_some_form_is_not_doubted(tmp_path: Path) -> None:
    engine = engine_over(tmp_path, ["braking", "brakes", "brake"])
    assert engine.spellings(["braked"], EVERYBODY) == []


def test_another_ending_is_no_typing_error(tmp_path: Path) -> None:
    engine = engine_over(tmp_path, ["overheats", "overheat"])
    assert similar(engine, "overheated") == []


def test_a_word_that_only_the_closed_passages_have_is_doubted_and_never_suggested(tmp_path: Path) -> None:
    engine = engine_over(tmp_path, ["brake pads"], private=("operation nightingale",) * 3)
    assert similar(engine, "nightingael") == []
    assert similar(engine, "nightingael", MEMBERS) == [("nightingale", 1, 3)]
    (told,) = engine.spellings(["nightingale"], EVERYBODY)
    assert told.passages == 0


def test_words_that_only_closed_passages_have_take_no_places(tmp_path: Path) -> None:
    slips = (
        "pantegraph"[:place] + letter + "pantegraph"[place + 1 :] for place in range(1, 9) for letter in "bcfkqvwxz"
    )
    closed = tuple(slips) * 2
    engine = engine_over(tmp_path, ["pantograph"], private=closed)
    assert similar(engine, "pantegraph") == [("pantograph", 1, 1)]
    assert len(similar(engine, "pantegraph", MEMBERS)) > 32


def test_the_examples_are_passages_that_may_be_read(tmp_path: Path) -> None:
    engine = engine_over(tmp_path, ["pantograph"], private=("pantograph",))
    (told,) = engine.spellings(["pantogarph"], EVERYBODY)
    assert [(s.examples, s.passages) for s in told.similar] == [((1,), 1)]


@pytest.mark.parametrize(("code", "meant"), [("duc-f209", "dcu-f209"), ("dcu-f208", None), ("dcu-f290", "dcu-f209")])
def test_another_number_is_another_thing(tmp_path: Path, code: str, meant: str | None) -> None:
    assert [word for word, _, _ in similar(engine_over(tmp_path, ["DCU-F209"]), code)] == ([meant] if meant else [])


@settings(max_examples=40, deadline=None)
@given(
    fillers=st.lists(st.sampled_from(["train hall", "the train shows", "since yesterday", "what do"]), min_size=1),
    code=st.sampled_from(["DCU-F209", "E4711", "v1.27", "in_place_update", "8.440.371"]),
    holders=st.integers(1, 20),
    per_list=st.integers(1, 5),
    by_meaning=st.booleans(),
)
def test_every_passage_with_a_rare_identifier_of_the_question_is_a_candidate(
    tmp_path_factory: pytest.TempPathFactory,
    fillers: list[str],
    code: str,
    holders: int,
    per_list: int,
    by_meaning: bool,
) -> None:
    holding = [f"{code} number {'x' * number}" for number in range(holders)]
    engine = engine_over(tmp_path_factory.mktemp("rare"), [*fillers, *holding[::2]], holding[1::2])
    question = LONG.format(code)
    vector = ENCODER.encode_query("hall train") if by_meaning else None
    found = engine.candidates(vector, QueryTerms.of(question), EVERYBODY, per_list)
    assert len(found.exact) == holders
    assert set(found.exact.tolist()) <= set(found.passages.tolist())


def test_what_more_than_twenty_may_read_is_not_rare_and_closed_passages_do_not_count(tmp_path: Path) -> None:
    common = engine_over(tmp_path / "common", ["E4711 fault"] * 21)
    terms = QueryTerms.of("E4711")
    assert len(common.candidates(None, terms, EVERYBODY, 5).exact) == 0
    rare = engine_over(tmp_path / "rare", ["E4711 fault"], private=("E4711 fault",) * 30)
    assert rare.candidates(None, terms, EVERYBODY, 5).exact.tolist() == [1]


def test_a_code_joined_to_another_word_is_found_by_its_part(tmp_path: Path) -> None:
    engine = engine_over(tmp_path, ["fault E4711", "fault none"])
    assert engine.candidates(None, QueryTerms.of("error/E4711"), EVERYBODY, 5).exact.tolist() == [1]
    assert engine.candidates(None, QueryTerms.of("fault of hall 2"), EVERYBODY, 5).exact.tolist() == []


def test_two_edits_are_for_long_words_alone(tmp_path: Path) -> None:
    engine = engine_over(tmp_path, ["sealing", "pantograph"])
    assert similar(engine, "stabling") == []
    assert similar(engine, "pantgarph") == [("pantograph", 2, 1)]
