"""The arithmetic of people ranking, over values alone: votes of documents, and what they add up to.

    e     = role · quality · age · community · max(0, relevance - least)^sharpness / authors
    score = sum over the ten best votes of decay^(i-1) · e_i / (sum over i <= min(n, 10) of decay^(i-1))^restraint
            · (1 + activity · what part they had lately in the communities concerned)

with n the person's readable documents (design.md, "Ranking"). Four factors are ours. `sharpness`: how much more a
document that fits well counts than one that hardly does. `community`: a document of the community that the question
concerns speaks louder, because who takes part there is asked more likely. `authors`: a document written by many says
less of each; not where given people are compared for a text. `activity`: who does much of a community's work these
months is the one to ask there; a share of each community's work, so it makes nobody known elsewhere.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from indexer.domain.people import Role
from indexer.store.contributions import Activity, Part, julian_day
from service.settings import ExpertSettings

YEAR = timedelta(days=365.25)
TELLING_DOCUMENTS = 20
TELLING_SHARPNESS = 6
LEAST_ACTIVITY = 1.0  # added to a community's: the only message of a quiet month makes nobody the one to ask
FORGOTTEN_HALF_LIVES = 5


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a document fits a question: the relevance of its best passage, which that is (row id), and the mean
    relevance of its best three, which says whether the document is about it."""

    passage: int
    relevance: float
    about: float


@dataclass(frozen=True, slots=True)
class Vote:
    """A document speaking for a person. `weight` is the product of the other factors, divided by the `authors` that
    share it, and of how far the relevance is above the least that counts."""

    part: Part
    fit: Fit
    role: float
    quality: float
    age: float
    community: float
    authors: int
    weight: float


@dataclass(frozen=True, slots=True)
class Lately:
    """A person's share of a community's (row id) recent work, and how much the question concerns the community."""

    community: int
    share: float
    concern: float

    @property
    def gain(self) -> float:
        return self.share * self.concern


def cast_votes(
    fits: Mapping[int, Fit],
    parts: Sequence[Part],
    concern: Mapping[int, float],
    settings: ExpertSettings,
    now: datetime,
    *,
    shared: bool = True,
) -> dict[str, list[Vote]]:
    """Each person's votes, strongest first: one for each of the fitting documents (by row id), in their best role.
    `shared`: the authors of a document share its vote."""
    votes: dict[tuple[str, int], Vote] = {}
    authors = Counter(document for document, _ in {(p.document, p.person) for p in parts if p.role is Role.AUTHOR})
    for part in parts:
        sharing = authors[part.document] if shared and part.role is Role.AUTHOR else 1
        concerned = 0.0 if part.community is None else concern.get(part.community, 0.0)
        vote = _vote(part, fits[part.document], concerned, sharing, settings, now)
        known = votes.get((part.person, part.document))
        if vote.weight > 0 and (known is None or known.weight < vote.weight):
            votes[part.person, part.document] = vote
    by_person: dict[str, list[Vote]] = defaultdict(list)
    for vote in sorted(votes.values(), key=lambda vote: (-vote.weight, vote.part.document)):
        by_person[vote.part.person].append(vote)
    return dict(by_person)


def concerned_communities(
    fits: Mapping[int, Fit], community_of: Mapping[int, int | None], least: float
) -> dict[int, float]:
    """How much the question concerns each community (row id), adding up to at most 1: its share of the documents that
    are most about it, the better the more."""
    best = sorted(fits, key=lambda document: (-fits[document].about, document))[:TELLING_DOCUMENTS]
    told = {document: max(fits[document].about - least, 0.0) ** TELLING_SHARPNESS for document in best}
    total = sum(told.values()) or 1.0
    concern: dict[int, float] = defaultdict(float)
    for document, weight in told.items():
        # What belongs to no community counts in the total, but says nothing about which one is meant.
        if (community := community_of.get(document)) is not None:
            concern[community] += weight / total
    return dict(concern)


