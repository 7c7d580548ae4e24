"""The arithmetic of people ranking, over values alone: votes of documents, and what they add up to.

    e     = role · quality · age · max(0, relevance - least)^sharpness
    score = sum over the ten best votes of decay^(i-1) · e_i / (sum over i <= min(n, 10) of decay^(i-1))^restraint

with n the person's readable documents (design.md, "Ranking"). `sharpness` is ours: over a home of several fields, ten
documents that hardly fit must not outweigh one that does.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from indexer.store.contributions import Part
from service.settings import ExpertSettings

YEAR = timedelta(days=365.25)


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
    weight: float


def cast_votes(
    fits: Mapping[int, Fit], parts: Iterable[Part], settings: ExpertSettings, now: datetime
) -> dict[str, list[Vote]]:
    """Each person's votes, strongest first: one for each of the fitting documents (by row id), in their best role."""
    votes: dict[tuple[str, int], Vote] = {}
    for part in parts:
        vote = _vote(part, fits[part.document], settings, now)
        known = votes.get((part.person, part.document))
        if vote.weight > 0 and (known is None or known.weight < vote.weight):
            votes[part.person, part.document] = vote
    by_person: dict[str, list[Vote]] = defaultdict(list)
    for vote in sorted(votes.values(), key=lambda vote: (-vote.weight, vote.part.document)):
        by_person[vote.part.person].append(vote)
    return dict(by_person)


def score(votes: Sequence[Vote], documents: int, settings: ExpertSettings, restraint: float) -> float:
    """What a person's votes (strongest first) add up to; `documents` is how many they had a part in at all."""
    gained = sum(shares(votes, settings))
    possible = sum(settings.decay**place for place in range(min(max(documents, 1), settings.documents)))
    return float(gained / possible**restraint)


def shares(votes: Sequence[Vote], settings: ExpertSettings) -> list[float]:
    """What each of the counted votes adds to the score before restraint."""
    return [settings.decay**place * vote.weight for place, vote in enumerate(votes[: settings.documents])]


def _vote(part: Part, fit: Fit, settings: ExpertSettings, now: datetime) -> Vote:
    role = float(getattr(settings.roles, part.role.replace(" ", "_")))
    quality = _quality(part, settings)
    age = _age(part, settings, now)
    above = max(0.0, fit.relevance - settings.least_relevance)
    return Vote(part, fit, role, quality, age, role * quality * age * above**settings.sharpness)


def _quality(part: Part, settings: ExpertSettings) -> float:
    """From 1 to 2 with the likes that readers gave."""
    return 1 + min(part.likes, settings.most_likes) / settings.most_likes


def _age(part: Part, settings: ExpertSettings, now: datetime) -> float:
    """From 1 down to `oldest_share` as time goes by; a part without a date counts as one half-life old."""
    years = settings.half_life_years if part.at is None else max((now - part.at) / YEAR, 0.0)
    return settings.oldest_share + (1 - settings.oldest_share) * float(2 ** (-years / settings.half_life_years))
