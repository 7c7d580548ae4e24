"""Searching a generation: candidates by meaning and by words, each scored by both."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from indexer.domain.content import DocumentKind
from indexer.index.allowed import AllowedRows, rare_rows
from indexer.index.generation import Generation
from indexer.index.keywords import K1, CorpusStatistics
from indexer.index.segment import KINDS, Segment, day_of
from indexer.index.spelling import Spelling, find_spellings
from indexer.index.tokens import Identifier, identifiers, tokens

MOST_OCCURRENCES_IN_QUERY = 3

Number = TypeVar("Number", np.int64, np.float32)


@dataclass(frozen=True, slots=True)
class RowFilter:
    """Which rows may be found: those in one of the audiences that also pass every other condition.

    Ids are the database's; None means no condition. Dates are inclusive. `without` are passages, (n,), that are gone or
    closed since the index was built.
    """

    audiences: frozenset[int]
    communities: frozenset[int] | None = None
    kinds: frozenset[DocumentKind] | None = None
    since: datetime | None = None
    until: datetime | None = None
    documents: frozenset[int] | None = None
    without: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))


@dataclass(frozen=True, slots=True)
class Candidates:
    """Passages to rank, each (n,): ids of passage and document, cosine to the query (0 where no vector was given), and
    BM25 as a share of the most that the query could get. `vectors` is (n, dimension), unit length. `exact`, (m,), are
    the ids of those passages that have an identifier of the query which at most 20 allowed passages have."""

    passages: NDArray[np.int64]
    documents: NDArray[np.int64]
    cosines: NDArray[np.float32]
    lexical: NDArray[np.float32]
    vectors: NDArray[np.float32]
    exact: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    def kept(self, keep: NDArray[np.bool_]) -> "Candidates":
        """Those that the mask, (n,), keeps."""
        columns = ("passages", "documents", "cosines", "lexical", "vectors")
        return replace(self, **{column: getattr(self, column)[keep] for column in columns})

    def nearest(self, per_list: int) -> "Candidates":
        """The best so many by cosine, the best so many by words, and all that are exact."""
        keep = np.isin(self.passages, self.exact)
        keep[np.argsort(-self.cosines, kind="stable")[:per_list]] = True
        keep[best_rows(self.lexical, per_list)] = True
        return self.kept(keep)


@dataclass(frozen=True, slots=True)
class QueryTerms:
    """The tokens of a query with how often each occurs, at most three times, and its identifiers."""

    weights: dict[str, float] = field(default_factory=dict)
    identifiers: tuple[Identifier, ...] = ()

    @classmethod
    def of(cls, text: str) -> "QueryTerms":
        counts: dict[str, float] = {}
        for token in tokens(text):
            counts[token] = min(counts.get(token, 0.0) + 1, MOST_OCCURRENCES_IN_QUERY)
        return cls(counts, tuple(identifiers(text)))


class SearchEngine(Protocol):
    """What a search needs of an index, local or remote."""

    @property
    def generation(self) -> str: ...

    def candidates(
        self, vector: NDArray[np.float32] | None, terms: QueryTerms, rows: RowFilter, per_list: int
    ) -> Candidates:
        """The union of the `per_list` best rows by cosine, the `per_list` best by words, and all that have a rare
        identifier of the query, among the allowed rows."""
        ...

    def spellings(self, words: Sequence[str], rows: RowFilter) -> list[Spelling]:
        """Those of the words (in small letters) that hardly any allowed row has, with the like words that some have."""
        ...


class LocalEngine:
    """A `SearchEngine` over a generation on this machine's disk."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation
        self._passages = sum(segment.rows for segment in generation.segments)
        total = sum(segment.keywords.total_length for segment in generation.segments)
        self._mean_length = total / max(self._passages, 1)

    @property
    def generation(self) -> str:
        return self._generation.manifest.name

    def candidates(
        self, vector: NDArray[np.float32] | None, terms: QueryTerms, rows: RowFilter, per_list: int
    ) -> Candidates:
        statistics = self._statistics(terms)
        weighted = sorted(terms.weights.items())
        most = sum(weight * statistics.idf(term) * (K1 + 1) for term, weight in weighted)
        parts = self._parts(rows)
        rare = rare_rows(parts, terms.identifiers)
        found = [
            _search(part, exact, vector, weighted, statistics, per_list)
            for part, exact in zip(parts, rare, strict=True)
        ]
        passages = _joined([part.passages for part in found], np.int64)
        cosines = _joined([part.cosines for part in found], np.float32)
        scores = _joined([part.scores for part in found], np.float32)
        documents = _joined([part.documents for part in found], np.int64)
        exact = _joined([part.segment.passages[rows] for part, rows in zip(parts, rare, strict=True)], np.int64)
        keep = np.union1d(best_rows(scores, per_list), np.flatnonzero(np.isin(passages, exact)))
        if vector is not None:
            keep = np.union1d(keep, np.argsort(-cosines, kind="stable")[:per_list])
        vectors = np.concatenate([part.vectors for part in found])[keep] if found else np.zeros((0, 0), np.float32)
        return Candidates(
            passages[keep],
            documents[keep],
            cosines[keep],
            np.asarray(scores[keep] / np.float32(most or 1.0), np.float32),
            vectors,
            exact,
        )

    def spellings(self, words: Sequence[str], rows: RowFilter) -> list[Spelling]:
        return find_spellings(self._parts(rows), words) if words else []

    def _parts(self, rows: RowFilter) -> list[AllowedRows]:
        pairs = zip(self._generation.segments, self._generation.alive, strict=True)
        return [AllowedRows(segment, _allowed(segment, alive, rows)) for segment, alive in pairs]

    def _statistics(self, terms: QueryTerms) -> CorpusStatistics:
        segments = self._generation.segments
        frequencies = {term: sum(segment.keywords.frequency(term) for segment in segments) for term in terms.weights}
        return CorpusStatistics(self._passages, self._mean_length, frequencies)


