from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from indexer.index.keywords import CorpusStatistics, KeywordBuilder, KeywordIndex, Postings, share, term_hash

TEXTS = ("brake pad wear", "brake brake noise", "door seal")


def built(folder: Path, order: list[int] | None = None) -> KeywordIndex:
    builder = KeywordBuilder()
    for text in TEXTS:
        builder.add(text)
    builder.write(folder, np.asarray(order or range(len(TEXTS)), np.int64))
    return KeywordIndex(folder)


def scores_of(index: KeywordIndex, term: str) -> NDArray[np.float32]:
    rows = index.rows_with(term)
    (start,), (end,) = index.ranges(np.asarray([term_hash(term)], np.uint64))
    postings = Postings(index.between(start, end)[1].astype(np.float32), index.lengths[rows].astype(np.float32))
    statistics = CorpusStatistics(len(TEXTS), 8 / 3, {term: len(rows)})
    scores = np.zeros(len(index.lengths), np.float32)
    scores[rows] = share(np.float32(statistics.idf(term)), postings, statistics.mean_length)
    return scores


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


def test_a_row_is_looked_up_in_the_postings(tmp_path: Path) -> None:
    index = built(tmp_path)
    value = term_hash("brake")
    (start,), (end,) = index.ranges(np.asarray([value], np.uint64))
    assert index.counts_at(value, start, end, np.asarray([0, 1, 2], np.uint32)).tolist() == [1, 2, 0]


def test_an_unknown_term_scores_nothing(tmp_path: Path) -> None:
    index = built(tmp_path)
    assert len(index.rows_with("pantograph")) == 0
    assert not scores_of(index, "pantograph").any()


def test_an_empty_segment_can_be_searched(tmp_path: Path) -> None:
    KeywordBuilder().write(tmp_path, np.zeros(0, np.int64))
    assert scores_of(KeywordIndex(tmp_path), "brake").shape == (0,)
