"""The arithmetic of the scale bench."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def percentile(values: Sequence[float], share: int) -> float:
    """The value that so many in a hundred do not exceed."""
    return float(np.percentile(np.asarray(values), share, method="inverted_cdf"))


def growth(sizes: tuple[int, int], amounts: tuple[float, float]) -> float:
    """How many times faster an amount grew than the size did; 1 is in proportion."""
    return (amounts[1] / amounts[0]) / (sizes[1] / sizes[0])


def recall(found: NDArray[np.float32], exact: NDArray[np.float32], tie: float) -> float:
    """The share of the exact best that was found, each (questions, best) of cosines from the highest; whatever is as
    near as the last of the exact best counts, since of equals any will do."""
    return float(np.mean(found >= exact[:, -1:] - tie))


def best_of_blocks(
    best: NDArray[np.float32], block: NDArray[np.float32], queries: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The highest cosines so far, (queries, best), after another block of vectors, (n, dimension)."""
    together = np.concatenate([best, queries @ block.T], axis=1)
    return -np.sort(-together, axis=1)[:, : best.shape[1]]
