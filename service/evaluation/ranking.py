"""Ranks topics with the code that answers questions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from indexer.domain.errors import EvaluationInvalid, QueryInvalid
from indexer.domain.progress import Progress, ReportProgress
from indexer.store import Transaction
from service.auth import ReadableAudiences
from service.contributed import Contributed
from service.evaluation.people import rank_people_of
from service.evaluation.runs import RankedItem, Ranking, Run
from service.evaluation.topics import Topic
from service.search import (
    OpenIndex,
    Query,
    Retrieved,
    parse_query,
    parse_text,
    rank_documents,
    retrieve_passages,
    with_feedback,
)
from service.settings import ServiceSettings


@dataclass(frozen=True, slots=True)
class Task:
    """What is ranked: people, documents or passages; how many for a topic; and in which communities (slugs)."""

    people: bool = False
    passages: bool = False
    limit: int = 100
    communities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ranked:
    """A run over keys, tagged by the generation; `degraded` says what the search had to do without."""

    run: Run
    degraded: str | None


def rank_topics(
    transaction: Transaction,
    index: OpenIndex,
    topics: Sequence[Topic],
    task: Task,
    readable: ReadableAudiences,
    settings: ServiceSettings,
    report: ReportProgress,
) -> Ranked:
    """Rank items (keys, also in `exclude`) for each topic as the answer to its text would.

    EvaluationInvalid names a topic that is no question, and says so where the index changes on the way.
    """
    rankings: dict[str, Ranking] = {}
    generation, degraded = "", None
    for done, topic in enumerate(topics):
        report(Progress("rank", done, len(topics), "topics", topic.id))
        retrieved = retrieve_passages(transaction, index, _query(topic, task), readable, settings.search)
        if generation not in ("", retrieved.generation):
            raise EvaluationInvalid("the index was published anew while topics were ranked: evaluate again")
        retrieved = with_feedback(transaction, index, retrieved, readable, settings.feedback)
        generation, degraded = retrieved.generation, retrieved.shortcomings
        ranked = _rank(transaction, index.contributed, retrieved, topic, task, readable, settings)
        if ranking := tuple(entry for entry in ranked if entry.item not in topic.exclude)[: task.limit]:
            rankings[topic.id] = ranking
    report(Progress("rank", len(topics), len(topics), "topics"))
    return Ranked(Run(generation, rankings), degraded)


def _query(topic: Topic, task: Task) -> Query:
    try:
        if topic.candidates is not None:
            query = replace(parse_text(topic.text), people=frozenset(topic.candidates))
            return replace(query, communities=frozenset(task.communities))
        return parse_query(topic.text, communities=task.communities)
    except QueryInvalid as error:
        raise EvaluationInvalid(f"the topic {topic.id}: {error}") from error


def _rank(
    transaction: Transaction,
    contributed: Contributed,
    retrieved: Retrieved,
    topic: Topic,
    task: Task,
    readable: ReadableAudiences,
    settings: ServiceSettings,
) -> list[RankedItem]:
    if task.people:
        return rank_people_of(transaction, contributed, retrieved, topic, task.limit, readable, settings.experts)
    ranked = [
        RankedItem(
            entry.passage.public_id if task.passages else entry.passage.document_id,
            entry.relevance,
        )
        for entry in rank_documents(transaction, retrieved, readable, settings.search)
    ]
    # Equals in order of key, not of row: the order is the same after the home is rebuilt.
    return sorted(ranked, key=lambda entry: (-entry.score, entry.item))
