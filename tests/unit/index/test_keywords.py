from pathlib import Path

import numpy as np
import pytest

from indexer.index.keywords import CorpusStatistics, KeywordBuilder, KeywordIndex

TEXTS = ("brake pad wear", "brake brake noise", "door seal")


def built(folder: Path, order: list[int] | None = None) -> KeywordIndex:
    builder = KeywordBuilder()
    for text in TEXTS:
        builder.add(text)
    builder.write(folder, np.asarray(order or range(len(TEXTS)), np.int64))
    return KeywordIndex(folder)


def statistics(index: KeywordIndex, *terms: str) -> CorpusStatistics:
    return CorpusStatistics(len(TEXTS), 8 / 3, {term: index.frequency(term) for term in terms})


def test_scores_are_bm25_worked_out_by_hand(tmp_path: Path) -> None:
    index = built(tmp_path)
    scores = index.score([("brake", 1.0)], statistics(index, "brake"))
    idf = np.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    length = 1 - 0.75 + 0.75 * 3 / (8 / 3)
    assert scores[0] == pytest.approx(idf * 1 * 2.2 / (1 + 1.2 * length), rel=1e-5)
    assert scores[1] == pytest.approx(idf * 2 * 2.2 / (2 + 1.2 * length), rel=1e-5)
    assert scores[2] == 0


def test_rows_follow_the_order_they_are_written_in(tmp_path: Path) -> None:
    index = built(tmp_path, [2, 0, 1])
    assert np.flatnonzero(index.score([("seal", 1.0)], statistics(index, "seal"))).tolist() == [0]


def test_an_unknown_term_scores_nothing(tmp_path: Path) -> None:
    index = built(tmp_path)
    assert index.frequency("pantograph") == 0
    assert not index.score([("pantograph", 1.0)], statistics(index, "pantograph")).any()


def test_an_empty_segment_can_be_searched(tmp_path: Path) -> None:
    KeywordBuilder().write(tmp_path, np.zeros(0, np.int64))
    index = KeywordIndex(tmp_path)
    assert index.score([("brake", 1.0)], CorpusStatistics(0, 1.0, {})).shape == (0,)
