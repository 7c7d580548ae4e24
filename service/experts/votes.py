"""The arithmetic of people ranking, over values alone: votes of documents, and what they add up to.

    e     = role · quality · age · community · max(0, relevance - least)^sharpness
    score = sum over the ten best votes of decay^(i-1) · e_i / (sum over i <= min(n, 10) of decay^(i-1))^restraint

with n the person's readable documents (design.md, "Ranking"). Two factors are ours. `sharpness`: over a home of several
fields, ten documents that hardly fit must not outweigh one that does. `community`: a document of the community that
the question concerns speaks louder, because who takes part there is asked more likely.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from indexer.store.contributions import Part
from service.settings import ExpertSettings

YEAR = timedelta(days=365.25)
TELLING_DOCUMENTS = 10
TELLING_SHARPNESS = 4


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a document fits a question: the relevance of its best passage, and which that is (row id)."""

    passage: int
    relevance: float


@dataclass(frozen=True, slots=True)
class Vote:
    """A document speaking for a person. `weight` is the product of the other factors and of how far the relevance is
    above the least that counts."""

    part: Part
    fit: Fit
    role: float
    quality: float
    age: float
    community: float
    weight: float


def cast_votes(
    fits: Mapping[int, Fit], parts: Iterable[Part], settings: ExpertSettings, now: datetime
) -> dict[str, list[Vote]]:
    """Each person's votes, strongest first: one for each of the fitting documents (by row id), in their best role."""
    votes: dict[tuple[str, int], Vote] = {}
    cast = list(parts)
    concern = concerned_communities(fits, {part.document: part.community for part in cast}, settings.least_relevance)
    for part in cast:
        vote = _vote(part, fits[part.document], concern.get(part.community, 0.0), settings, now)
        known = votes.get((part.person, part.document))
        if vote.weight > 0 and (known is None or known.weight < vote.weight):
            votes[part.person, part.document] = vote
    by_person: dict[str, list[Vote]] = defaultdict(list)
    for vote in sorted(votes.values(), key=lambda vote: (-vote.weight, vote.part.document)):
        by_person[vote.part.person].append(vote)
    return dict(by_person)


def concerned_communities(
    fits: Mapping[int, Fit], community_of: Mapping[int, int | None], least: float
) -> dict[int | None, float]:
    """How much the question concerns each community (row id), adding up to at most 1: its share of the documents that
    fit best, the better the more."""
    best = sorted(fits, key=lambda document: (-fits[document].relevance, document))[:TELLING_DOCUMENTS]
    told = {document: (fits[document].relevance - least) ** TELLING_SHARPNESS for document in best}
    total = sum(told.values()) or 1.0
    concern: dict[int | None, float] = defaultdict(float)
    for document, weight in told.items():
        concern[community_of.get(document)] += weight / total
    concern.pop(None, None)  # what belongs to no community says nothing about which one is meant
    return dict(concern)


def score(votes: Sequence[Vote], documents: int, settings: ExpertSettings, restraint: float) -> float:
    """What a person's votes (strongest first) add up to; `documents` is how many they had a part in at all."""
    return float(sum(shares(votes, settings)) / divisor(documents, settings, restraint))


def divisor(documents: int, settings: ExpertSettings, restraint: float) -> float:
    """What restrains the prolific: the most that so many votes of weight 1 could add up to, ^restraint."""
    possible = sum(settings.decay**place for place in range(min(max(documents, 1), settings.documents)))
    return float(possible**restraint)


def shares(votes: Sequence[Vote], settings: ExpertSettings) -> list[float]:
    """What each of the counted votes adds to the score before restraint."""
    return [settings.decay**place * vote.weight for place, vote in enumerate(votes[: settings.documents])]


def _vote(part: Part, fit: Fit, concern: float, settings: ExpertSettings, now: datetime) -> Vote:
    role = float(getattr(settings.roles, part.role.replace(" ", "_")))
    quality = _quality(part, settings)
    age = _age(part, settings, now)
    community = 1 + settings.community_weight * concern
    above = max(0.0, fit.relevance - settings.least_relevance)
    weight = role * quality * age * community * above**settings.sharpness
    return Vote(part, fit, role, quality, age, community, weight)


def _quality(part: Part, settings: ExpertSettings) -> float:
    """From 1 to 2 with the likes that readers gave."""
    return 1 + min(part.likes, settings.most_likes) / settings.most_likes


def _age(part: Part, settings: ExpertSettings, now: datetime) -> float:
    """From 1 down to `oldest_share` as time goes by; a part without a date counts as one half-life old."""
    years = settings.half_life_years if part.at is None else max((now - part.at) / YEAR, 0.0)
    return settings.oldest_share + (1 - settings.oldest_share) * float(2 ** (-years / settings.half_life_years))
