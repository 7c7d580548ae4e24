"""The rows of a segment that a search may find, and which of them have a term."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indexer.index.keywords import Postings
from indexer.index.segment import Segment
from indexer.index.stretches import Stretches
from indexer.index.tokens import Identifier

RARE = 20


@dataclass(frozen=True, slots=True)
class AllowedRows:
    """A part of a segment: the stretches of rows that a viewer may read. `live` is a mask of those that still count,
    `mask` of those that also pass the filters, both (rows,) by place; None where all do. `tokens` is how long the texts
    of those that count are together."""

    segment: Segment
    stretches: Stretches
    live: NDArray[np.bool_] | None
    mask: NDArray[np.bool_] | None
    tokens: int

    @property
    def passages(self) -> int:
        """How many rows count, whatever the filters."""
        return self.stretches.rows if self.live is None else int(np.count_nonzero(self.live))

    def postings(self, terms: Iterable[str]) -> dict[str, Postings]:
        """Where the terms occur in rows that may be read."""
        return {term: self.segment.keywords.postings(term, self.stretches) for term in terms}

    def frequency(self, postings: Postings) -> int:
        """How many of the rows that count have a term."""
        return len(postings.places) if self.live is None else int(np.count_nonzero(self.live[postings.places]))

    def having(self, term: str) -> NDArray[np.int64]:
        """The places of the allowed rows in which the term occurs, ascending."""
        places = self.segment.keywords.postings(term, self.stretches).places
        return places if self.mask is None else places[self.mask[places]]

    def having_any(self, terms: Iterable[str]) -> NDArray[np.int64]:
        """The places of the allowed rows in which one of the terms occurs, ascending."""
        found = [self.having(term) for term in terms]
        return np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)

    def passages_at(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """The ids of the passages at these places, (n,)."""
        return np.asarray(self.segment.passages[self.stretches.rows_at(places)])


def frequencies(parts: Sequence[AllowedRows], found: Sequence[Mapping[str, Postings]]) -> dict[str, int]:
    """By term, how many of the rows that count have it, in all parts together."""
    pairs = list(zip(parts, found, strict=True))
    terms = found[0] if found else ()
    return {term: sum(part.frequency(postings[term]) for part, postings in pairs) for term in terms}


def rare_rows(parts: Sequence[AllowedRows], wanted: Sequence[Identifier]) -> list[NDArray[np.int64]]:
    """For each part the places that have one of the identifiers, of those that at most 20 allowed rows have.

    What is rare is counted among the allowed rows, so that what a viewer may not read changes nothing.
    """
    found = [rows for identifier in wanted if (rows := _rows_of(parts, identifier))]
    return [np.unique(np.concatenate([np.zeros(0, np.int64), *rows])) for rows in zip(*found, strict=True)] or [
        np.zeros(0, np.int64) for _ in parts
    ]


def _rows_of(parts: Sequence[AllowedRows], identifier: Identifier) -> list[NDArray[np.int64]] | None:
    """The rows of a rare identifier; where it occurs nowhere as a whole, those of its rare parts. None of a common."""
    rows = [part.having_any(identifier.whole) for part in parts]
    if not sum(map(len, rows)):
        rare = [part for part in identifier.parts if sum(len(allowed.having(part)) for allowed in parts) <= RARE]
        return [allowed.having_any(rare) for allowed in parts]
    return rows if sum(map(len, rows)) <= RARE else None
