"""Who will give the accepted answer in a forum, asked in the order of time."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from indexer.contributed import Parts, microseconds
from indexer.domain.content import Document
from indexer.store import contributions, documents, passages
from scripts.benches.common import DATA, Bench
from scripts.benches.quality.homes import Asked, indexed
from scripts.benches.quality.measures import by_score, reciprocal_rank
from service.experts.activity import active_since, best_parts, shares_of
from service.experts.people import fits_of
from service.experts.votes import cast_votes, concerned_communities, divisors
from service.search import Retrieved
from service.settings import ExpertSettings

SET = "urho3d-forum"
HALF_LIFE = timedelta(days=180)


@dataclass(frozen=True)
class Thread:
    document: int
    asked: datetime
    question: str
    asker: str
    solver: str | None


@dataclass(frozen=True)
class Forum:
    """The forum as it grew: when each passage was complete, everybody's parts, when each message was written, and when
    each person first wrote in each of their threads (ascending)."""

    threads: list[Thread]
    complete: dict[int, datetime]
    parts: dict[int, list[contributions.Part]]
    posts: dict[str, list[datetime]]
    joined: dict[str, list[datetime]]

    def lately(self, since: datetime, until: datetime) -> Iterator[contributions.Part]:
        """Everybody's parts of that time."""
        for parts in self.parts.values():
            yield from (part for part in parts if part.at and since <= part.at < until)


def measure(bench: Bench) -> None:
    source = {"name": "urho3d", "kind": "forum", "path": str(DATA / SET / "topics-2014-2018.tar.xz")}
    with indexed(SET, [source]) as asked:
        forum = read_forum(asked)
        figures, most, recent = [], [], []
        for thread in forum.threads:
            if thread.solver is not None:
                figures.append(reciprocal_rank(_rank(asked, forum, thread), {thread.solver}))
                most.append(reciprocal_rank(_most_posts(forum, thread, None), {thread.solver}))
                recent.append(reciprocal_rank(_most_posts(forum, thread, HALF_LIFE), {thread.solver}))
    bench.note("urho3d topics asked", len(figures))
    bench.note("urho3d floor, most posts: MRR", round(float(np.mean(most)), 4))
    bench.note("urho3d floor, posts with a half-life of 180 days: MRR", round(float(np.mean(recent)), 4))
    first = round(float(np.mean(figures)), 4)
    bench.bar("urho3d MRR of the accepted answerer", first, "at least .34", first >= 0.34)


def read_forum(asked: Asked) -> Forum:
    threads = []
    complete: dict[int, datetime] = {}
    parts: dict[int, list[contributions.Part]] = {}
    posts: dict[str, list[datetime]] = defaultdict(list)
    joined: dict[str, list[datetime]] = defaultdict(list)
    by_document = _passages(asked)
    for document in documents.list_documents(asked.transaction, asked.readable.ids, limit=100_000):
        messages = contributions.message_authors(asked.transaction, document.id, asked.readable.ids)
        parts[document.id] = contributions.parts_in(asked.transaction, [document.id], asked.readable.ids)
        first: dict[str, datetime] = {}
        for message in messages:
            if message.person and message.at:
                posts[message.person].append(message.at)
                first.setdefault(message.person, message.at)
        for person, at in first.items():
            joined[person].append(at)
        written = {message.number: message.at for message in messages if message.at}
        complete |= _completed(by_document[document.id], written)
        threads.append(_thread(asked, document, messages))
    return Forum(threads, complete, parts, _sorted(posts), _sorted(joined))


def _passages(asked: Asked) -> dict[int, list[passages.FoundPassage]]:
    by_document = defaultdict(list)
    ids = passages.passage_ids(asked.transaction)
    for start in range(0, len(ids), 5_000):
        for passage in passages.find_passages(asked.transaction, ids[start : start + 5_000]).values():
            by_document[passage.document.id].append(passage)
    return {row: sorted(found, key=lambda passage: passage.ordinal) for row, found in by_document.items()}


