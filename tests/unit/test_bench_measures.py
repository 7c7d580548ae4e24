import pytest

from scripts.benches.quality.measures import (
    area_under_curve,
    average_precision,
    by_score,
    precision_at,
    reciprocal_rank,
)

RANKING = ["a", "b", "c", "d"]


def test_average_precision_by_hand() -> None:
    assert average_precision(RANKING, {"b", "d"}) == pytest.approx((1 / 2 + 2 / 4) / 2)


def test_a_relevant_item_that_is_not_ranked_counts_nothing() -> None:
    assert average_precision(RANKING, {"a", "z"}) == pytest.approx(1 / 2)


def test_precision_and_reciprocal_rank_by_hand() -> None:
    assert precision_at(RANKING, {"a", "c", "z"}, 4) == 0.5
    assert reciprocal_rank(RANKING, {"c", "d"}) == pytest.approx(1 / 3)
    assert reciprocal_rank(RANKING, {"z"}) == 0


def test_equal_scores_are_ordered_by_name() -> None:
    assert by_score({"b": 1.0, "a": 1.0, "c": 2.0}) == ["c", "a", "b"]


def test_the_area_under_the_curve_counts_ties_half() -> None:
    assert area_under_curve([0.9, 0.5], [0.5, 0.1]) == pytest.approx((1 + 1 + 0.5 + 1) / 4)
