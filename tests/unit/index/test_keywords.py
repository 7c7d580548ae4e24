from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from indexer.index.keywords import CorpusStatistics, KeywordBuilder, KeywordIndex, score
from indexer.index.stretches import Stretches

TEXTS = ("brake pad wear", "brake brake noise", "door seal")


def built(folder: Path, order: list[int] | None = None) -> KeywordIndex:
    builder = KeywordBuilder()
    for text in TEXTS:
        builder.add(text)
    builder.write(folder, np.asarray(order or range(len(TEXTS)), np.int64))
    return KeywordIndex(folder)


def scores_of(index: KeywordIndex, term: str, rows: Stretches | None = None) -> NDArray[np.float32]:
    readable = rows or Stretches.whole(len(TEXTS))
    found = index.postings(term, readable)
    statistics = CorpusStatistics(len(TEXTS), 8 / 3, {term: len(found.places)})
    return score(readable.rows, [(term, 1.0)], {term: found}, statistics)


def test_scores_are_bm25_worked_out_by_hand(tmp_path: Path) -> None:
    index = built(tmp_path)
    scores = scores_of(index, "brake")
    idf = np.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    length = 1 - 0.75 + 0.75 * 3 / (8 / 3)
    assert scores[0] == pytest.approx(idf * 1 * 2.2 / (1 + 1.2 * length), rel=1e-5)
    assert scores[1] == pytest.approx(idf * 2 * 2.2 / (2 + 1.2 * length), rel=1e-5)
    assert scores[2] == 0


def test_rows_follow_the_order_they_are_written_in(tmp_path: Path) -> None:
    index = built(tmp_path, [2, 0, 1])
    assert np.flatnonzero(scores_of(index, "seal")).tolist() == [0]


def test_a_term_is_counted_in_the_rows_that_may_be_read(tmp_path: Path) -> None:
    index = built(tmp_path)
    apart = Stretches(np.asarray([0, 2]), np.asarray([1, 3]))
    assert index.postings("brake", apart).places.tolist() == [0]
    assert index.postings("seal", apart).places.tolist() == [1]
    assert index.postings("seal", apart).lengths.tolist() == [2]


def test_an_unknown_term_scores_nothing(tmp_path: Path) -> None:
    index = built(tmp_path)
    assert len(index.rows_with("pantograph")) == 0
    assert not scores_of(index, "pantograph").any()


def test_an_empty_segment_can_be_searched(tmp_path: Path) -> None:
    KeywordBuilder().write(tmp_path, np.zeros(0, np.int64))
    assert scores_of(KeywordIndex(tmp_path), "brake", Stretches.whole(0)).shape == (0,)
