"""Measures of rankings in which one item is followed by the next; relevance is yes or no."""

from collections.abc import Collection, Sequence

import numpy as np


def average_precision(ranking: Sequence[str], relevant: Collection[str]) -> float:
    """Mean over the relevant items of the precision at their place; 0 for one that is not ranked."""
    places = [place for place, item in enumerate(ranking, 1) if item in relevant]
    return sum(found / place for found, place in enumerate(places, 1)) / len(relevant) if relevant else 0.0


def precision_at(ranking: Sequence[str], relevant: Collection[str], k: int) -> float:
    return sum(item in relevant for item in ranking[:k]) / k


def reciprocal_rank(ranking: Sequence[str], relevant: Collection[str]) -> float:
    return next((1 / place for place, item in enumerate(ranking, 1) if item in relevant), 0.0)


def by_score(scores: dict[str, float]) -> list[str]:
    """Best first; equals by name, so that a figure is the same in every run."""
    return sorted(scores, key=lambda item: (-scores[item], item))


def area_under_curve(positive: Sequence[float], negative: Sequence[float]) -> float:
    """The share of pairs in which the positive one is higher, ties half (Mann-Whitney)."""
    high, low = np.asarray(positive)[:, None], np.asarray(negative)[None, :]
    return float((high > low).mean() + 0.5 * (high == low).mean())
