"""The rows that have a rare identifier of a question."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from indexer.index.readable import Readable
from indexer.index.tokens import Identifier

RARE = 20


def rare_numbers(readable: Readable, mask: NDArray[np.bool_] | None, wanted: Sequence[Identifier]) -> NDArray[np.int64]:
    """The numbers, ascending, of the rows that have one of the identifiers, of those that at most 20 allowed rows have.
    `mask`, (rows,) by number, tells which rows pass the filters, None where all do.

    What is rare is counted among the allowed rows, so that what a viewer may not read changes nothing.
    """
    found = [_having(readable, mask, identifier) for identifier in wanted]
    return np.unique(np.concatenate([np.zeros(0, np.int64), *found]))


def _having(readable: Readable, mask: NDArray[np.bool_] | None, identifier: Identifier) -> NDArray[np.int64]:
    """The rows of a rare identifier; where it occurs nowhere as a whole, those of its rare parts. None of a common."""
    whole = _rows_with(readable, mask, identifier.whole)
    if whole is None or len(whole):
        return np.zeros(0, np.int64) if whole is None else whole
    rare = (_rows_with(readable, mask, (part,)) for part in identifier.parts)
    return np.unique(np.concatenate([np.zeros(0, np.int64), *(rows for rows in rare if rows is not None)]))


def _rows_with(readable: Readable, mask: NDArray[np.bool_] | None, terms: Sequence[str]) -> NDArray[np.int64] | None:
    """The allowed rows that have one of the terms; None where these are more than 20."""
    found = readable.occurrences(terms).values()
    if mask is None and any(term.frequency > RARE for term in found):
        return None
    numbers = np.unique(np.concatenate([np.zeros(0, np.int64), *(readable.numbers_with(term) for term in found)]))
    numbers = numbers if mask is None else numbers[mask[numbers]]
    return numbers if len(numbers) <= RARE else None
