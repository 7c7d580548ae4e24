"""Whether one run is better than another: the paired bootstrap."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

RESAMPLES = 10_000
RESAMPLES_AT_ONCE = 500  # bounds memory: with 10,000 topics 40 MB
SEED = 20_060_806
INTERVAL = (2.5, 97.5)
LEAST_DIFFERENCE = 1e-9  # values nearer than this are equal


@dataclass(frozen=True, slots=True)
class Difference:
    """How the mean of a measure differs from an earlier run's, with its 95 % interval. `flips` is the share of
    resamples in which the difference is zero or has the other sign; topics are counted as better, worse and equal."""

    before: float
    difference: float
    low: float
    high: float
    flips: float
    better: int
    worse: int
    equal: int


def compare_topics(now: ArrayLike, before: ArrayLike) -> Difference:
    """Compare a measure's values (n,) with an earlier run's for the same n topics, n at least 1.

    Topics are resampled with replacement and the mean of their differences is taken each time; the interval is the
    percentile one (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13; for measures of
    retrieval: Sakai, Evaluating evaluation metrics based on the bootstrap, SIGIR 2006). The seed is fixed: the same
    values give the same answer.
    """
    values: NDArray[np.float64] = np.asarray(now, np.float64)
    earlier: NDArray[np.float64] = np.asarray(before, np.float64)
    differences = values - earlier
    differences[np.abs(differences) < LEAST_DIFFERENCE] = 0.0
    mean = float(differences.mean())
    resampled = _resampled_means(differences)
    low, high = np.percentile(resampled, INTERVAL)
    return Difference(
        before=float(earlier.mean()),
        difference=mean,
        low=float(low),
        high=float(high),
        flips=float(np.mean(resampled * np.sign(mean) <= 0)),
        better=int(np.count_nonzero(differences > 0)),
        worse=int(np.count_nonzero(differences < 0)),
        equal=int(np.count_nonzero(differences == 0)),
    )


def _resampled_means(differences: NDArray[np.float64]) -> NDArray[np.float64]:
    generator = np.random.default_rng(SEED)
    count = len(differences)
    means = [
        differences[generator.integers(0, count, (RESAMPLES_AT_ONCE, count))].mean(axis=1)
        for _ in range(RESAMPLES // RESAMPLES_AT_ONCE)
    ]
    return np.concatenate(means)
