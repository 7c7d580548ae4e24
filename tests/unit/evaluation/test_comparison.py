import numpy as np
import pytest

from service.evaluation import compare_topics


def test_a_run_does_not_differ_from_itself() -> None:
    told = compare_topics([0.1, 0.7, 0.3], [0.1, 0.7, 0.3])
    assert (told.difference, told.low, told.high, told.flips) == (0.0, 0.0, 0.0, 1.0)
    assert (told.better, told.worse, told.equal) == (0, 0, 3)


def test_an_equal_gain_on_every_topic_is_certain() -> None:
    told = compare_topics([0.5, 0.75], [0.25, 0.5])
    assert (told.before, told.difference, told.low, told.high, told.flips) == (0.375, 0.25, 0.25, 0.25, 0.0)


def test_two_topics_resample_to_three_means() -> None:
    # Differences 3 and -1: resampled means are 3, 1, 1 and -1, each from a quarter of the samples, so the interval
    # reaches from -1 to 3 and a quarter of the resamples has the other sign.
    told = compare_topics([3.0, 0.0], [0.0, 1.0])
    assert (told.difference, told.low, told.high) == (1.0, -1.0, 3.0)
    assert told.flips == pytest.approx(0.25, abs=0.02)
    assert (told.better, told.worse, told.equal) == (1, 1, 0)


def test_many_topics_give_the_interval_of_the_normal_approximation() -> None:
    now = np.random.default_rng(1).normal(0.1, 1.0, 400)
    told = compare_topics(now, np.zeros(400))
    half = 1.96 * now.std() / 20
    assert told.low == pytest.approx(now.mean() - half, abs=0.01)
    assert told.high == pytest.approx(now.mean() + half, abs=0.01)


def test_the_same_values_give_the_same_answer() -> None:
    values = np.random.default_rng(2).random((2, 30))
    assert compare_topics(values[0], values[1]) == compare_topics(values[0], values[1])
