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

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from indexer.contributed import MICROSECOND, Parts, first_of_runs, microseconds
from indexer.domain.people import Role
from indexer.store.contributions import Part
from indexer.store.parts import NEVER, ROLES
from service.settings import ExpertSettings

YEAR = timedelta(days=365.25)
TELLING_DOCUMENTS = 20
TELLING_SHARPNESS = 6
AUTHOR = ROLES.index(Role.AUTHOR)


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a document fits a question: the relevance of its best passage, which that is (row id), and the mean
    relevance of its best three, which says whether the document is about it."""

    passage: int
    relevance: float
    about: float


@dataclass(frozen=True, slots=True)
class Fits:
    """The fits of documents (row ids), one a place in each column, the best first."""

    documents: NDArray[np.int64]
    passages: NDArray[np.int64]
    relevance: NDArray[np.float64]
    about: NDArray[np.float64]

    @classmethod
    def of(cls, fits: Mapping[int, Fit]) -> "Fits":
        """Those of single documents (row ids)."""
        told = list(fits.values())
        return cls(
            np.asarray(list(fits), np.int64),
            np.asarray([fit.passage for fit in told], np.int64),
            np.asarray([fit.relevance for fit in told], np.float64),
            np.asarray([fit.about for fit in told], np.float64),
        )

    def fit(self, place: int) -> Fit:
        """One of them by itself."""
        return Fit(int(self.passages[place]), float(self.relevance[place]), float(self.about[place]))


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
class Votes:
    """Everybody's votes, those of one person together, strongest first. `rows` says which of the `parts` each is;
    `people` are numbers as the parts have them, ascending. The other columns are a vote's factors."""

    parts: Parts
    fits: Fits
    rows: NDArray[np.int64]
    people: NDArray[np.int64]
    role: NDArray[np.float64]
    quality: NDArray[np.float64]
    age: NDArray[np.float64]
    community: NDArray[np.float64]
    authors: NDArray[np.int64]
    weight: NDArray[np.float64]

    @property
    def relevance(self) -> NDArray[np.float64]:
        """That of each vote's document."""
        return self.fits.relevance[self.parts.places[self.rows]]

    def rows_of(self, person: int) -> range:
        """Which of the votes are a person's."""
        return range(*np.searchsorted(self.people, [person, person + 1]).tolist())

    def of(self, person: int, most: int) -> list[Vote]:
        """So many of a person's votes, the strongest first."""
        return [self._vote(row) for row in self.rows_of(person)[:most]]

    def where(self, kept: NDArray[np.bool_]) -> "Votes":
        """Those that the mask keeps."""
        return self.at(np.flatnonzero(kept))

    def at(self, places: NDArray[np.int64]) -> "Votes":
        """Those at these places."""
        return Votes(
            self.parts,
            self.fits,
            self.rows[places],
            self.people[places],
            self.role[places],
            self.quality[places],
            self.age[places],
            self.community[places],
            self.authors[places],
            self.weight[places],
        )

    def voters(self) -> NDArray[np.int64]:
        """Everybody who has a vote (numbers, ascending)."""
        return self.people[first_of_runs(self.people)]

    def best(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Everybody who has a vote, with the relevance of their document that fits best."""
        starts = first_of_runs(self.people)
        relevance = np.maximum.reduceat(self.relevance, starts) if len(starts) else np.zeros(0)
        return self.people[starts], relevance

    def totals(self, settings: ExpertSettings) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Everybody who has a vote, with what their votes add up to before restraint."""
        starts = first_of_runs(self.people)
        sizes = np.diff(np.append(starts, len(self.people)))
        ranks = np.arange(len(self.people)) - np.repeat(starts, sizes)
        gains = np.where(ranks < settings.documents, settings.decay ** ranks.astype(np.float64) * self.weight, 0.0)
        owners = np.repeat(np.arange(len(starts)), sizes)
        return self.people[starts], np.bincount(owners, gains, len(starts)).astype(np.float64)

    def _vote(self, row: int) -> Vote:
        part = int(self.rows[row])
        return Vote(
            self.parts.part(part),
            self.fits.fit(int(self.parts.places[part])),
            float(self.role[row]),
            float(self.quality[row]),
            float(self.age[row]),
            float(self.community[row]),
            int(self.authors[row]),
            float(self.weight[row]),
        )


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
    fits: Fits,
    parts: Parts,
    concern: Mapping[int, float],
    settings: ExpertSettings,
    now: datetime,
    *,
    shared: bool = True,
) -> Votes:
    """Everybody's votes: one for each of the fitting documents, of which `parts` says who had which, in their best
    role. `shared`: the authors of a document share its vote."""
    role = role_weights(settings)[parts.roles]
    quality = 1 + np.minimum(parts.likes, settings.most_likes) / settings.most_likes
    age = _age(parts.moments, settings, now)
    community = 1 + settings.community_weight * by_community(concern, parts.communities)
    authors = _authors(parts) if shared else np.ones(len(parts), np.int64)
    above = np.maximum(0.0, fits.relevance - settings.least_relevance) ** settings.sharpness
    weight = role * quality * age * community * above[parts.places] / authors
    best = _best_of_runs(weight, first_of_runs(parts.places, parts.people))
    best = best[weight[best] > 0]
    rows = best[_strongest_first(parts.people[best], weight[best], parts.documents[best])]
    everything = np.arange(len(parts))
    return Votes(parts, fits, everything, parts.people, role, quality, age, community, authors, weight).at(rows)


