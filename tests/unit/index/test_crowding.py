import numpy as np
import pytest

from indexer.index.crowding import crowding_of

QUESTION = np.asarray([1.0, 0.0, 0.0], np.float32)


def test_crowding_is_the_mean_cosine_to_passages_of_other_documents() -> None:
    vectors = np.asarray([[0.8, 0.6, 0.0], [0.6, 0.8, 0.0], [0.6, 0.0, 0.8]], np.float32)
    crowding = crowding_of(vectors, np.asarray([1, 2, 3]), vectors @ QUESTION)
    # .8·.6+.6·.8 = .96, .8·.6 = .48, .6·.6 = .36
    assert crowding == pytest.approx([(0.96 + 0.48) / 2, (0.96 + 0.36) / 2, (0.48 + 0.36) / 2], abs=1e-6)


def test_passages_of_the_same_document_are_no_neighbours() -> None:
    vectors = np.asarray([[0.8, 0.6, 0.0], [0.6, 0.8, 0.0], [0.6, 0.0, 0.8]], np.float32)
    crowding = crowding_of(vectors, np.asarray([1, 1, 3]), vectors @ QUESTION)
    assert crowding == pytest.approx([0.48, 0.36, (0.48 + 0.36) / 2], abs=1e-6)


def test_a_candidate_without_neighbours_is_neither_raised_nor_lowered() -> None:
    vectors = np.asarray([[0.8, 0.6, 0.0], [0.6, 0.8, 0.0]], np.float32)
    cosines = vectors @ QUESTION
    assert crowding_of(vectors, np.asarray([7, 7]), cosines) == pytest.approx(cosines)
    assert len(crowding_of(vectors[:0], np.zeros(0, np.int64), cosines[:0])) == 0


def test_only_the_ten_nearest_neighbours_count() -> None:
    near = np.tile(np.asarray([[0.8, 0.6, 0.0]], np.float32), (11, 1))
    far = np.tile(np.asarray([[0.1, 0.0, 0.99498744]], np.float32), (30, 1))
    vectors = np.concatenate([near, far])
    crowding = crowding_of(vectors, np.arange(len(vectors)), vectors @ QUESTION)
    assert crowding[0] == pytest.approx(1.0, abs=1e-5)
    assert crowding[-1] == pytest.approx(1.0, abs=1e-5)
