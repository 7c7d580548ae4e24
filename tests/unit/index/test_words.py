from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import DamerauLevenshtein

from indexer.index.words import WordBuilder, WordIndex, letters_of

TEXTS = ("Pantograph strips wear.", "pantograph head", "The Türdichtung of door 4, DCU-F209", "制动 4711")
WORDS = st.text("abdeno", min_size=3, max_size=9)


def built(folder: Path, *texts: str) -> WordIndex:
    builder = WordBuilder()
    for text in texts:
        builder.add(text)
    builder.write(folder)
    return WordIndex(folder)


def near(index: WordIndex, word: str, most_edits: int = 1) -> dict[str, int]:
    return dict(index.near(word, most_edits))


@pytest.mark.parametrize("slip", ["pantogaph", "pantogrraph", "pantogreph", "pantogarph"])
def test_a_letter_left_out_put_in_changed_or_swapped_is_one_edit(tmp_path: Path, slip: str) -> None:
    assert near(built(tmp_path, *TEXTS), slip) == {"pantograph": 1}


def test_words_further_away_than_asked_are_not_near(tmp_path: Path) -> None:
    index = built(tmp_path, *TEXTS)
    assert near(index, "pantgarph") == {}
    assert near(index, "pantgarph", 2) == {"pantograph": 2}
    assert near(index, "pantograph", 2) == {}


def test_words_with_other_letters_and_codes_are_kept_and_numbers_are_not(tmp_path: Path) -> None:
    index = built(tmp_path, *TEXTS)
    assert near(index, "türdichtnug") == {"türdichtung": 1}
    assert near(index, "duc-f209") == {"dcu-f209": 1}
    assert near(index, "4712", 2) == {}


def test_a_segment_of_an_older_version_has_no_words(tmp_path: Path) -> None:
    assert near(WordIndex(tmp_path), "pantogarph") == {}


def test_an_empty_segment_has_no_words(tmp_path: Path) -> None:
    assert near(built(tmp_path), "pantogarph") == {}


@given(st.lists(WORDS, unique=True, max_size=30), WORDS, st.integers(1, 2))
def test_the_letters_rule_out_no_word_that_is_near(words: list[str], word: str, most: int) -> None:
    close = [other for other in words if DamerauLevenshtein.distance(word, other) <= most]
    assert all(np.bitwise_count(letters_of(word) ^ letters_of(other)) <= 2 * most for other in close)


@given(st.lists(WORDS, unique=True, max_size=30), WORDS, st.integers(1, 2))
def test_all_near_words_with_the_same_beginning_are_found(
    tmp_path_factory: pytest.TempPathFactory, words: list[str], word: str, most: int
) -> None:
    edits = {other: DamerauLevenshtein.distance(word, other) for other in words}
    close = {other for other in words if 0 < edits[other] <= most and (other[0] == word[0] or other[1::-1] == word[:2])}
    found = near(built(tmp_path_factory.mktemp("words"), *words), word, most)
    assert found == {other: edits[other] for other in close}
