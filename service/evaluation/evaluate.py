"""Measures a home: ranks the judged topics, scores the rankings, and compares them with an earlier run's."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from indexer.domain.errors import EvaluationInvalid
from indexer.domain.progress import ReportProgress, ignore_progress
from indexer.home import Home
from indexer.store import Transaction
from service.auth import ReadableAudiences, Viewer, readable_audiences
from service.evaluation.candidates import Candidates
from service.evaluation.comparison import Difference, compare_topics
from service.evaluation.items import Keys, are_passages, find_documents, find_people, spell_run
from service.evaluation.measures import Grades, measure_topics
from service.evaluation.qrels import Qrel
from service.evaluation.ranking import Task, rank_topics
from service.evaluation.runs import Run, rename_items
from service.evaluation.topics import Topic
from service.search import OpenIndex
from service.settings import ServiceSettings

Values = Mapping[str, Mapping[str, float]]
"""The value of each measure for each topic, by measure and topic."""


@dataclass(frozen=True, slots=True)
class Material:
    """What to measure with: topics, judgements, names of measures (parsed), and perhaps an earlier run and, for people,
    among whom to choose for each topic."""

    topics: Sequence[Topic]
    qrels: Sequence[Qrel]
    measures: Sequence[str]
    earlier: Run | None = None
    candidates: Candidates | None = None


@dataclass(frozen=True, slots=True)
class Gaps:
    """What the figures do not tell: names that mean nothing in this home; topics without judgement (left out);
    judged ones without text, or without candidates where others have some (left out); topics for which this run or the
    earlier one found nothing (they count 0)."""

    unknown_items: tuple[str, ...]
    unjudged: tuple[str, ...]
    without_text: tuple[str, ...]
    without_candidates: tuple[str, ...]
    unanswered: tuple[str, ...]
    unanswered_before: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The run, the values of each measure by topic, and by measure the difference from the earlier run if any."""

    run: Run
    values: Values
    differences: Mapping[str, Difference]
    gaps: Gaps
    degraded: str | None


def evaluate(
    home: Home,
    index: OpenIndex,
    material: Material,
    task: Task,
    viewer: Viewer,
    settings: ServiceSettings,
    report: ReportProgress = ignore_progress,
) -> Evaluation:
    """Measure what a home ranks for the judged topics. EvaluationInvalid, QueryInvalid, IndexOutdated."""
    with home.database.read() as transaction:
        readable = readable_audiences(transaction, viewer)
        keys = _find_items(transaction, material, task, readable)
        in_qrels = {qrel.item: keys[qrel.item] for qrel in material.qrels if qrel.item in keys}
        task = replace(task, passages=not task.people and are_passages(in_qrels.values()))
        grades = _grades(material, keys)
        judged = _judged_topics(material, grades, keys)
        ranked = rank_topics(transaction, index, judged, task, readable, settings, report)
        spelled = spell_run(transaction, ranked.run, in_qrels, readable)
    values = measure_topics(material.measures, grades, ranked.run)
    earlier = material.earlier and _earlier_run(material.earlier, judged, keys)
    return Evaluation(
        run=spelled,
        values=values,
        differences=_differences(values, measure_topics(material.measures, grades, earlier)) if earlier else {},
        gaps=_gaps(material, grades, keys, ranked.run, earlier),
        degraded=ranked.degraded,
    )


def mean(values: Mapping[str, float]) -> float:
    """The mean of a measure over its topics."""
    return sum(values.values()) / len(values)


def _find_items(transaction: Transaction, material: Material, task: Task, readable: ReadableAudiences) -> Keys:
    rankings = material.earlier.rankings.values() if material.earlier else ()
    names = [*_named_items(material), *(entry.item for ranking in rankings for entry in ranking)]
    excluded = [item for topic in material.topics for item in topic.exclude]
    # What is excluded may be either: a topic's own document, too, is to be absent where people are ranked.
    if task.people:
        return find_documents(transaction, excluded, readable) | find_people(transaction, names)
    return find_people(transaction, excluded) | find_documents(transaction, names, readable)


def _named_items(material: Material) -> Iterable[str]:
    yield from (qrel.item for qrel in material.qrels)
    yield from (item for topic in material.topics for item in topic.exclude)
    yield from (person for people in (material.candidates or {}).values() for person in people)


def _grades(material: Material, keys: Keys) -> Grades:
    """The judgements of the topics at hand by key, less what a topic excludes; of two for one item the higher."""
    ranked = {topic.id for topic in material.topics if material.candidates is None or topic.id in material.candidates}
    excluded = {topic.id: {keys.get(item, item) for item in topic.exclude} for topic in material.topics}
    grades: dict[str, dict[str, int]] = defaultdict(dict)
    for qrel in material.qrels:
        item = keys.get(qrel.item, qrel.item)
        if qrel.topic in ranked and item not in excluded[qrel.topic]:
            grades[qrel.topic][item] = max(qrel.relevance, grades[qrel.topic].get(item, qrel.relevance))
    if not grades:
        files = "in both" if material.candidates is None else "in all, candidates included"
        raise EvaluationInvalid(f"no topic is judged by these qrels: the ids of the topics must be the same {files}")
    return grades


def _judged_topics(material: Material, grades: Grades, keys: Keys) -> list[Topic]:
    """The topics at hand, in keys."""
    return [
        replace(
            topic,
            exclude=tuple(keys.get(item, item) for item in topic.exclude),
            candidates=_candidates_of(topic, material.candidates, keys),
        )
        for topic in material.topics
        if topic.id in grades
    ]


def _candidates_of(topic: Topic, candidates: Candidates | None, keys: Keys) -> tuple[str, ...] | None:
    return None if candidates is None else tuple(keys[person] for person in candidates[topic.id] if person in keys)


def _earlier_run(earlier: Run, judged: Sequence[Topic], keys: Keys) -> Run:
    run = rename_items(earlier, lambda item: keys.get(item, item))
    rankings = {
        topic.id: tuple(entry for entry in run.rankings.get(topic.id, ()) if entry.item not in topic.exclude)
        for topic in judged
    }
    return replace(run, rankings={topic: ranking for topic, ranking in rankings.items() if ranking})


def _differences(now: Values, before: Values) -> dict[str, Difference]:
    return {
        measure: compare_topics(list(values.values()), [before[measure][topic] for topic in values])
        for measure, values in now.items()
    }


def _gaps(material: Material, grades: Grades, keys: Keys, run: Run, earlier: Run | None) -> Gaps:
    known = {topic.id for topic in material.topics}
    judged = dict.fromkeys(qrel.topic for qrel in material.qrels)
    candidates = known if material.candidates is None else material.candidates.keys()
    return Gaps(
        unknown_items=tuple(dict.fromkeys(item for item in _named_items(material) if item not in keys)),
        unjudged=tuple(t.id for t in material.topics if t.id not in grades and t.id in candidates),
        without_text=tuple(topic for topic in judged if topic not in known),
        without_candidates=tuple(topic for topic in judged if topic in known and topic not in candidates),
        unanswered=tuple(topic for topic in grades if topic not in run.rankings),
        unanswered_before=tuple(topic for topic in grades if topic not in earlier.rankings) if earlier else (),
    )
