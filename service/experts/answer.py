"""The whole answer to a question: passages, people, communities, verdict."""

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from indexer.domain.people import Community
from indexer.home import Home
from indexer.store import people
from service.auth import Viewer, readable_audiences
from service.experts.people import RankedPerson, rank_people
from service.experts.verdict import Verdict, VerdictKind, judge
from service.search import Hit, OpenIndex, Page, Query, Suggestion, load_page, retrieve_passages, with_feedback
from service.settings import ServiceSettings


@dataclass(frozen=True, slots=True)
class CommunityShare:
    """A community concerned by a question, with its share of the relevance of the passages on this page."""

    community: Community
    share: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What every face shows. `names` gives, by slug, the names of the communities that the viewer may know of.
    `did_you_mean` is the question without its typing errors; where it was the one searched for, `searched_too` says so
    in a sentence."""

    query: Query
    verdict: Verdict
    page: Page
    people: tuple[RankedPerson, ...]
    communities: tuple[CommunityShare, ...]
    names: dict[str, str]
    generation: str
    degraded: str | None
    took_ms: int
    did_you_mean: str | None = None
    searched_too: str | None = None


def answer(home: Home, index: OpenIndex, query: Query, viewer: Viewer, settings: ServiceSettings) -> Answer:
    """Answer a question from what the viewer may read. QueryInvalid, IndexOutdated."""
    start = time.perf_counter()
    index.query_vector(query.text)  # before its turn, so that those who wait for theirs are encoded together
    with index.turn, home.database.read() as transaction:
        readable = readable_audiences(transaction, viewer)
        retrieved = retrieve_passages(transaction, index, query, readable, settings.search)
        retrieved = with_feedback(transaction, index, retrieved, readable, settings.feedback)
        page = load_page(transaction, retrieved, readable, settings.search)
        ranked = rank_people(transaction, index.contributed, retrieved, readable, settings.experts)
        verdict = judge(retrieved.strength(), page, ranked, settings.verdict)
        if verdict.kind is VerdictKind.NOBODY:
            ranked = []
        known = {c.slug: c for c in people.communities_by_row(transaction).values() if c.slug in readable.communities}
    return Answer(
        query=query,
        verdict=verdict,
        page=page,
        people=tuple(ranked),
        communities=_shares(page.hits, known),
        names={slug: community.name for slug, community in known.items()},
        generation=retrieved.generation,
        degraded=retrieved.shortcomings,
        took_ms=round((time.perf_counter() - start) * 1000),
        did_you_mean=retrieved.suggestion.text if retrieved.suggestion else None,
        searched_too=_searched_too(retrieved.suggestion),
    )


def _searched_too(suggestion: Suggestion | None) -> str | None:
    if suggestion is None or not suggestion.searched:
        return None
    words = [f"“{meant}”" for _, meant in suggestion.words]
    return f"Searched for {' and '.join(filter(None, (', '.join(words[:-1]), words[-1])))} too."


def _shares(hits: Sequence[Hit], known: dict[str, Community]) -> tuple[CommunityShare, ...]:
    weights: dict[str, float] = defaultdict(float)
    for hit in hits:
        if hit.passage.document.community in known:
            weights[hit.passage.document.community] += hit.relevance
    total = sum(weights.values())
    best = sorted(weights, key=lambda slug: (-weights[slug], slug))
    return tuple(CommunityShare(known[slug], round(weights[slug] / total, 2)) for slug in best)
