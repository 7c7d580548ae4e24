"""Ranks people for a topic as the answer to its text would, as if what the topic excludes had never been written."""

from indexer.store import Transaction, documents
from service.auth import ReadableAudiences
from service.contributed import Contributed
from service.evaluation.runs import RankedItem
from service.evaluation.topics import Topic
from service.experts import rank_people
from service.search import Retrieved
from service.settings import ExpertSettings


def rank_people_of(
    transaction: Transaction,
    contributed: Contributed,
    retrieved: Retrieved,
    topic: Topic,
    limit: int,
    readable: ReadableAudiences,
    settings: ExpertSettings,
) -> list[RankedItem]:
    """The people of a topic, best first: its candidates, all of them, where it has some, else everybody whom its text
    finds, at least `limit` where there are so many. Also those who do not want to be found: the ranking is measured,
    whoever may hide from its results."""
    absent = documents.find_all_readable(transaction, topic.exclude, readable.ids).values()
    # All that can be ranked, so that a person who is just under the threshold of the page counts, too.
    wide = settings.model_copy(update={"shown": limit + len(topic.exclude), "least_score": 0.0, "least_fit": 0.0})
    found = rank_people(
        transaction,
        contributed,
        retrieved,
        readable,
        wide,
        shortlist=topic.candidates,
        absent={document.id for document in absent},
        everybody=True,
    )
    return [RankedItem(entry.person.id, entry.score) for entry in found]