def activity_shares(done: Activity, settings: ExpertSettings, now: datetime) -> dict[int, dict[str, float]]:
    """What share each person had lately in the work of each community (row id), by their best role in each document and
    how long ago that was."""
    if not done.days:
        return {}
    people, person = np.unique(done.people, return_inverse=True)
    communities, community = np.unique(done.communities, return_inverse=True)
    half_life = settings.activity_half_life_years * YEAR / timedelta(days=1)
    roles = {role: _weight(role, settings) for role in set(done.roles)}
    age = julian_day(now) - np.asarray(done.days)
    worth = np.asarray([roles[role] for role in done.roles]) * 2.0 ** (-age / half_life)
    document = np.asarray(done.documents, np.int64)
    order = np.lexsort((-worth, document, person))
    best = order[np.r_[True, (np.diff(person[order]) != 0) | (np.diff(document[order]) != 0)]]
    done_by = np.zeros((len(communities), len(people)))
    np.add.at(done_by, (community[best], person[best]), worth[best])
    shares = done_by / (LEAST_ACTIVITY + done_by.sum(axis=1, keepdims=True))
    return {
        int(found): {str(people[column]): float(row[column]) for column in np.flatnonzero(row)}
        for found, row in zip(communities, shares, strict=True)
    }


def active_lately(concern: Mapping[int, float], activity: Mapping[int, Mapping[str, float]]) -> dict[str, list[Lately]]:
    """By person their part in each of the communities concerned, the largest first."""
    found: dict[str, list[Lately]] = defaultdict(list)
    for community, by_person in activity.items():
        for person, share in by_person.items():
            found[person].append(Lately(community, share, concern.get(community, 0.0)))
    return {person: sorted(parts, key=lambda part: -part.gain) for person, parts in found.items()}


def activity_factor(lately: Iterable[Lately], settings: ExpertSettings) -> float:
    """1 and more, by the person's part in the communities concerned."""
    return 1 + settings.activity_weight * sum(part.gain for part in lately)


def active_since(settings: ExpertSettings, now: datetime) -> datetime:
    """From when on a part in a community's work counts as lately; what was before would weigh next to nothing."""
    return now - FORGOTTEN_HALF_LIVES * settings.activity_half_life_years * YEAR


def score(
    votes: Sequence[Vote], documents: int, lately: Iterable[Lately], settings: ExpertSettings, restraint: float
) -> float:
    """What a person's votes (strongest first) and what they did lately come to; `documents` is how many they had a part
    in at all."""
    restrained = float(sum(shares(votes, settings)) / divisor(documents, settings, restraint))
    return restrained * activity_factor(lately, settings)


def divisor(documents: int, settings: ExpertSettings, restraint: float) -> float:
    """What restrains the prolific: the most that so many votes of weight 1 could add up to, ^restraint."""
    possible = sum(settings.decay**place for place in range(min(max(documents, 1), settings.documents)))
    return float(possible**restraint)


def shares(votes: Sequence[Vote], settings: ExpertSettings) -> list[float]:
    """What each of the counted votes adds to the score before restraint."""
    return [settings.decay**place * vote.weight for place, vote in enumerate(votes[: settings.documents])]


def _vote(part: Part, fit: Fit, concern: float, authors: int, settings: ExpertSettings, now: datetime) -> Vote:
    role = _weight(part.role, settings)
    quality = _quality(part, settings)
    age = _age(part, settings, now)
    community = 1 + settings.community_weight * concern
    above = max(0.0, fit.relevance - settings.least_relevance)
    weight = role * quality * age * community * above**settings.sharpness / authors
    return Vote(part, fit, role, quality, age, community, authors, weight)


def _weight(role: str, settings: ExpertSettings) -> float:
    return float(getattr(settings.roles, role.replace(" ", "_")))


def _quality(part: Part, settings: ExpertSettings) -> float:
    """From 1 to 2 with the likes that readers gave."""
    return 1 + min(part.likes, settings.most_likes) / settings.most_likes


def _age(part: Part, settings: ExpertSettings, now: datetime) -> float:
    """From 1 down to `oldest_share` as time goes by; a part without a date counts as one half-life old."""
    years = settings.half_life_years if part.at is None else max((now - part.at) / YEAR, 0.0)
    return settings.oldest_share + (1 - settings.oldest_share) * float(2 ** (-years / settings.half_life_years))
