"""Values worked out by hand."""

from math import log2

import pytest

from indexer.domain.errors import EvaluationInvalid
from service.evaluation import RankedItem, Run, measure_topics, parse_measures

# Topic 1: a 2, c 1 are relevant, and f 1, which is never found. Topic 2: x is relevant.
# Topic 3: y is relevant, and nothing is found.
GRADES = {"1": {"a": 2, "b": 0, "c": 1, "f": 1}, "2": {"x": 1}, "3": {"y": 1}}
RUN = Run(
    "g",
    {
        "1": tuple(RankedItem(item, score) for item, score in (("b", 0.9), ("a", 0.8), ("d", 0.5), ("c", 0.5))),
        "2": (RankedItem("x", 0.1),),
        "9": (RankedItem("a", 1.0),),  # nobody judged it
    },
)


def test_measures_of_small_rankings() -> None:
    found = measure_topics(parse_measures("nDCG@10,AP,RR,P@5,R@2,P(rel=2)@1,RR@1"), GRADES, RUN)
    # Topic 1 has relevant items at 2 and 4 of b a d c. DCG = 2/log2(3) + 1/log2(5); the ideal order is a, c, f.
    ideal = 2 + 1 / log2(3) + 1 / log2(4)
    assert found["nDCG@10"] == pytest.approx({"1": (2 / log2(3) + 1 / log2(5)) / ideal, "2": 1.0, "3": 0.0})
    assert found["AP"] == pytest.approx({"1": (1 / 2 + 2 / 4) / 3, "2": 1.0, "3": 0.0})
    assert found["RR"] == {"1": 0.5, "2": 1.0, "3": 0.0}
    assert found["P@5"] == pytest.approx({"1": 0.4, "2": 0.2, "3": 0.0})
    assert found["R@2"] == pytest.approx({"1": 1 / 3, "2": 1.0, "3": 0.0})
    assert found["P(rel=2)@1"] == {"1": 0.0, "2": 0.0, "3": 0.0}
    assert found["RR@1"] == {"1": 0.0, "2": 1.0, "3": 0.0}


def test_equal_scores_stay_in_the_order_of_the_run() -> None:
    for order, value in ((("d", "c"), 0.5), (("c", "d"), 1.0)):
        run = Run("g", {"1": tuple(RankedItem(item, 0.5) for item in order)})
        assert measure_topics(("RR",), GRADES, run)["RR"]["1"] == value


def test_names_are_spelled_as_the_library_does_and_kept_once() -> None:
    assert parse_measures(" MAP, nDCG@10,Recall@5 , AP,") == ("AP", "nDCG@10", "R@5")


@pytest.mark.parametrize(
    "name", ["Foo", "P", "P@0", "P@-1", "AP_IA", "ERR@10", "Rprec@5", "nDCG@x", "nDCG(rel=2)@10", ","]
)
def test_a_measure_that_cannot_be_computed_is_refused_with_examples(name: str) -> None:
    with pytest.raises(EvaluationInvalid, match="nDCG@10"):
        parse_measures(name)
