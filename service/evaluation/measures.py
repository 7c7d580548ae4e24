"""Measures by the library ir-measures, which is imported here alone and only when something is measured."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from indexer.domain.errors import EvaluationInvalid
from service.evaluation.runs import Run

if TYPE_CHECKING:
    from ir_measures import Measure, Provider

DEFAULT_MEASURES = "nDCG@10,AP,RR,P@5"
EXAMPLES = "nDCG@10, AP, RR, P@5, R@100, Success@1, P(rel=2)@5"
FORM = re.compile(r"([A-Za-z_]+)(?:\(rel=([1-9]\d{0,3})\))?(?:@([1-9]\d{0,5}))?")

Grades = Mapping[str, Mapping[str, int]]
"""The relevance of each judged item, by topic and item."""


def parse_measures(text: str) -> tuple[str, ...]:
    """The measures named in a list with commas, as the library spells them. EvaluationInvalid for one it cannot do."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise EvaluationInvalid(f"no measure is named: use {EXAMPLES}")
    return tuple(dict.fromkeys(str(_measure(name)) for name in names))


def measure_topics(names: Sequence[str], grades: Grades, run: Run) -> dict[str, dict[str, float]]:
    """The value of each measure (parsed names) for each judged topic; a topic that the run lacks has 0."""
    measures = {_measure(name): name for name in names}
    found = {name: dict.fromkeys(grades, 0.0) for name in names}
    judged = {topic: dict(items) for topic, items in grades.items()}
    for metric in _provider().evaluator(list(measures), judged).iter_calc(_descending(run, judged)):
        found[measures[metric.measure]][metric.query_id] = float(metric.value)
    return found


def _descending(run: Run, topics: Iterable[str]) -> dict[str, dict[str, float]]:
    # Places stand for scores: trec_eval would put equal scores in an order of its own.
    return {
        topic: {entry.item: float(len(run.rankings[topic]) - place) for place, entry in enumerate(run.rankings[topic])}
        for topic in topics
        if run.rankings.get(topic)
    }


def _measure(name: str) -> "Measure":
    # Not ir_measures.parse_measure: it fails from Python 3.14 on, and lets P@0 through, which ends the process.
    from ir_measures.measures import registry  # noqa: PLC0415  # takes a moment that other commands need not pay

    found = FORM.fullmatch(name)
    if found is None or found[1] not in registry:
        raise EvaluationInvalid(f"there is no measure {name!r}: use some of {EXAMPLES}")
    try:
        measure: Measure = registry[found[1]]
        if found[2]:
            measure = measure(rel=int(found[2]))
        if found[3]:
            measure = measure @ int(found[3])
        supported = _provider().supports(measure)
    except (AssertionError, ValueError) as error:
        raise EvaluationInvalid(
            f"the measure {name} lacks a cutoff or has one too many: use some of {EXAMPLES}"
        ) from error
    if not supported:
        raise EvaluationInvalid(f"the measure {name} cannot be computed here: use some of {EXAMPLES}")
    return measure


def _provider() -> "Provider":
    import ir_measures  # noqa: PLC0415  # as above

    # Only what runs within this process; the library's default also starts other programs.
    parts = [ir_measures.pytrec_eval, ir_measures.judged, ir_measures.msmarco]
    return ir_measures.providers.FallbackProvider(parts)  # type: ignore[no-untyped-call]
