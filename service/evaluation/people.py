"""Ranks people for a topic as the answer to its text would, as if what the topic excludes had never been written."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import fields, replace

import numpy as np

from indexer.index import Candidates
from indexer.store import Transaction, contributions, documents
from service.auth import ReadableAudiences
from service.evaluation.runs import RankedItem
from service.evaluation.topics import Topic
from service.experts import RankedPerson, rank_people
from service.experts.votes import divisor
from service.search import Retrieved
from service.settings import ExpertSettings

MAY_RISE = 100  # people whom an excluded document of theirs held below those that are shown


def rank_people_of(
    transaction: Transaction,
    retrieved: Retrieved,
    topic: Topic,
    limit: int,
    readable: ReadableAudiences,
    settings: ExpertSettings,
) -> list[RankedItem]:
    """The people of a topic, best first: its candidates, all of them, where it has some, else everybody whom its text
    finds, at least `limit` where there are so many."""
    absent = documents.find_all_readable(transaction, topic.exclude, readable.ids).values()
    rows = {document.id for document in absent}
    left = replace(retrieved, candidates=_without(retrieved.candidates, rows)) if rows else retrieved
    # All that can be ranked, so that a person who is just under the threshold of the page counts, too.
    shown = limit + len(topic.exclude) + (MAY_RISE if rows else 0)
    wide = settings.model_copy(update={"shown": shown, "least_score": 0.0})
    found = rank_people(transaction, left, readable, wide, shortlist=topic.candidates)
    restraint = settings.restraint if topic.candidates is None else settings.shortlist_restraint
    parts = _parts_in(transaction, rows, readable)
    scores = {
        entry.person.id: _score_without(entry, parts.get(entry.person.id, 0), settings, restraint) for entry in found
    }
    # Equals in order of id, as people are ranked.
    return [
        RankedItem(person, scores[person]) for person in sorted(scores, key=lambda person: (-scores[person], person))
    ]


def _without(found: Candidates, rows: Collection[int]) -> Candidates:
    """The candidates without the passages of these documents."""
    keep = ~np.isin(found.documents, list(rows))
    columns = (column.name for column in fields(found) if column.name != "exact")
    return replace(found, **{name: getattr(found, name)[keep] for name in columns})


def _parts_in(transaction: Transaction, rows: Collection[int], readable: ReadableAudiences) -> Mapping[str, int]:
    """In how many of these documents each person had a part."""
    if not rows:
        return {}
    theirs: dict[str, set[int]] = defaultdict(set)
    for part in contributions.parts_in(transaction, rows, readable.ids):
        theirs[part.person].add(part.document)
    return {person: len(documents_of) for person, documents_of in theirs.items()}


def _score_without(entry: RankedPerson, absent: int, settings: ExpertSettings, restraint: float) -> float:
    """The score with a restraint for so many documents less; these gave no votes already."""
    return entry.score * entry.reasons.divisor / divisor(entry.reasons.documents - absent, settings, restraint)
