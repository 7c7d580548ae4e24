from itertools import pairwise, permutations
from math import log2

import numpy as np
import pytest

from service.evaluation import expected_ndcg


def by_brute_force(scores: list[float], relevant: int, k: int) -> float:
    """The mean of nDCG@k over all orders in which scores do not rise."""
    orders = [o for o in permutations(range(len(scores))) if all(scores[a] >= scores[b] for a, b in pairwise(o))]
    gains = [1 / log2(order.index(relevant) + 2) if order.index(relevant) < k else 0.0 for order in orders]
    return sum(gains) / len(gains)


@pytest.mark.parametrize("scores", [[3, 2, 2, 2, 1], [1, 1, 1, 1, 1], [1, 2, 3, 4, 5], [2, 5, 2, 5, 2]])
@pytest.mark.parametrize("k", [1, 2, 3, 10])
def test_the_mean_over_orders_of_ties_is_exact(scores: list[float], k: int) -> None:
    for relevant in range(len(scores)):
        assert expected_ndcg(scores, relevant, k) == pytest.approx(by_brute_force(scores, relevant, k))


def test_sixteen_bit_scores_tie_only_where_they_are_equal() -> None:
    scores = np.asarray([0.5, 0.25, 0.25], np.float16)
    assert expected_ndcg(scores, 1, 10) == pytest.approx((1 / log2(3) + 1 / log2(4)) / 2)
