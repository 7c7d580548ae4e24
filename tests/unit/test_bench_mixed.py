"""What the bench of mixed load takes for growth."""

from typing import Any

import pytest

from scripts.benches.mixed import growths


def samples(*megabytes: float) -> list[dict[str, Any]]:
    return [{"second": 10 * place, "private": 1e6 * held} for place, held in enumerate(megabytes)]


def test_memory_that_stays_does_not_grow() -> None:
    assert growths(samples(*[500.0] * 12), "private") == (pytest.approx(0), pytest.approx(0))


def test_memory_that_rises_steadily_grows_by_the_whole_way() -> None:
    line, quarters = growths(samples(*range(100, 113)), "private")
    assert line == pytest.approx(12 / 106)
    assert quarters == pytest.approx(10 / 106)


def test_one_peak_is_no_growth() -> None:
    assert max(growths(samples(*[100.0] * 5, 400.0, *[100.0] * 5), "private")) == pytest.approx(0)
