"""What is left out of a search changes nothing: it gives what reading every posting of every term gives."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from indexer.domain.content import DocumentKind
from indexer.index import IndexFolder, LocalEngine, QueryTerms, Row, RowFilter, write_segment
from indexer.index.keywords import FREQUENT
from indexer.index.matching import FEW_POSTINGS
from indexer.index.tokens import tokens

ROWS, DIMENSION = 6_000, 8
WORDS = ("the", "of", "how", "train", "brake", "door", "pad", "wheel", "noise", "E-4711", "pantograph", "dcu-f209")
# From words that most rows have to one that hardly any has.
WEIGHTS = (60, 40, 25, 12, 6, 4, 2, 1, 0.5, 0.01, 0.1, 0.3)
READABLE = (frozenset({1}), frozenset({2, 4}), frozenset({1, 3, 5}), frozenset(range(1, 6)))
LOW, HIGH = datetime(2020, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC)
FILTERS = (
    RowFilter(frozenset()),
    RowFilter(frozenset(), communities=frozenset({1})),
    RowFilter(frozenset(), since=HIGH),
    RowFilter(frozenset(), documents=frozenset(range(1, 30))),
)
QUESTIONS = st.lists(st.sampled_from((*WORDS, "tunnel")), min_size=1, max_size=7).map(" ".join)


@dataclass(frozen=True)
class Corpus:
    """An index in segments, its rows, and those of them that no longer count."""

    engine: LocalEngine
    rows: Sequence[Row]
    vectors: NDArray[np.float32]
    dead: frozenset[int]
    without: NDArray[np.int64]
    counts: Mapping[str, NDArray[np.float32]]
    lengths: NDArray[np.float32]


@pytest.fixture(scope="module", params=[0, 1, 2])
def corpus(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Nothing is dead in the first; the second is one segment; the third has a small one, without columns."""
    random = Random(request.param)
    rows = [random_row(number, random) for number in range(1, ROWS + 1)]
    vectors = np.random.default_rng(request.param).normal(size=(ROWS, DIMENSION)).astype(np.float16).astype(np.float32)
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16).astype(np.float32)
    dead = {row.passage for row in rows if random.random() < 0.1 * request.param}
    without = [row.passage for row in rows if random.random() < 0.02 * request.param]
    index = IndexFolder(tmp_path_factory.mktemp("corpus"))
    cuts = ([2_000, 4_000], [], [60, 4_000])[request.param]
    for start, end in zip([0, *cuts], [*cuts, ROWS], strict=True):
        write_segment(index.new_segment(), rows[start:end], vectors[start:end], "given")
    folders = sorted(index.segments.iterdir())
    index.publish(folders, sorted(dead), fingerprint="given", dimension=DIMENSION, passages=ROWS, splitter={})
    generation = index.open_current()
    assert generation is not None
    counted = [Counter(tokens(row.text)) for row in rows]
    counts = {
        term: np.asarray([found[term] for found in counted], np.float32) for word in WORDS for term in tokens(word)
    }
    lengths = np.asarray([found.total() for found in counted], np.float32)
    return Corpus(LocalEngine(generation), rows, vectors, frozenset(dead), np.asarray(without), counts, lengths)


def random_row(number: int, random: Random) -> Row:
    text = " ".join(random.choices(WORDS, WEIGHTS, k=random.randint(1, 12)))
    moment = random.choice([LOW, HIGH])
    audience, community = random.choices(range(1, 6), (20, 20, 1, 5, 20))[0], random.randrange(3)
    return Row(number, number // 3, number.to_bytes(16, "big"), audience, community, DocumentKind.LESSON, moment, text)


def passes(row: Row, filters: RowFilter) -> bool:
    return (
        (filters.communities is None or row.community in filters.communities)
        and (filters.since is None or (row.moment is not None and row.moment >= filters.since))
        and (filters.documents is None or row.document in filters.documents)
    )


def every_score(corpus: Corpus, counting: NDArray[np.bool_], question: QueryTerms) -> NDArray[np.float32]:
    """BM25 of all rows over the most that it could be, in 32 bit, term after term in alphabetical order."""
    passages = int(counting.sum())
    mean_length = int(corpus.lengths[counting].sum()) / max(passages, 1) or 1.0
    scores, most = np.zeros(ROWS, np.float32), 0.0
    for term, weight in sorted(question.weights.items()):
        counts = corpus.counts.get(term, np.zeros(ROWS, np.float32))
        having = np.count_nonzero(counts[counting])
        idf = weight * float(np.log1p((passages - having + 0.5) / (having + 0.5)))
        penalty = 1.2 * (1 - 0.75 + 0.75 * corpus.lengths / mean_length)
        scores += np.float32(idf) * counts * 2.2 / (counts + penalty)
        most += idf * 2.2
    return np.asarray(scores / np.float32(most), np.float32)


def best_of(values: NDArray[np.float32], allowed: NDArray[np.bool_], limit: int) -> set[int]:
    """The rows of the highest values, of equals those with the smallest ids."""
    return set(sorted(np.flatnonzero(allowed).tolist(), key=lambda row: (-values[row], row))[:limit])


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(READABLE),
    QUESTIONS,
    st.sampled_from([1, 3, 20, 100, ROWS]),
    st.sampled_from(FILTERS),
    st.booleans(),
    st.booleans(),
)
def test_a_search_finds_what_reading_everything_finds(
    corpus: Corpus,
    readable: frozenset[int],
    question: str,
    per_list: int,
    filters: RowFilter,
    withdrawn: bool,
    by_meaning: bool,
) -> None:
    terms, vector = QueryTerms.of(question), corpus.vectors[7] if by_meaning else None
    without = corpus.without if withdrawn else np.zeros(0, np.int64)
    gone = corpus.dead | set(without.tolist())
    counting = np.asarray([row.audience in readable and row.passage not in gone for row in corpus.rows])
    allowed = counting & np.asarray([passes(row, filters) for row in corpus.rows])
    found = corpus.engine.candidates(vector, terms, replace(filters, audiences=readable, without=without), per_list)
    scores = every_score(corpus, counting, terms)
    cosines = np.einsum("rd,d->r", corpus.vectors, corpus.vectors[7])
    expected = best_of(scores, allowed & (scores > 0), per_list) | {int(passage) - 1 for passage in found.exact}
    if by_meaning:
        expected |= best_of(cosines, allowed, per_list)
    assert (found.passages - 1).tolist() == sorted(expected)
    assert found.lexical.tobytes() == scores[found.passages - 1].tobytes()


def test_the_corpora_are_such_that_something_is_left_out(corpus: Corpus) -> None:
    """Else the test above would try nothing."""
    common = [np.count_nonzero(corpus.counts[term]) for term in ("the", "of", "how")]
    assert sum(common) > FEW_POSTINGS


def test_only_rows_of_large_segments_are_looked_up_in_columns(tmp_path: Path) -> None:
    rows = [random_row(number, Random(number)) for number in range(1, 3_001)]
    for name, many in (("large", 3_000), ("small", 500)):
        write_segment(tmp_path / name, rows[:many], np.ones((many, DIMENSION), np.float32), "given")
        assert (tmp_path / name / FREQUENT).exists() == (name == "large")
