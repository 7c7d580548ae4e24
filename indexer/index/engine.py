"""Searching a generation: candidates by meaning and by words, each scored by both."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from indexer.domain.content import DocumentKind
from indexer.index.allowed import AllowedRows, frequencies, rare_rows
from indexer.index.generation import Generation
from indexer.index.keywords import K1, CorpusStatistics, score
from indexer.index.nearest import nearest
from indexer.index.segment import KINDS, Segment, day_of
from indexer.index.spelling import Spelling, find_spellings
from indexer.index.stretches import AudienceRows, Stretches
from indexer.index.tokens import Identifier, identifiers, tokens
from indexer.index.vectors import cosines_of

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
    """Passages to rank in order of their ids, each (n,): ids of passage and document, cosine to the query (0 where no
    vector was given), and BM25 as a share of the most that the query could get. `vectors` is (n, dimension), unit
    length. `exact`, (m,), are the ids of those passages that have an identifier of the query which at most 20 allowed
    passages have."""

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
        keep[best_of(self.cosines, self.passages, per_list)] = True
        keep[best_matching(self.lexical, self.passages, per_list)] = True
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
        identifier of the query, among the allowed rows. Of equals those with the smallest ids.

        They are what they would be, to the last bit, were there no rows but those of the audiences, however these are
        spread over segments. The other conditions do not change how well a row matches.
        """
        ...

    def spellings(self, words: Sequence[str], rows: RowFilter) -> list[Spelling]:
        """Those of the words (in small letters) that hardly any allowed row has, with the like words that some have."""
        ...


class LocalEngine:
    """A `SearchEngine` over a generation on this machine's disk."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation
        self._by_audience = [AudienceRows(s.audiences, s.keywords.lengths) for s in generation.segments]

    @property
    def generation(self) -> str:
        return self._generation.manifest.name

    def candidates(
        self, vector: NDArray[np.float32] | None, terms: QueryTerms, rows: RowFilter, per_list: int
    ) -> Candidates:
        parts = self._parts(rows)
        rare = rare_rows(parts, terms.identifiers)
        scores, most = _score(parts, terms)
        near = [np.zeros(0, np.int64)] * len(parts) if vector is None else nearest(vector, parts, per_list)
        found = _joined(
            [
                _search(part, np.union1d(exact, close), vector, scored, per_list)
                for part, exact, close, scored in zip(parts, rare, near, scores, strict=True)
            ]
        )
        exact = np.sort(
            _concatenated([part.passages_at(rows) for part, rows in zip(parts, rare, strict=True)], np.int64)
        )
        keep = np.isin(found.passages, exact)
        keep[best_matching(found.scores, found.passages, per_list)] = True
        if vector is not None:
            keep[best_of(found.cosines, found.passages, per_list)] = True
        kept = np.flatnonzero(keep)
        kept = kept[np.argsort(found.passages[kept])]
        return Candidates(
            found.passages[kept],
            found.documents[kept],
            found.cosines[kept],
            np.asarray(found.scores[kept] / np.float32(most or 1.0), np.float32),
            found.vectors[kept],
            exact,
        )

    def spellings(self, words: Sequence[str], rows: RowFilter) -> list[Spelling]:
        return find_spellings(self._parts(rows), words) if words else []

    def _parts(self, rows: RowFilter) -> list[AllowedRows]:
        together = zip(self._generation.segments, self._generation.alive, self._by_audience, strict=True)
        return [
            _part(segment, alive, *by_audience.of(rows.audiences), rows) for segment, alive, by_audience in together
        ]


@dataclass(frozen=True, slots=True)
class _Found:
    """Chosen rows of one segment, each (n,); `vectors` is (n, dimension)."""

    passages: NDArray[np.int64]
    documents: NDArray[np.int64]
    cosines: NDArray[np.float32]
    scores: NDArray[np.float32]
    vectors: NDArray[np.float32]


def _part(
    segment: Segment, alive: NDArray[np.bool_], stretches: Stretches, tokens_in_all: int, rows: RowFilter
) -> AllowedRows:
    live = stretches.column(alive)
    if len(rows.without):
        live = live & ~np.isin(stretches.column(segment.passages), rows.without)
    gone = stretches.rows_at(np.flatnonzero(~live))
    left = tokens_in_all - int(segment.keywords.lengths[gone].sum(dtype=np.int64))
    return AllowedRows(segment, stretches, live if len(gone) else None, _allowed(segment, stretches, live, rows), left)


def _allowed(
    segment: Segment, stretches: Stretches, live: NDArray[np.bool_], rows: RowFilter
) -> NDArray[np.bool_] | None:
    """Which of the rows pass the filters, (rows,) by place; None where all do."""
    mask = live
    if rows.communities is not None:
        mask = mask & np.isin(stretches.column(segment.communities), list(rows.communities))
    if rows.kinds is not None:
        mask = mask & np.isin(stretches.column(segment.kinds), [KINDS.index(kind) for kind in rows.kinds])
    if rows.since is not None:
        mask = mask & (stretches.column(segment.days) >= day_of(rows.since))
    if rows.until is not None:
        days = stretches.column(segment.days)
        mask = mask & (days <= day_of(rows.until)) & (days > np.iinfo(np.int32).min)
    if rows.documents is not None:
        mask = mask & np.isin(stretches.column(segment.documents), list(rows.documents))
    return None if mask.all() else mask


def _score(parts: Sequence[AllowedRows], terms: QueryTerms) -> tuple[list[NDArray[np.float32]], float]:
    """BM25 of each part's rows, (rows,) by place and 0 where they are not allowed, and the most that it could be."""
    weighted = sorted(terms.weights.items())
    found = [part.postings(terms.weights) for part in parts]
    number = sum(part.passages for part in parts)
    mean_length = sum(part.tokens for part in parts) / max(number, 1) or 1.0  # of empty texts
    statistics = CorpusStatistics(number, mean_length, frequencies(parts, found))
    scores = []
    for part, postings in zip(parts, found, strict=True):
        scored = score(part.stretches.rows, weighted, postings, statistics)
        if part.mask is not None:
            scored[~part.mask] = 0
        scores.append(scored)
    return scores, sum(weight * statistics.idf(term) * (K1 + 1) for term, weight in weighted)


