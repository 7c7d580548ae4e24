"""Many vectors are searched by way of codes: nearly as well as exactly, and by what may be read alone."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from indexer.domain.content import DocumentKind
from indexer.domain.errors import IndexCorrupt
from indexer.index import IndexFolder, LocalEngine, QueryTerms, Row, RowFilter, write_segment
from indexer.index.codes import parts_of
from indexer.index.engine import Candidates
from indexer.index.generation import Generation
from indexer.index.nearest import VectorSearch

ROWS, DIMENSION, QUESTIONS = 9_000, 64, 30
NOBODY, EVERYBODY = RowFilter(frozenset()), RowFilter(frozenset({1, 2, 3}))
KINDS = tuple(DocumentKind)


@pytest.fixture(scope="module")
def vectors() -> NDArray[np.float32]:
    """In 60 clusters, as texts on subjects are."""
    random = np.random.default_rng(3)
    centres = random.normal(size=(60, DIMENSION))
    return unit(centres[random.integers(60, size=ROWS)] + 0.7 * random.normal(size=(ROWS, DIMENSION)))


@pytest.fixture(scope="module")
def questions(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return unit(vectors[::300] + 0.1 * np.random.default_rng(4).normal(size=(QUESTIONS, DIMENSION)))


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """Two of three are of audience 1, a hundred of audience 3, the others of audience 2."""
    audiences = np.where(np.arange(ROWS) % 90 == 7, 3, np.where(np.arange(ROWS) % 3 == 0, 2, 1)).tolist()
    return [
        Row(n + 1, n // 2, n.to_bytes(16, "big"), audience, n % 4, KINDS[n % len(KINDS)], None, "brake")
        for n, audience in enumerate(audiences)
    ]


@pytest.fixture(scope="module")
def generation(tmp_path_factory: pytest.TempPathFactory, rows: list[Row], vectors: NDArray[np.float32]) -> Generation:
    return written(tmp_path_factory.mktemp("index"), rows, vectors, [0, ROWS // 2, ROWS], dead=range(1, ROWS, 10))


def unit(vectors: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def written(
    folder: Path,
    rows: Sequence[Row],
    vectors: NDArray[np.float32],
    bounds: Sequence[int],
    *,
    dead: Sequence[int] = (),
    coded: bool = True,
) -> Generation:
    index = IndexFolder(folder)
    folders = []
    for start, end in pairwise(bounds):
        folders.append(index.new_segment())
        write_segment(folders[-1], rows[start:end], vectors[start:end], "given", coded=coded)
    index.publish(folders, dead, fingerprint="given", dimension=DIMENSION, passages=len(rows), splitter={})
    found = index.open_current()
    assert found is not None
    return found


def found_by(
    generation: Generation, way: VectorSearch, question: NDArray[np.float32], rows: RowFilter, limit: int = 10
) -> Candidates:
    return LocalEngine(generation, way).candidates(question, QueryTerms(), rows, limit)


def recall(generation: Generation, questions: NDArray[np.float32], rows: RowFilter) -> float:
    shares = []
    for question in questions:
        exact = found_by(generation, "exact", question, rows)
        codes = found_by(generation, "codes", question, rows)
        shares.append(np.isin(exact.passages, codes.passages).mean())
    return float(np.mean(shares))


def told(found: Candidates) -> list[bytes]:
    return [getattr(found, column).tobytes() for column in ("passages", "documents", "cosines", "vectors")]


def test_segments_tell_for_which_rows_they_have_codes(generation: Generation) -> None:
    assert [[(row, codes.rows) for row, codes in segment.codes.items()] for segment in generation.segments] == [
        [(0, 2_950)],
        [(0, 2_950)],
    ]


@pytest.mark.parametrize(
    "filtered",
    [
        EVERYBODY,
        RowFilter(frozenset({1})),
        replace(EVERYBODY, communities=frozenset({0, 1, 3})),
        replace(EVERYBODY, without=np.arange(2, ROWS, 7)),
    ],
)
def test_of_many_rows_nearly_all_that_are_nearest_are_found(
    generation: Generation, questions: NDArray[np.float32], filtered: RowFilter
) -> None:
    assert recall(generation, questions, filtered) >= 0.99


def test_what_is_found_by_codes_has_been_compared_exactly(
    generation: Generation, questions: NDArray[np.float32], vectors: NDArray[np.float32]
) -> None:
    found = found_by(generation, "codes", questions[0], EVERYBODY)
    true = vectors[found.passages - 1].astype(np.float16).astype(np.float32) @ questions[0]
    assert found.cosines == pytest.approx(true, abs=1e-6)


def test_rows_that_are_dead_withdrawn_or_filtered_out_are_not_found(
    generation: Generation, questions: NDArray[np.float32], rows: list[Row]
) -> None:
    allowed = replace(EVERYBODY, kinds=frozenset({KINDS[0], KINDS[1]}), without=np.arange(2, ROWS, 7))
    for question in questions:
        found = found_by(generation, "codes", question, allowed, 50).passages
        assert len(found) == 50
        assert not np.isin(found, allowed.without).any()
        assert all(number % 10 != 1 and rows[number - 1].kind in (allowed.kinds or ()) for number in found.tolist())


def test_the_few_rows_of_an_audience_without_codes_are_found_among_the_many(
    generation: Generation, vectors: NDArray[np.float32]
) -> None:
    for row in range(7, ROWS, 900):
        assert found_by(generation, "codes", vectors[row], EVERYBODY).passages.tolist().count(row + 1) == 1


def test_what_may_not_be_read_changes_nothing_of_what_codes_find(
    tmp_path: Path, rows: list[Row], vectors: NDArray[np.float32], questions: NDArray[np.float32]
) -> None:
    mine = np.asarray([row.audience == 1 for row in rows])
    together = written(tmp_path / "all", rows, vectors, [0, 4_500, ROWS])
    own = [row for row in rows if row.audience == 1]
    alone = written(tmp_path / "own", own, vectors[mine], [0, int(mine[:4_500].sum()), len(own)])
    for question in questions:
        ours, theirs = (found_by(some, "codes", question, RowFilter(frozenset({1}))) for some in (together, alone))
        assert told(ours) == told(theirs)
    assert not len(found_by(together, "codes", questions[0], NOBODY).passages)


def test_the_nearest_are_found_though_all_of_them_are_in_one_segment(
    tmp_path: Path, vectors: NDArray[np.float32]
) -> None:
    """An eighth of what is compared, and 100, is looked at in each of eight segments; more in the one that has all."""
    order = np.argsort(-(vectors @ vectors[0]))
    rows = [Row(n + 1, n, n.to_bytes(16, "big"), 1, 0, KINDS[0], None, "brake") for n in range(2 * ROWS)]
    twice = np.concatenate([vectors[order], unit(vectors[order] + 0.3)])
    generation = written(tmp_path, rows, twice, range(0, 2 * ROWS + 1, 2_250))
    exact, codes = (found_by(generation, way, twice[0], RowFilter(frozenset({1})), 400) for way in ("exact", "codes"))
    assert (exact.passages <= 2_250).mean() > 0.9
    assert np.isin(exact.passages, codes.passages).mean() >= 0.9


def test_few_rows_are_searched_exactly_though_there_are_codes(
    generation: Generation, questions: NDArray[np.float32]
) -> None:
    for question in questions:
        assert told(found_by(generation, "auto", question, EVERYBODY)) == told(
            found_by(generation, "exact", question, EVERYBODY)
        )


def test_a_generation_tells_how_its_vectors_are_searched(
    tmp_path: Path, rows: list[Row], vectors: NDArray[np.float32]
) -> None:
    written(tmp_path / "coded", rows, vectors, [0, ROWS])
    written(tmp_path / "plain", rows, vectors, [0, ROWS], coded=False)
    coded, plain = (IndexFolder(tmp_path / name).generations()[0].vectors for name in ("coded", "plain"))
    assert plain == "all 9,000 are compared: none has codes"
    assert coded is not None
    assert "of up to 20,000 that may be found all are compared; of more, the 8,900 of 9,000 that have codes" in coded


def test_segments_without_codes_are_searched_exactly(
    tmp_path: Path, rows: list[Row], vectors: NDArray[np.float32], questions: NDArray[np.float32]
) -> None:
    older = written(tmp_path, rows, vectors, [0, ROWS], coded=False)
    assert not older.segments[0].codes
    for question in questions:
        assert told(found_by(older, "codes", question, EVERYBODY)) == told(
            found_by(older, "exact", question, EVERYBODY)
        )


def test_the_same_rows_have_the_same_codes(
    tmp_path: Path, rows: list[Row], vectors: NDArray[np.float32], generation: Generation
) -> None:
    again = written(tmp_path, rows, vectors, [0, ROWS // 2, ROWS])
    for one, other in zip(generation.segments, again.segments, strict=True):
        files = [(segment.folder / "codes-0.faiss").read_bytes() for segment in (one, other)]
        assert files[0] == files[1]


def test_codes_that_have_changed_are_noticed_at_once(
    tmp_path: Path, rows: list[Row], vectors: NDArray[np.float32]
) -> None:
    written(tmp_path, rows, vectors, [0, ROWS])
    index = IndexFolder(tmp_path)
    file = next(index.segments.glob("*/codes-0.faiss"))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    assert index.problems() == [f"{file} has changed since it was written"]
    with pytest.raises(IndexCorrupt, match=r"codes-0\.faiss has changed"):
        index.open_current()


def test_vectors_that_are_no_numbers_get_no_codes(
    tmp_path: Path, rows: list[Row], vectors: NDArray[np.float32]
) -> None:
    damaged = vectors.copy()
    damaged[4] = np.nan
    segment = written(tmp_path, rows, damaged, [0, ROWS]).segments[0]
    assert list(segment.codes) == [5_900]  # of audience 2, whose vectors are sound


@pytest.mark.parametrize(
    ("dimension", "parts"), [(384, 96), (768, 96), (1024, 64), (256, 64), (32, 8), (383, None), (10, 2), (3, None)]
)
def test_vectors_are_cut_evenly_into_parts_of_4_to_16_numbers(dimension: int, parts: int | None) -> None:
    assert parts_of(dimension) == parts
