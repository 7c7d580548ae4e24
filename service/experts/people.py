"""Ranks people by the documents they had a part in, one vote a document, and keeps the documents as evidence."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from indexer.domain.people import Community, Person, Role
from indexer.store import Transaction, contributions, passages, people
from indexer.store.contributions import Part
from indexer.store.passages import FoundPassage
from service.auth import ReadableAudiences
from service.search import Retrieved
from service.settings import ExpertSettings, RoleWeights

YEAR = timedelta(days=365.25)
STRONG_DOCUMENTS = 3
FAIR_DOCUMENTS = 2
RECENT_YEARS = 3
TELLING_SHARE = 0.1


class Confidence(StrEnum):
    """A band from how many documents speak for a person and how recent they are; never a probability."""

    STRONG = "strong"
    FAIR = "fair"
    SLIGHT = "slight"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A document that speaks for a person. `share` is its part of the person's score before restraint; the shares of
    all their documents add up to 1, of which only the largest are kept."""

    passage: FoundPassage
    role: Role
    at: datetime | None
    message: int | None
    share: float


@dataclass(frozen=True, slots=True)
class RankedPerson:
    """A person with the reasons for their rank. `documents` counts all that the viewer may read and they had a part
    in, `last_active` is the latest date among the evidence."""

    person: Person
    communities: tuple[Community, ...]
    score: float
    confidence: Confidence
    evidence: tuple[Evidence, ...]
    documents: int
    last_active: datetime | None


@dataclass(frozen=True, slots=True)
class _Vote:
    part: Part
    passage: int
    weight: float


def rank_people(
    transaction: Transaction,
    retrieved: Retrieved,
    readable: ReadableAudiences,
    settings: ExpertSettings,
    *,
    word_scale: float,
    now: datetime | None = None,
) -> list[RankedPerson]:
    """The people to ask, best first.

    Score = sum over the ten best votes of decay^(i-1) · e_i / (sum over i <= min(n, 10) of decay^(i-1))^restraint,
    with e = role · quality · age · max(0, relevance - least)^sharpness and n the person's readable documents. After
    design.md, but for `sharpness`: over a home of several fields, ten documents that hardly fit must not outweigh one
    that does.
    """
    votes = _votes(transaction, retrieved, readable, settings, word_scale, now or datetime.now(UTC))
    counts = contributions.count_readable(transaction, votes, readable.ids)
    scores = {person: _score(cast, counts[person], settings) for person, cast in votes.items() if person in counts}
    best = sorted(scores, key=lambda person: (-scores[person], person))[: settings.shown]
    best = [person for person in best if scores[person] >= settings.least_score]
    return _ranked(transaction, best, votes, scores, counts, readable, settings)


def _votes(
    transaction: Transaction,
    retrieved: Retrieved,
    readable: ReadableAudiences,
    settings: ExpertSettings,
    word_scale: float,
    now: datetime,
) -> dict[str, list[_Vote]]:
    """Each person's votes, one a document and its best role, strongest first."""
    relevance = retrieved.relevance(settings.word_weight, word_scale)
    best = retrieved.best_of_documents(relevance)
    best = best[relevance[best] > settings.least_relevance]
    documents = {int(retrieved.candidates.documents[p]): p for p in best}
    votes: dict[tuple[str, int], _Vote] = {}
    for part in contributions.parts_in(transaction, documents, readable.ids):
        position = documents[part.document]
        above = float(relevance[position]) - settings.least_relevance
        weight = _role_weight(part.role, settings.roles) * _quality(part, settings) * _age_factor(part, settings, now)
        vote = _Vote(part, int(retrieved.candidates.passages[position]), weight * above**settings.sharpness)
        key = part.person, part.document
        if key not in votes or votes[key].weight < vote.weight:
            votes[key] = vote
    by_person: dict[str, list[_Vote]] = defaultdict(list)
    for vote in sorted(votes.values(), key=lambda vote: (-vote.weight, vote.part.document)):
        by_person[vote.part.person].append(vote)
    return by_person


def _role_weight(role: Role, roles: RoleWeights) -> float:
    return float(getattr(roles, role.replace(" ", "_")))


def _quality(part: Part, settings: ExpertSettings) -> float:
    """From 1 to 2 with the likes that readers gave."""
    return 1 + min(part.likes, settings.most_likes) / settings.most_likes


def _age_factor(part: Part, settings: ExpertSettings, now: datetime) -> float:
    """Oldest + (1 - oldest) · 2^(-age / half-life); a part without a date counts as one half-life old."""
    years = settings.half_life_years if part.at is None else max((now - part.at) / YEAR, 0.0)
    return settings.oldest_share + (1 - settings.oldest_share) * float(2 ** (-years / settings.half_life_years))


def _score(votes: Sequence[_Vote], documents: int, settings: ExpertSettings) -> float:
    gained = sum(settings.decay**place * vote.weight for place, vote in enumerate(votes[: settings.documents]))
    possible = sum(settings.decay**place for place in range(min(max(documents, 1), settings.documents)))
    return float(gained / possible**settings.restraint)


def _ranked(
    transaction: Transaction,
    best: Sequence[str],
    votes: dict[str, list[_Vote]],
    scores: dict[str, float],
    counts: dict[str, int],
    readable: ReadableAudiences,
    settings: ExpertSettings,
) -> list[RankedPerson]:
    found = people.find_people(transaction, best)
    communities = _communities(transaction, best, readable)
    wanted = [vote.passage for person in best for vote in votes[person][: settings.evidence]]
    stored = passages.find_passages(transaction, wanted)
    ranked = []
    for person in best:
        evidence = tuple(_evidence(votes[person], stored, settings))
        if person in found and evidence:
            ranked.append(
                RankedPerson(
                    found[person],
                    communities.get(person, ()),
                    round(scores[person], 4),
                    _confidence(evidence, datetime.now(UTC)),
                    evidence,
                    counts[person],
                    max((entry.at for entry in evidence if entry.at), default=None),
                )
            )
    return ranked


def _communities(
    transaction: Transaction, best: Iterable[str], readable: ReadableAudiences
) -> dict[str, tuple[Community, ...]]:
    found: dict[str, list[Community]] = defaultdict(list)
    for taking_part in people.participations(transaction, readable.ids, people_ids=best):
        if taking_part.community.slug in readable.communities:
            found[taking_part.person.id].append(taking_part.community)
    return {person: tuple(communities) for person, communities in found.items()}


def _evidence(votes: Sequence[_Vote], stored: dict[int, FoundPassage], settings: ExpertSettings) -> Iterable[Evidence]:
    counted = votes[: settings.documents]
    total = sum(settings.decay**place * vote.weight for place, vote in enumerate(counted))
    for place, vote in enumerate(counted[: settings.evidence]):
        if vote.passage in stored and total > 0:
            share = settings.decay**place * vote.weight / total
            yield Evidence(stored[vote.passage], vote.part.role, vote.part.at, vote.part.message, round(share, 4))


def _confidence(evidence: Sequence[Evidence], now: datetime) -> Confidence:
    telling = [entry for entry in evidence if entry.share >= TELLING_SHARE]
    recent = any(entry.at and now - entry.at < RECENT_YEARS * YEAR for entry in telling)
    if len(telling) >= STRONG_DOCUMENTS and recent:
        return Confidence.STRONG
    return Confidence.FAIR if len(telling) >= FAIR_DOCUMENTS else Confidence.SLIGHT