def _sorted(moments: dict[str, list[datetime]]) -> dict[str, list[datetime]]:
    return {person: sorted(found) for person, found in moments.items()}


def _completed(found: list[passages.FoundPassage], written: dict[int, datetime]) -> dict[int, datetime]:
    """When the last message that may be in each passage was written: that with which the next passage begins."""
    ends = [passage.locator.message or 1 for passage in found[1:]] + [max(written)]
    return {passage.id: written[end] for passage, end in zip(found, ends, strict=True)}


def _thread(asked: Asked, document: Document, messages: list[contributions.MessageAuthor]) -> Thread:
    blocks = documents.read_blocks(asked.transaction, document.id)
    first = messages[0]
    question = " ".join([document.title, *(block.text for block in blocks if block.message == first.number)])
    accepted = next((message for message in messages if message.accepted), None)
    solver = accepted.person if accepted and accepted.person != first.person else None
    if first.at is None:
        raise SystemExit(f"{document.uri} has no date")
    return Thread(document.id, first.at, question, first.person or "", solver)


def _rank(asked: Asked, forum: Forum, thread: Thread) -> list[str]:
    """As ranking people does, over what had been written when the question was asked."""
    now, experts = thread.asked, asked.settings.experts
    retrieved = _before(asked.everything(thread.question), forum, now, asked.settings.search.candidates)
    fits = fits_of(retrieved, experts, experts.expansion)
    ids = fits.documents.tolist()
    parts = Parts.of(ids, [part for document in ids for part in forum.parts[document] if part.at and part.at < now])
    communities = np.zeros(len(ids), np.int64)
    communities[parts.places] = parts.communities
    concern = concerned_communities(fits, communities, experts.least_relevance)
    gains = _gains(forum, concern, experts, now)
    voters, totals = cast_votes(fits, parts, concern, experts, now).totals(experts)
    names = [parts.ids[voter] for voter in voters.tolist()]
    joined = np.asarray([bisect_left(forum.joined[name], now) for name in names], np.int64)
    activity = 1 + experts.activity_weight * np.asarray([gains.get(name, 0.0) for name in names])
    values = totals / divisors(joined, experts, experts.restraint) * activity
    return by_score({name: value for name, value in zip(names, values.tolist(), strict=True) if name != thread.asker})


def _gains(forum: Forum, concern: dict[int, float], experts: ExpertSettings, now: datetime) -> dict[str, float]:
    """What everybody gains by what they did lately."""
    done = [part for part in forum.lately(active_since(experts, now), now) if part.community in concern]
    parts = Parts.of(list(dict.fromkeys(part.document for part in done)), done)
    first, worth = best_parts(parts.documents, parts.people, parts.roles, parts.moments, microseconds(now), experts)
    gains = shares_of(parts.people[first], parts.communities[first], worth, concern).gains(len(parts.ids))
    return dict(zip(parts.ids, gains.tolist(), strict=True))


def _before(retrieved: Retrieved, forum: Forum, now: datetime, per_list: int) -> Retrieved:
    """The best of each list among the passages that were complete by then."""
    found = retrieved.candidates
    early = np.asarray([forum.complete[int(passage)] < now for passage in found.passages], bool)
    chosen = np.zeros(len(early), bool)
    for values in (found.cosines, found.lexical):
        order = np.argsort(-np.where(early, values, -np.inf), kind="stable")[:per_list]
        chosen[order] = True
    return retrieved.only(chosen & early)


def _most_posts(forum: Forum, thread: Thread, half_life: timedelta | None) -> list[str]:
    counts: Counter[str] = Counter()
    weights: dict[str, float] = {}
    for person, written in forum.posts.items():
        early = written[: bisect_left(written, thread.asked)]
        counts[person] = len(early)
        weights[person] = sum(2 ** (-(thread.asked - at) / half_life) for at in early) if half_life else len(early)
    return by_score({person: weight for person, weight in weights.items() if counts[person] and person != thread.asker})
