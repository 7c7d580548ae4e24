"""Measures averaged over the orders in which tied items may come."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def expected_ndcg(scores: ArrayLike, relevant: int, k: int) -> float:
    """nDCG@k where only the item at position `relevant` of `scores` (n,) is relevant, the mean over all orders of the
    items whose scores are equal.

    The relevant item is equally likely at each place of its group of ties, so the mean over its places is exact
    (McSherry and Najork, Computing information retrieval performance measures efficiently in the presence of tied
    scores, ECIR 2008). With one relevant item the ideal DCG is 1.
    """
    told: NDArray[np.float64] = np.asarray(scores, np.float64)
    above = int(np.count_nonzero(told > told[relevant]))
    tied = int(np.count_nonzero(told == told[relevant]))
    return sum(_gain(place) for place in range(above, min(above + tied, k))) / tied


def _gain(place: int) -> float:
    return float(1 / np.log2(place + 2))
