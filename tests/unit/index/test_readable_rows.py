"""A search gives what it would give if there were only the rows that the viewer may read, to the last bit."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from indexer.domain.content import DocumentKind
from indexer.index import IndexFolder, LocalEngine, QueryTerms, Row, RowFilter, Spelling, write_segment
from indexer.index.engine import Candidates
from tests.unit.index.test_generation import ENCODER

WORDS = (
    "brake",
    "brakes",
    "braek",
    "pantograph",
    "pantographs",
    "pantogarph",
    "E4711",
    "dcu-f209",
    "door",
    "the",
    "of",
)
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=8).map(" ".join)
CORPORA, ROWS = 5, 60
READABLE = (frozenset({1}), frozenset({2, 4}), frozenset({3, 4, 5}), frozenset({1, 2, 5}), frozenset(range(1, 6)))
LOW, HIGH = datetime(2020, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC)
FILTERS = (
    RowFilter(frozenset()),
    RowFilter(frozenset(), communities=frozenset({1})),
    RowFilter(frozenset(), since=HIGH, kinds=frozenset({DocumentKind.LESSON, DocumentKind.THREAD})),
    RowFilter(frozenset(), documents=frozenset(range(1, 20))),
)


@dataclass(frozen=True)
class Twins:
    """An index with all rows of a corpus, those of them that no longer count, and for each choice of audiences an index
    of the rows that may be read."""

    everything: LocalEngine
    without: NDArray[np.int64]
    alone: Mapping[frozenset[int], LocalEngine]
    left: Mapping[frozenset[int], Sequence[Row]]


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> list[Twins]:
    return [twins_of(tmp_path_factory.mktemp("twins"), Random(seed)) for seed in range(CORPORA)]


def twins_of(folder: Path, random: Random) -> Twins:
    rows = [random_row(number, random) for number in range(1, ROWS + 1)]
    segments = [random.randrange(3) for _ in rows]
    dead = {row.passage for row in rows if random.random() < 0.1}
    without = {row.passage for row in rows if random.random() < 0.1}
    left = {
        readable: [row for row in rows if row.audience in readable and row.passage not in dead | without]
        for readable in READABLE
    }
    alone = {
        readable: engine_over(folder / f"alone-{number}", left[readable], [0] * len(left[readable]))
        for number, readable in enumerate(READABLE)
    }
    everything = engine_over(folder / "all", rows, segments, sorted(dead))
    return Twins(everything, np.asarray(sorted(without), np.int64), alone, left)


def random_row(number: int, random: Random) -> Row:
    """Audience 1 has a row or none, most have some."""
    audience = random.choices(range(1, 6), (1, 10, 10, 30, 9))[0]
    text = " ".join(random.choices(WORDS, k=random.randint(1, 8)))
    kind, moment = random.choice(list(DocumentKind)), random.choice([LOW, HIGH, None])
    return Row(number, number // 2, number.to_bytes(16, "big"), audience, random.randrange(3), kind, moment, text)


def engine_over(folder: Path, rows: Sequence[Row], segments: Sequence[int], dead: Sequence[int] = ()) -> LocalEngine:
    index = IndexFolder(folder)
    folders = []
    for number in sorted(set(segments)):
        mine = [row for row, segment in zip(rows, segments, strict=True) if segment == number]
        folders.append(index.new_segment())
        write_segment(folders[-1], mine, ENCODER.encode_passages([row.text for row in mine]), ENCODER.fingerprint)
    index.publish(folders, dead, fingerprint=ENCODER.fingerprint, dimension=ENCODER.dimension, passages=0, splitter={})
    generation = index.open_current()
    assert generation is not None
    return LocalEngine(generation)


def told(found: Candidates) -> dict[str, bytes]:
    columns = ("passages", "documents", "cosines", "lexical", "vectors", "exact")
    return {column: getattr(found, column).tobytes() for column in columns}


@settings(max_examples=400, deadline=None)
@given(
    st.integers(0, CORPORA - 1),
    st.sampled_from(READABLE),
    TEXTS,
    st.integers(1, 12),
    st.sampled_from(FILTERS),
    st.booleans(),
)
def test_what_may_not_be_read_changes_nothing(
    corpora: list[Twins],
    number: int,
    readable: frozenset[int],
    question: str,
    per_list: int,
    filters: RowFilter,
    by_meaning: bool,
) -> None:
    twins = corpora[number]
    filtered = replace(filters, audiences=readable, without=twins.without)
    vector, terms = ENCODER.encode_query(question) if by_meaning else None, QueryTerms.of(question)
    ours = twins.everything.candidates(vector, terms, filtered, per_list)
    theirs = twins.alone[readable].candidates(vector, terms, replace(filters, audiences=readable), per_list)
    if left := twins.left[readable]:
        assert told(ours) == told(theirs)
        assert told(ours.nearest(3)) == told(theirs.nearest(3))
    else:
        assert len(ours.passages) == 0
    words = question.casefold().split()
    suggested = [shown(engine.spellings(words, filtered), left) for engine in (twins.everything, twins.alone[readable])]
    assert suggested[0] == suggested[1]


def shown(spellings: Sequence[Spelling], left: Sequence[Row]) -> list[object]:
    """What a page shows of spellings: like words that stand in one of the examples."""
    texts = {row.passage: row.text.casefold().split() for row in left}
    return [
        (spelling.word, spelling.passages, [s for s in spelling.similar if any(s.word in texts[e] for e in s.examples)])
        for spelling in spellings
    ]


def test_words_weigh_as_the_readable_passages_alone_have_them(tmp_path: Path) -> None:
    """Worked out by hand: of three readable passages of two, three and one tokens one has the word."""
    texts = [("brake pad", 1), ("door seal care", 1), ("door", 1), *[("brake brake brake", 2)] * 5]
    rows = [
        Row(number, number, number.to_bytes(16, "big"), audience, 0, DocumentKind.LESSON, None, text)
        for number, (text, audience) in enumerate(texts, 1)
    ]
    engine = engine_over(tmp_path, rows, [0] * len(rows))
    found = engine.candidates(None, QueryTerms.of("brake"), RowFilter(frozenset({1})), 10)
    # BM25 over the most it could be, idf · 2.2: the idf falls out, two tokens are the mean length.
    assert found.passages.tolist() == [1]
    assert math.isclose(found.lexical[0], 1 / (1 + 1.2), rel_tol=1e-6)
    both = engine.candidates(None, QueryTerms.of("brake seal"), RowFilter(frozenset({1})), 10)
    idf = math.log(1 + (3 - 1 + 0.5) / (1 + 0.5))
    shares = [1 / (1 + 1.2 * (0.25 + 0.75 * length / 2)) / 2 for length in (2, 3)]
    assert both.lexical.tolist() == pytest.approx([idf * share / idf for share in shares], rel=1e-6)


@pytest.mark.parametrize("readable", [1, 3, 60, 2_000])
def test_of_many_rows_the_readable_ones_alone_are_ranked(tmp_path: Path, readable: int) -> None:
    """From one row to all, with vectors of a dimension at which a matrix product would round otherwise."""
    random = np.random.default_rng(readable)
    vectors = random.normal(size=(2_000, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[1::5] = vectors[::5]  # equals, in other segments and other audiences
    open_to = np.isin(np.arange(2_000), random.permutation(2_000)[:readable])
    rows = [
        Row(
            n + 1, n, n.to_bytes(16, "big"), 1 if may else 2 + n % 3, n % 4, DocumentKind.LESSON, None, f"brake {n % 9}"
        )
        for n, may in enumerate(open_to)
    ]
    found = [
        engine.candidates(vectors[7], QueryTerms.of("brake 4"), RowFilter(frozenset({1})), 25)
        for engine in (
            written(tmp_path / "all", rows, vectors, [0, 700, 2_000]),
            written(tmp_path / "alone", [row for row in rows if row.audience == 1], vectors[open_to], [0, readable]),
        )
    ]
    assert told(found[0]) == told(found[1])
    assert len(found[0].passages) >= min(readable, 25)


def written(folder: Path, rows: Sequence[Row], vectors: NDArray[np.float32], bounds: Sequence[int]) -> LocalEngine:
    index = IndexFolder(folder)
    folders = []
    for start, end in pairwise(bounds):
        folders.append(index.new_segment())
        write_segment(folders[-1], rows[start:end], vectors[start:end], "given")
    index.publish(folders, (), fingerprint="given", dimension=384, passages=len(rows), splitter={})
    generation = index.open_current()
    assert generation is not None
    return LocalEngine(generation)