@dataclass(frozen=True, slots=True)
class _Found:
    """Chosen rows of one segment, each (n,); `vectors` is (n, dimension)."""

    passages: NDArray[np.int64]
    documents: NDArray[np.int64]
    cosines: NDArray[np.float32]
    scores: NDArray[np.float32]
    vectors: NDArray[np.float32]


def _search(
    part: AllowedRows,
    exact: NDArray[np.int64],
    vector: NDArray[np.float32] | None,
    terms: Sequence[tuple[str, float]],
    statistics: CorpusStatistics,
    per_list: int,
) -> _Found:
    segment, allowed = part.segment, part.mask
    scores = segment.keywords.score(terms, statistics)
    if allowed is not None:
        scores[~allowed] = 0
    chosen = np.union1d(best_rows(scores, per_list), exact)
    if vector is not None:
        near, _ = segment.vectors.nearest(vector, allowed, per_list)
        chosen = np.union1d(chosen, near)
    vectors = segment.vectors.rows(chosen)
    cosines = np.zeros(len(chosen), np.float32) if vector is None else vectors @ vector
    return _Found(segment.passages[chosen], segment.documents[chosen], cosines, scores[chosen], vectors)


def _allowed(segment: Segment, alive: NDArray[np.bool_], rows: RowFilter) -> NDArray[np.bool_] | None:
    """Which rows of a segment pass; None where all do."""
    mask = alive & np.isin(segment.audiences, list(rows.audiences))
    if rows.communities is not None:
        mask &= np.isin(segment.communities, list(rows.communities))
    if rows.kinds is not None:
        mask &= np.isin(segment.kinds, [KINDS.index(kind) for kind in rows.kinds])
    if rows.since is not None:
        mask &= segment.days >= day_of(rows.since)
    if rows.until is not None:
        mask &= (segment.days <= day_of(rows.until)) & (segment.days > np.iinfo(np.int32).min)
    if rows.documents is not None:
        mask &= np.isin(segment.documents, list(rows.documents))
    if len(rows.without):
        mask &= ~np.isin(segment.passages, rows.without)
    return None if mask.all() else mask


def best_rows(scores: NDArray[np.float32], limit: int) -> NDArray[np.int64]:
    """The rows with the highest positive scores, in no order."""
    matching = np.flatnonzero(scores > 0)
    if len(matching) <= limit:
        return matching
    return np.asarray(matching[np.argpartition(-scores[matching], limit)[:limit]], np.int64)


def _joined(parts: Sequence[NDArray[Number]], kind: type[Number]) -> NDArray[Number]:
    return np.concatenate(parts) if parts else np.zeros(0, kind)
