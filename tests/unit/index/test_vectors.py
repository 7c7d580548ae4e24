from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from indexer.domain.errors import IndexCorrupt
from indexer.index.vectors import VectorIndex, write_vectors

ROWS, DIMENSION = 2_000, 32


@pytest.fixture(scope="module")
def vectors() -> NDArray[np.float32]:
    made = np.random.default_rng(7).normal(size=(ROWS, DIMENSION)).astype(np.float32)
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), np.float32)


@pytest.fixture(scope="module")
def index(vectors: NDArray[np.float32], tmp_path_factory: pytest.TempPathFactory) -> VectorIndex:
    file = tmp_path_factory.mktemp("vectors") / "vectors.faiss"
    write_vectors(file, vectors)
    return VectorIndex(file)


@pytest.mark.parametrize("share", [None, 1.0, 0.5, 0.04, 0.001, 0.0])
def test_the_nearest_allowed_rows_are_those_of_an_exact_search(
    index: VectorIndex, vectors: NDArray[np.float32], share: float | None
) -> None:
    allowed = None if share is None else np.random.default_rng(1).random(ROWS) < share
    query = vectors[42]
    rows, cosines = index.nearest(query, allowed, 10)
    exact = vectors.astype(np.float16).astype(np.float32) @ query
    if allowed is not None:
        exact[~allowed] = -np.inf
    best = np.argsort(-exact)[: min(10, int(np.isfinite(exact).sum()))]
    assert rows.tolist() == best.tolist()
    assert cosines == pytest.approx(exact[best], abs=1e-5)


def test_vectors_come_back_rounded_to_16_bit(index: VectorIndex, vectors: NDArray[np.float32]) -> None:
    assert np.array_equal(index.matrix, vectors.astype(np.float16))


def test_a_truncated_file_is_corrupt(tmp_path: Path, vectors: NDArray[np.float32]) -> None:
    file = tmp_path / "vectors.faiss"
    write_vectors(file, vectors)
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(IndexCorrupt, match=r"vectors\.faiss"):
        VectorIndex(file)
