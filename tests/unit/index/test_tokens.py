import pytest

from indexer.index.tokens import identifiers, tokens, word_spans, words_of


def test_words_are_stemmed_and_case_does_not_matter() -> None:
    assert list(tokens("Running Brakes")) == list(tokens("run brake"))


@pytest.mark.parametrize(
    ("written", "searched"),
    [
        ("E-4711", "E4711"),
        ("E-4711", "4711"),
        ("BCU-E4711", "bcu"),
        ("in_place_update", "place"),
        ("v1.27", "v1.27"),
        ("InPlacePodVerticalScaling", "vertical"),
        ("HTTPServerError", "server"),
        ("410-88231-A", "41088231a"),
    ],
)
def test_an_identifier_is_found_whole_in_parts_and_without_joints(written: str, searched: str) -> None:
    assert set(tokens(searched)) <= set(tokens(f"see {written}, please"))


def test_a_number_is_not_stemmed_away() -> None:
    assert list(tokens("4711s")) == ["4711s"]


def test_unspaced_scripts_become_pairs() -> None:
    assert list(tokens("车辆制动")) == ["车辆", "辆制", "制动"]


def test_punctuation_alone_gives_nothing() -> None:
    assert list(tokens("-- … !? ___")) == []


def test_words_that_may_be_misspelt_are_parts_of_joined_ones_and_codes_whole() -> None:
    text = "See hand-brake of DCU-F209, 4711 and 制动_old"
    assert [text[start:end] for start, end in word_spans(text)] == ["See", "hand", "brake", "of", "DCU-F209", "and"]
    assert list(words_of(text)) == ["see", "hand", "brake", "of", "dcu-f209", "and"]


def test_identifiers_have_a_digit_or_a_joint_and_three_characters() -> None:
    found = {
        identifier.whole[0]: identifier.parts for identifier in identifiers("hall 2: DCU-F209, in_place, v2 brake")
    }
    assert found == {"dcu-f209": ("f209",), "in_place": ()}
