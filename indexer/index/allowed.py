"""The rows of a segment that a search may find, and which of them have a term."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indexer.index.segment import Segment
from indexer.index.tokens import Identifier

RARE = 20


@dataclass(frozen=True, slots=True)
class AllowedRows:
    """A segment with a mask of its rows, (rows,); None where all are allowed."""

    segment: Segment
    mask: NDArray[np.bool_] | None

    def having(self, term: str) -> NDArray[np.int64]:
        """The allowed rows in which the term occurs, ascending."""
        rows = self.segment.keywords.rows_with(term)
        return np.asarray(rows if self.mask is None else rows[self.mask[rows]], np.int64)

    def having_any(self, terms: Iterable[str]) -> NDArray[np.int64]:
        """The allowed rows in which one of the terms occurs, ascending."""
        found = [self.having(term) for term in terms]
        return np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)


def rare_rows(parts: Sequence[AllowedRows], wanted: Sequence[Identifier]) -> list[NDArray[np.int64]]:
    """For each segment the rows that have one of the identifiers, of those that at most 20 allowed rows have.

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
