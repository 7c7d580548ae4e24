"""Stretches: the rows of a segment that a viewer may read, which lie together because rows are ordered by audience.

A search touches these rows alone, so that neither what it finds nor how long it takes follows from any other.
"""

from collections.abc import Iterable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Value = TypeVar("Value", bound=np.generic)


class Stretches:
    """Rows of a segment, stretch after stretch: `starts` and `ends`, (n,), ascending. A row's place is its number when
    only these rows are counted; `offsets` are the places of the first rows."""

    __slots__ = ("ends", "offsets", "rows", "starts")

    def __init__(self, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> None:
        lengths = ends - starts
        self.starts, self.ends = starts, ends
        self.rows = int(lengths.sum())
        self.offsets: NDArray[np.int64] = np.cumsum(lengths) - lengths

    @classmethod
    def whole(cls, rows: int) -> "Stretches":
        """All rows of a segment."""
        return cls(np.zeros(1, np.int64), np.full(1, rows, np.int64))

    def rows_at(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows at these places, (n,)."""
        if len(self.starts) == 1:
            return np.asarray(places + self.starts[0])
        stretch = np.searchsorted(self.offsets, places, side="right") - 1
        return np.asarray(places + (self.starts - self.offsets)[stretch])

    def places_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The places of these rows, (n,), which are among them."""
        stretch = np.searchsorted(self.starts, rows, side="right") - 1
        return np.asarray(rows + (self.offsets - self.starts)[stretch])

    def column(self, values: NDArray[Value]) -> NDArray[Value]:
        """What a column of the segment holds in these rows, place by place."""
        parts = [values[start:end] for start, end in zip(self.starts.tolist(), self.ends.tolist(), strict=True)]
        return np.asarray(parts[0]) if len(parts) == 1 else np.concatenate([values[:0], *parts])

    def bounds_in(self, ascending: NDArray[np.uint32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """From where to where those of some rows, which ascend, stand that are in each stretch, (n,)."""
        starts, ends = self.starts.astype(ascending.dtype), self.ends.astype(ascending.dtype)
        return np.searchsorted(ascending, starts), np.searchsorted(ascending, ends)

    def within(self, ascending: NDArray[np.uint32]) -> tuple[NDArray[np.int64] | slice, NDArray[np.int64]]:
        """Which of some rows, which ascend, are among these: their positions, and their places."""
        first, last = self.bounds_in(ascending)
        if len(first) == 1:
            positions = slice(int(first[0]), int(last[0]))
            return positions, np.subtract(ascending[positions], self.starts[0], dtype=np.int64)
        counts = last - first
        before = np.cumsum(counts) - counts
        chosen = np.arange(counts.sum()) + np.repeat(first - before, counts)
        return chosen, ascending[chosen].astype(np.int64) + np.repeat(self.offsets - self.starts, counts)


class AudienceRows:
    """Where the rows of each audience stand in a segment, and how long their texts are together, in tokens."""

    def __init__(self, audiences: NDArray[np.int32], lengths: NDArray[np.uint32]) -> None:
        bounds = np.flatnonzero(np.diff(audiences, prepend=audiences[:1] - 1, append=audiences[-1:] + 1))
        self._starts, self._ends = bounds[:-1].astype(np.int64), bounds[1:].astype(np.int64)
        self._audiences = np.asarray(audiences[self._starts])
        sums = np.add.reduceat(lengths, self._starts, dtype=np.int64) if len(self._starts) else self._starts
        self._lengths: NDArray[np.int64] = np.asarray(sums, np.int64)

    def of(self, audiences: Iterable[int]) -> tuple[Stretches, int]:
        """The rows of these audiences, with the length of all their texts."""
        mine = np.isin(self._audiences, list(audiences))
        starts, ends = self._starts[mine], self._ends[mine]
        joined = starts[1:] == ends[:-1]
        first, last = np.append(True, ~joined)[: len(starts)], np.append(~joined, True)[: len(ends)]
        return Stretches(starts[first], ends[last]), int(self._lengths[mine].sum())
