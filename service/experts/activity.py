"""Who does how much of the communities' work these months.

    worth = sum over documents of the best of role · 2^(-age/half-life) over a person's parts in the document
    share = worth / (1 + the worth of all that was done in the community)

of what was done in the last five half-lives.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.auth import ReadableAudiences
from service.contributed import MICROSECOND, Columns, first_of_runs, microseconds
from service.experts.votes import YEAR, Lately, role_weights
from service.settings import ExpertSettings

LEAST_ACTIVITY = 1.0  # added to a community's: the only message of a quiet month makes nobody the one to ask
FORGOTTEN_HALF_LIVES = 5
DAY = timedelta(days=1)
FAR = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Activity:
    """Shares of people (by number) in the recent work of communities (row ids) that a question concerns, and how much
    it concerns those. Several of one person in one community add up."""

    people: NDArray[np.int64]
    communities: NDArray[np.int64]
    shares: NDArray[np.float64]
    concern: Mapping[int, float]

    def gains(self, size: int) -> NDArray[np.float64]:
        """What everybody gains by it, by number of the person, of whom there are `size`."""
        told = np.asarray([self.concern[community] for community in self.communities.tolist()], np.float64)
        return np.bincount(self.people, self.shares * told, size).astype(np.float64)

    def of(self, person: int) -> list[Lately]:
        """A person's part in each community, the largest first."""
        theirs = np.flatnonzero(self.people == person)
        found: dict[int, float] = {}
        for row in theirs[np.argsort(self.communities[theirs], kind="stable")].tolist():
            community = int(self.communities[row])
            found[community] = found.get(community, 0.0) + float(self.shares[row])
        lately = [Lately(community, share, self.concern[community]) for community, share in found.items()]
        return sorted(lately, key=lambda part: -part.gain)


NO_ACTIVITY = Activity(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), {})


@dataclass(frozen=True, slots=True)
class _Worth:
    """What the parts of those `standings` that have some of a time were worth at its end; the same up to a factor until
    a part grows too old at `gone`, or one from the future counts at `come` (all in microseconds)."""

    standings: NDArray[np.int64]
    worth: NDArray[np.float64]
    since: int
    until: int
    gone: int
    come: int

    def at(self, since: int, until: int, half_life: float) -> NDArray[np.float64] | None:
        """The same for a later time; None where other parts count then."""
        if not (self.since <= since <= self.gone and self.until <= until < self.come):
            return None
        return np.asarray(self.worth * 2.0 ** (-(until - self.until) / half_life), np.float64)


def active_since(settings: ExpertSettings, now: datetime) -> datetime:
    """From when on a part in a community's work counts as lately; what was before would weigh next to nothing."""
    return now - FORGOTTEN_HALF_LIVES * settings.activity_half_life_years * YEAR


def active_lately(
    columns: Columns,
    concern: Mapping[int, float],
    readable: ReadableAudiences,
    settings: ExpertSettings,
    now: datetime,
    until: datetime,
    absent: Collection[int] = (),
) -> Activity:
    """What everybody did until then in those documents of the communities concerned that may be read; those in
    `absent` (row ids) do not count."""
    standings, worth = _worth(columns, settings, now, until, absent)
    mattering = columns.groups.readable(readable.ids) & np.isin(columns.groups.communities, list(concern))
    counted = mattering[columns.standings.groups[standings]]
    standings, worth = standings[counted], worth[counted]
    people = columns.standings.people[standings].astype(np.int64)
    return shares_of(people, columns.groups.communities[columns.standings.groups[standings]], worth, concern)


def shares_of(
    people: NDArray[np.int64], communities: NDArray[np.int64], worth: NDArray[np.float64], concern: Mapping[int, float]
) -> Activity:
    """The shares of people (by number) in what was done in communities that the question concerns."""
    known, place = np.unique(communities, return_inverse=True)
    shares = worth / (LEAST_ACTIVITY + np.bincount(place, worth, len(known)))[place]
    return Activity(people, communities, shares, concern)


def _worth(
    columns: Columns, settings: ExpertSettings, now: datetime, until: datetime, absent: Collection[int]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The standings that have parts until then, and what these are worth now."""
    since, last = microseconds(active_since(settings, now)), microseconds(until)
    half_life = settings.activity_half_life_years * YEAR / MICROSECOND
    later = 2.0 ** (-(microseconds(now) - last) / half_life)
    if absent or until != now:
        measured = _measured(columns, settings, since, last, absent)
        return measured.standings, np.asarray(later * measured.worth, np.float64)
    key = (half_life, *role_weights(settings).tolist())
    known: _Worth | None = columns.remembered.get(key)
    found = None if known is None else known.at(since, last, half_life)
    if known is None or found is None:
        columns.remembered[key] = known = _measured(columns, settings, since, last, absent)
        found = known.worth
    return known.standings, found


def _measured(columns: Columns, settings: ExpertSettings, since: int, until: int, absent: Collection[int]) -> _Worth:
    """What the parts of standings are worth at the end of that time."""
    recent = columns.recent_rows(since, absent)
    end = np.minimum(recent.moments, recent.updated)
    counted = np.flatnonzero((end >= since) & (recent.moments <= until))
    standings = recent.standings[counted]
    first, worth = best_parts(
        recent.documents[counted], standings, recent.roles[counted], recent.moments[counted], until, settings
    )
    future = recent.moments[recent.moments > until]
    total = np.bincount(standings[first], worth, len(columns.standings.people)).astype(np.float64)
    some = np.flatnonzero(total)
    return _Worth(
        some,
        total[some],
        since,
        until,
        int(end[counted].min(initial=FAR)),
        int(future.min(initial=FAR)),
    )


def best_parts(
    documents: NDArray[np.int64],
    owners: NDArray[Any],
    roles: NDArray[Any],
    moments: NDArray[np.int64],
    now: int,
    settings: ExpertSettings,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Where the parts of each owner in each document begin, which are together, and what the best of them is worth;
    moments in microseconds."""
    age = (now - moments) / (settings.activity_half_life_years * YEAR / MICROSECOND)
    worth = role_weights(settings)[roles] * np.exp2(-age)
    first = first_of_runs(documents, owners)
    return first, np.maximum.reduceat(worth, first) if len(first) else np.zeros(0)
