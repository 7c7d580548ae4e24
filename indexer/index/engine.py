"""Searching a generation: candidates by meaning and by words, each scored by both."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from indexer.domain.content import DocumentKind
from indexer.index.allowed import AllowedRows
from indexer.index.generation import Generation
from indexer.index.identified import rare_numbers
from indexer.index.matching import Matching, Sums
from indexer.index.nearest import VectorSearch, nearest
from indexer.index.readable import Readable, Views
from indexer.index.segment import KINDS, day_of
from indexer.index.spelling import Spelling, find_spellings
from indexer.index.tokens import Identifier, identifiers, tokens
from indexer.index.vectors import cosines_of

MOST_OCCURRENCES_IN_QUERY = 3


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

        They are what they would be, to the last bit, were there no rows but those of the audiences, and the other
        conditions do not change how well a row matches. Nor does it matter how the rows are spread over segments,
        unless there are so many that an engine does not compare each: then it may miss some of the nearest by cosine,
        seldom one of the first ten; whatever it finds has its true cosine, and the same question finds the same.
        """
        ...

    def spellings(self, words: Sequence[str], rows: RowFilter) -> list[Spelling]:
        """Those of the words (in small letters) that hardly any allowed row has, with the like words that some have."""
        ...


class LocalEngine:
    """A `SearchEngine` over a generation on this machine's disk."""

    def __init__(self, generation: Generation, vectors: VectorSearch = "auto") -> None:
        self._generation = generation
        self._vectors = vectors
        self._views = Views(generation)
        self._sums = Sums(sum(segment.rows for segment in generation.segments))

    @property
    def generation(self) -> str:
        return self._generation.manifest.name

    def candidates(
        self, vector: NDArray[np.float32] | None, terms: QueryTerms, rows: RowFilter, per_list: int
    ) -> Candidates:
        readable = self._views.of(rows.audiences, rows.without)
        parts = _allowed(readable, rows)
        mask = None if parts is readable.parts else _mask_of(parts)
        exact = rare_numbers(readable, mask, terms.identifiers)
        near = np.zeros(0, np.int64) if vector is None else _nearest(readable, parts, vector, per_list, self._vectors)
        with self._sums.lent() as sums:
            matching = Matching(readable, terms.weights, mask, sums)
            chosen = np.unique(np.concatenate([exact, near, matching.best(per_list)]))
            scores = matching.scores(readable.spread(chosen))
            matching.clear()
        # Some rows were only as good as the best by all that was known of them: their vectors are not needed.
        wanted = np.isin(chosen, np.concatenate([exact, near]))
        wanted[best_matching(scores, readable.passages_at(readable.spread(chosen)), per_list)] = True
        chosen, scores = chosen[wanted], scores[wanted]
        spread = readable.spread(chosen)
        passages, vectors = readable.passages_at(spread), readable.vectors_at(spread)
        cosines = np.zeros(len(chosen), np.float32)
        if vector is not None and len(chosen):
            cosines = cosines_of(vector, vectors)
        keep = np.isin(chosen, exact)
        keep[best_matching(scores, passages, per_list)] = True
        if vector is not None:
            keep[best_of(cosines, passages, per_list)] = True
        kept = np.flatnonzero(keep)
        kept = kept[np.argsort(passages[kept])]
        return Candidates(
            passages[kept],
            readable.documents_at(spread)[kept],
            cosines[kept],
            np.asarray(scores[kept] / np.float32(matching.most or 1.0), np.float32),
            vectors[kept],
            np.sort(readable.passages_at(readable.spread(exact))),
        )

    def spellings(self, words: Sequence[str], rows: RowFilter) -> list[Spelling]:
        return find_spellings(self._views.of(rows.audiences, rows.without), words) if words else []


def _allowed(readable: Readable, rows: RowFilter) -> Sequence[AllowedRows]:
    """The parts with what the filters leave of them; those of the viewer themselves where there are no filters."""
    conditions = (rows.communities, rows.kinds, rows.since, rows.until, rows.documents)
    if all(condition is None for condition in conditions):
        return readable.parts
    return [replace(part, mask=_passing(part, rows)) for part in readable.parts]


def _passing(part: AllowedRows, rows: RowFilter) -> NDArray[np.bool_]:
    """Which of the rows that count pass the filters, (rows,) by place."""
    segment, stretches = part.segment, part.stretches
    mask = np.ones(stretches.rows, np.bool_) if part.mask is None else part.mask
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
    return mask


def _mask_of(parts: Sequence[AllowedRows]) -> NDArray[np.bool_]:
    """Which rows count and pass the filters, (rows,) by number."""
    masks = [np.ones(part.stretches.rows, np.bool_) if part.mask is None else part.mask for part in parts]
    return np.concatenate([np.zeros(0, np.bool_), *masks])


def _nearest(
    readable: Readable, parts: Sequence[AllowedRows], vector: NDArray[np.float32], limit: int, way: VectorSearch
) -> NDArray[np.int64]:
    """The numbers of the rows that may be among the `limit` closest."""
    places = nearest(vector, parts, limit, way)
    moved = [own + offset for own, offset in zip(places, readable.offsets, strict=False)]
    return np.concatenate([np.zeros(0, np.int64), *moved])


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