def _search(
    part: AllowedRows,
    certain: NDArray[np.int64],
    vector: NDArray[np.float32] | None,
    scores: NDArray[np.float32],
    per_list: int,
) -> _Found:
    """What may be among the candidates: the places that certainly are to be looked at, and the best by words."""
    segment, stretches = part.segment, part.stretches
    matching = np.flatnonzero(scores)
    passages = part.passages_at(matching) if len(matching) > per_list else matching
    chosen = np.union1d(matching[best_of(scores[matching], passages, per_list)], certain)
    rows = stretches.rows_at(chosen)
    vectors = segment.vectors.rows(rows)
    cosines = np.zeros(len(chosen), np.float32) if vector is None else cosines_of(vector, vectors)
    return _Found(segment.passages[rows], segment.documents[rows], cosines, scores[chosen], vectors)


def best_matching(scores: NDArray[np.float32], passages: NDArray[np.int64], limit: int) -> NDArray[np.int64]:
    """The positions of the highest positive scores, of equals those with the smallest ids; in no order."""
    matching = np.flatnonzero(scores > 0)
    return matching[best_of(scores[matching], passages[matching], limit)]


def best_of(values: NDArray[np.float32], passages: NDArray[np.int64], limit: int) -> NDArray[np.int64]:
    """The positions of the highest values, of equals those with the smallest ids; in no order."""
    if len(values) <= limit:
        return np.arange(len(values))
    values = np.where(np.isnan(values), -np.inf, values)  # of a damaged vector
    least = np.partition(values, -limit)[-limit]
    above, equal = np.flatnonzero(values > least), np.flatnonzero(values == least)
    return np.concatenate([above, equal[np.argsort(passages[equal])][: limit - len(above)]])


def _joined(parts: Sequence[_Found]) -> _Found:
    return _Found(
        _concatenated([part.passages for part in parts], np.int64),
        _concatenated([part.documents for part in parts], np.int64),
        _concatenated([part.cosines for part in parts], np.float32),
        _concatenated([part.scores for part in parts], np.float32),
        np.concatenate([part.vectors for part in parts]) if parts else np.zeros((0, 0), np.float32),
    )


def _concatenated(parts: Sequence[NDArray[Number]], kind: type[Number]) -> NDArray[Number]:
    return np.concatenate(parts) if parts else np.zeros(0, kind)
