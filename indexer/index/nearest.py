"""The rows nearest to a question, over all segments together."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from indexer.index.allowed import AllowedRows


def nearest(query: NDArray[np.float32], parts: Sequence[AllowedRows], limit: int) -> list[NDArray[np.int64]]:
    """For each part the places of its allowed rows that may be among the `limit` closest to a unit vector of all parts
    together, in no order. Whatever is as close as one of these is among them."""
    return [part.segment.vectors.near(query, part.stretches, part.mask, limit) for part in parts]
