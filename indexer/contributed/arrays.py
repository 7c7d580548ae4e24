"""What columns of numbers are looked through with."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]


def owners_of(counts: NDArray[Any]) -> Numbers:
    """Each place as often as its count says."""
    return np.asarray(np.repeat(np.arange(len(counts)), counts), np.int64)


def ranges(starts: NDArray[Any], counts: NDArray[Any]) -> Numbers:
    """So many numbers from each start on, one range after the other."""
    ends = np.cumsum(counts, dtype=np.int64)
    total = int(ends[-1]) if len(ends) else 0
    return np.asarray(np.arange(total) + np.repeat(starts - (ends - counts), counts), np.int64)


def owned_by(starts: NDArray[Any], owners: Numbers) -> tuple[Numbers, Numbers]:
    """Everything that these owners (numbers) have, and for each thing which of the owners has it. `starts` says by
    number where the things of each begin, and where the last end; others have nothing."""
    last = len(starts) - 1
    first = starts[np.minimum(owners, last)].astype(np.int64)
    counts = starts[np.minimum(owners + 1, last)] - first
    return ranges(first, counts), owners_of(counts)


def first_of_runs(*columns: NDArray[Any]) -> Numbers:
    """Where a run of rows that are equal in all of these columns begins."""
    first = np.ones(len(columns[0]), np.bool_)
    if len(columns[0]):
        np.not_equal(columns[0][1:], columns[0][:-1], out=first[1:])
        for column in columns[1:]:
            first[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(first)


def mask_of(numbers: Iterable[int], size: int) -> NDArray[np.bool_]:
    """True at these places, as far as there are such."""
    told = numbers if isinstance(numbers, np.ndarray) else np.fromiter(numbers, np.int64)
    mask = np.zeros(size, np.bool_)
    mask[told[told < size]] = True
    return mask


def places_in(values: NDArray[Any], among: NDArray[Any]) -> tuple[Numbers, NDArray[np.bool_]]:
    """Where each value stands in an ascending list, and whether it is there at all."""
    if not len(among):
        return np.zeros(len(values), np.int64), np.zeros(len(values), np.bool_)
    places = np.minimum(np.searchsorted(among, values), len(among) - 1)
    return places, np.asarray(among[places] == values, np.bool_)


def is_in(values: NDArray[Any], among: NDArray[Any]) -> NDArray[np.bool_]:
    """Which of the values are in an ascending list."""
    return places_in(values, among)[1]


def narrowed(values: NDArray[Any]) -> NDArray[Any]:
    """The same numbers in as few bytes each as hold them all."""
    if not len(values):
        return values
    least, most = int(values.min()), int(values.max())
    kinds = ("u1", "u2", "u4") if least >= 0 else ("i1", "i2", "i4")
    fitting = (kind for kind in kinds if np.iinfo(kind).min <= least and most <= np.iinfo(kind).max)
    return values.astype(next(fitting, values.dtype))