def concerned_communities(fits: Fits, communities: NDArray[np.int64], least: float) -> dict[int, float]:
    """How much the question concerns each community (row id), adding up to at most 1: its share of the documents that
    are most about it, the better the more. `communities` are those of the documents, 0 for none."""
    best = np.lexsort((fits.documents, -fits.about))[:TELLING_DOCUMENTS]
    told = np.maximum(fits.about[best] - least, 0.0) ** TELLING_SHARPNESS
    total = float(told.sum()) or 1.0
    concern: dict[int, float] = {}
    for community, weight in zip(communities[best].tolist(), told.tolist(), strict=True):
        # What belongs to no community counts in the total, but says nothing about which one is meant.
        if community:
            concern[community] = concern.get(community, 0.0) + weight / total
    return concern


def activity_factor(lately: Iterable[Lately], settings: ExpertSettings) -> float:
    """1 and more, by the person's part in the communities concerned."""
    return 1 + settings.activity_weight * sum(part.gain for part in lately)


def divisor(documents: int, settings: ExpertSettings, restraint: float) -> float:
    """What restrains the prolific: the most that so many votes of weight 1 could add up to, ^restraint."""
    possible = sum(settings.decay**place for place in range(min(max(documents, 1), settings.documents)))
    return float(possible**restraint)


def divisors(documents: NDArray[np.int64], settings: ExpertSettings, restraint: float) -> NDArray[np.float64]:
    """The divisor for each number of documents."""
    known = np.asarray([divisor(number, settings, restraint) for number in range(settings.documents + 1)])
    return np.asarray(known[np.minimum(documents, settings.documents)], np.float64)


def shares(votes: Sequence[Vote], settings: ExpertSettings) -> list[float]:
    """What each of the counted votes adds to the score before restraint."""
    return [settings.decay**place * vote.weight for place, vote in enumerate(votes[: settings.documents])]


def role_weights(settings: ExpertSettings) -> NDArray[np.float64]:
    """What each of ROLES counts."""
    return np.asarray([getattr(settings.roles, role.replace(" ", "_")) for role in ROLES], np.float64)


def _best_of_runs(weight: NDArray[np.float64], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where the greatest weight of each run stands, the first of equals."""
    if not len(starts):
        return starts
    runs = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(weight))))
    greatest = np.flatnonzero(weight == np.maximum.reduceat(weight, starts)[runs])
    return greatest[first_of_runs(runs[greatest])]


def _strongest_first(
    people: NDArray[np.int64], weight: NDArray[np.float64], documents: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The order by person, then weight, of equals by document. Sorting by one number takes a fifth of the time of
    sorting by three, and a person hardly ever has equals."""
    by_weight = np.argsort(-weight)
    strongest = weight[by_weight]
    ranks = np.empty(len(weight), np.int64)
    ranks[by_weight] = np.cumsum(np.append(False, strongest[1:] != strongest[:-1])[: len(weight)])
    keys = people * len(people) + ranks
    order = np.argsort(keys)
    if len(first_of_runs(keys[order])) < len(keys):
        return np.lexsort((documents, keys))
    return order


def _authors(parts: Parts) -> NDArray[np.int64]:
    """By how many each part is shared."""
    written = np.flatnonzero(parts.roles == AUTHOR)
    distinct = written[first_of_runs(parts.places[written], parts.people[written])]
    number = np.bincount(parts.places[distinct], minlength=int(parts.places.max(initial=0)) + 1)
    return np.where(parts.roles == AUTHOR, number[parts.places], 1)


def by_community(concern: Mapping[int, float], communities: NDArray[np.int64]) -> NDArray[np.float64]:
    """How much the question concerns each of the communities (row ids; 0 for none)."""
    told = np.zeros(max(int(communities.max(initial=0)), *concern, 0) + 1)
    told[list(concern)] = list(concern.values())
    return told[communities]


def _age(moments: NDArray[np.int64], settings: ExpertSettings, now: datetime) -> NDArray[np.float64]:
    """From 1 down to `oldest_share` as time goes by; a part without a date counts as one half-life old."""
    passed = np.maximum(microseconds(now) - np.where(moments == NEVER, 0, moments), 0)
    years = np.where(moments == NEVER, settings.half_life_years, passed / (YEAR / MICROSECOND))
    share = settings.oldest_share
    return np.asarray(share + (1 - share) * np.exp2(-years / settings.half_life_years), np.float64)
