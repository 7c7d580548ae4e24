from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from indexer.domain.errors import IndexCorrupt
from indexer.index.stretches import Stretches
from indexer.index.vectors import VectorIndex, cosines_of, widened, write_vectors

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


STRETCHES = {
    "all rows": Stretches.whole(ROWS),
    "one stretch": Stretches(np.asarray([100]), np.asarray([1_900])),
    "short and long ones": Stretches(np.asarray([0, 5, 42, 300]), np.asarray([3, 17, 43, 1_700])),
    "no rows": Stretches(np.zeros(0, np.int64), np.zeros(0, np.int64)),
}


@pytest.mark.parametrize("share", [None, 1.0, 0.5, 0.04, 0.001, 0.0])
@pytest.mark.parametrize("name", STRETCHES)
def test_the_nearest_allowed_rows_are_those_of_an_exact_search(
    index: VectorIndex, vectors: NDArray[np.float32], name: str, share: float | None
) -> None:
    stretches = STRETCHES[name]
    allowed = None if share is None else np.random.default_rng(1).random(stretches.rows) < share
    query = vectors[42]
    places = index.near(query, stretches, allowed, 10)
    exact = stretches.column(vectors.astype(np.float16).astype(np.float32) @ query)
    if allowed is not None:
        exact[~allowed] = -np.inf
    best = np.argsort(-exact)[: min(10, int(np.isfinite(exact).sum()))]
    assert set(best) <= set(places.tolist())
    assert np.isfinite(exact[places]).all()


def test_every_row_as_close_as_the_last_is_among_the_nearest(tmp_path: Path) -> None:
    vectors = np.tile(np.eye(4, dtype=np.float32), (100, 1))
    write_vectors(tmp_path / "vectors.faiss", vectors)
    near = VectorIndex(tmp_path / "vectors.faiss").near(vectors[1], Stretches.whole(400), None, 3)
    assert set(range(1, 400, 4)) <= set(near.tolist())


def test_the_cosine_of_a_row_does_not_depend_on_its_neighbours(
    index: VectorIndex, vectors: NDArray[np.float32]
) -> None:
    together = cosines_of(vectors[42], index.rows(np.arange(ROWS)))
    apart = [cosines_of(vectors[42], index.rows(np.arange(row, row + 1 + row % 5)))[0] for row in range(ROWS - 5)]
    assert together[: ROWS - 5].tolist() == [float(cosine) for cosine in apart]


def test_vectors_come_back_rounded_to_16_bit(index: VectorIndex, vectors: NDArray[np.float32]) -> None:
    assert np.array_equal(index.matrix, vectors.astype(np.float16))


def test_a_truncated_file_is_corrupt(tmp_path: Path, vectors: NDArray[np.float32]) -> None:
    file = tmp_path / "vectors.faiss"
    write_vectors(file, vectors)
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(IndexCorrupt, match=r"vectors\.faiss"):
        VectorIndex(file)


def test_every_16_bit_number_is_the_same_in_32_bit() -> None:
    every = np.arange(2**16, dtype=np.uint16).view(np.float16)
    finite = every[np.isfinite(every)]
    assert widened(finite).tobytes() == finite.astype(np.float32).tobytes()
    assert widened(every[: 2**15]).tobytes() == every[: 2**15].astype(np.float32).tobytes()
