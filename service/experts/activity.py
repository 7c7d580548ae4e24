"""Who does how much of the communities' work these months.

    worth = sum over documents of the best of role · 2^(-age/half-life) over a person's parts in the document
    share = worth / (1 + the worth of all that was done in the community)

of what was done in the last five half-lives, counted from the beginning of a day.

Worth is counted in whole numbers of very small units, as at the beginning of the day: so it is the same in whatever
order it is added up, what has changed can be taken out again, and everything that was worked out for a document holds
all day. A search looks only at those who have a vote.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.contributed import MICROSECOND, Columns, Counted, Layer, first_of_runs, microseconds, narrowed, owned_by
from service.auth import ReadableAudiences
from service.experts.votes import YEAR, Lately, by_community, role_weights
from service.settings import ExpertSettings

LEAST_ACTIVITY = 1.0  # added to a community's: the only message of a quiet month makes nobody the one to ask
FORGOTTEN_HALF_LIVES = 5
UNIT = 2.0**-40  # of the greatest worth: the least is told to nine digits and more, and millions add up
LOW_BITS = 24
MOST_REMEMBERED = 4
FAR = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Activity:
    """Shares of people (numbers, ascending) in the recent work of communities (row ids) that a question concerns, and
    how much it concerns those. Several of one person in one community add up."""

    people: NDArray[np.int64]
    communities: NDArray[np.int64]
    shares: NDArray[np.float64]
    concern: Mapping[int, float]

    def gains(self, people: NDArray[np.int64]) -> NDArray[np.float64]:
        """What each of these people (numbers, ascending) gains by it, who are all that it tells of, or more."""
        told = by_community(self.concern, self.communities)
        places = np.searchsorted(people, self.people)
        return np.bincount(places, self.shares * told, len(people)).astype(np.float64)

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
class _Span:
    """The time that counts: parts from `since` to `until`, which may be in the past (`ended`), worth what they were
    when the day began (all in microseconds), in units of `unit`."""

    since: int
    until: int
    day: int
    ended: bool
    unit: float

    @classmethod
    def of(cls, settings: ExpertSettings, now: datetime, until: datetime) -> "_Span":
        unit = UNIT * max(float(role_weights(settings).max()), UNIT)
        since = microseconds(active_since(settings, now))
        return cls(since, microseconds(until), microseconds(_day(now)), until < now, unit)

    def worth_at(self, now: datetime, settings: ExpertSettings) -> float:
        """What a unit is worth by now."""
        half_life = settings.activity_half_life_years * YEAR / MICROSECOND
        return float(self.unit * 2.0 ** (-(microseconds(now) - self.day) / half_life))


@dataclass(frozen=True, slots=True)
class _Worth:
    """What was done, in units: by standing (only those that did something, ascending), and by group in all. `starts`
    says where each person's standings begin. It holds for every end of the time from `latest`, when the last part was
    that counts, until `coming`, when the next one counts, too."""

    standings: NDArray[Any]
    units: NDArray[np.int64]
    starts: NDArray[Any]
    groups: NDArray[np.int64]
    latest: int
    coming: int

    @classmethod
    def of(cls, layer: Layer, units: NDArray[np.int64], latest: int, coming: int) -> "_Worth":
        """What each standing of a layer did."""
        some = np.flatnonzero(units)
        groups = _sums(layer.standing_groups[some], units[some], len(layer.communities))
        starts = np.searchsorted(some, layer.standings_of)
        return cls(narrowed(some), units[some], narrowed(starts), groups, latest, coming)

    def holds(self, span: _Span) -> bool:
        return self.latest <= span.until < self.coming

    def by_standing(self, layer: Layer) -> NDArray[np.int64]:
        units = np.zeros(len(layer.standing_groups), np.int64)
        units[self.standings] = self.units
        return units


def active_since(settings: ExpertSettings, now: datetime) -> datetime:
    """From when on a part in a community's work counts as lately; what was before would weigh next to nothing."""
    return _day(now - FORGOTTEN_HALF_LIVES * settings.activity_half_life_years * YEAR)


def active_lately(
    columns: Columns,
    people: NDArray[np.int64],
    concern: Mapping[int, float],
    readable: ReadableAudiences,
    settings: ExpertSettings,
    now: datetime,
    until: datetime,
    absent: Collection[int] = (),
) -> Activity:
    """What these people (numbers, ascending) did until then of what was done in those documents of the communities
    concerned that may be read; those in `absent` (row ids) do not count."""
    span = _Span.of(settings, now, until)
    concerned = np.asarray(sorted(concern), np.int64)
    done = np.zeros(len(concerned), np.int64)
    found = []
    for layer, worth in _worth(columns, span, settings, absent):
        mattering = layer.readable(readable.ids) & np.isin(layer.communities, concerned)
        places = np.searchsorted(concerned, layer.communities[mattering])
        done += _sums(places, worth.groups[mattering], len(concerned))
        some, owners = owned_by(worth.starts, people)
        groups = layer.standing_groups[worth.standings[some]]
        counted = mattering[groups]
        places = np.searchsorted(concerned, layer.communities[groups[counted]])
        found.append((owners[counted], places, worth.units[some[counted]]))
    owners, places, units = (np.concatenate(columns) for columns in zip(*found, strict=True))
    whose, which, units = _added_up(owners, places, units)
    scale = span.worth_at(now, settings)
    shares = units * scale / (LEAST_ACTIVITY + done * scale)[which]
    return Activity(people[whose], concerned[which], shares, concern)


def shares_of(
    people: NDArray[np.int64], communities: NDArray[np.int64], worth: NDArray[np.float64], concern: Mapping[int, float]
) -> Activity:
    """The shares of people (by number) in what was done in communities that the question concerns."""
    known, place = np.unique(communities, return_inverse=True)
    shares = worth / (LEAST_ACTIVITY + np.bincount(place, worth, len(known)))[place]
    return Activity(people, communities, shares, concern)


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


def _worth(
    columns: Columns, span: _Span, settings: ExpertSettings, absent: Collection[int]
) -> list[tuple[Layer, _Worth]]:
    """What the parts in each layer are worth."""
    if absent:
        return [(counted.layer, _without(counted, span, settings)) for counted in columns.layers(absent)]
    key = _key(span, settings)
    known: list[tuple[Layer, _Worth]] | None = columns.remembered.get(key)
    if known is None or not all(worth.holds(span) for _, worth in known):
        known = [(counted.layer, _without(counted, span, settings)) for counted in columns.layers()]
        _remember(columns.remembered, key, known)
    return known


def _without(counted: Counted, span: _Span, settings: ExpertSettings) -> _Worth:
    """What the parts in a layer are worth without those that do not count."""
    layer, gone = counted.layer, counted.gone
    key = _key(span, settings)
    whole: _Worth | None = layer.remembered.get(key)
    if whole is None or not whole.holds(span):
        recent = (layer.updated >= span.since) & (layer.communities > 0)[layer.groups]
        whole = _measured(layer, np.flatnonzero(recent), span, settings)
        _remember(layer.remembered, key, whole)
    if not len(gone):
        return whole
    recent = (layer.updated[gone] >= span.since) & (layer.communities > 0)[layer.groups[gone]]
    taken = _measured(layer, gone[recent], span, settings)
    return _Worth.of(layer, whole.by_standing(layer) - taken.by_standing(layer), whole.latest, whole.coming)


def _measured(layer: Layer, places: NDArray[np.int64], span: _Span, settings: ExpertSettings) -> _Worth:
    """What the parts in the documents at these places are worth."""
    rows, owners = layer.rows_in(places)
    moments = layer.moments[rows]
    recent = np.minimum(moments, layer.updated[places][owners]) >= span.since
    counted = np.flatnonzero(recent & (moments <= span.until))
    chosen = rows[counted]
    standings = layer.standings[chosen].astype(np.int64)
    first, worth = best_parts(owners[counted], standings, layer.roles[chosen], moments[counted], span.day, settings)
    units = np.rint(worth / span.unit).astype(np.int64)
    coming = moments[recent & (moments > span.until)]
    return _Worth.of(
        layer,
        _sums(standings[first], units, len(layer.standing_groups)),
        int(moments[counted].max(initial=-FAR)),
        int(coming.min(initial=FAR)),
    )


def _sums(places: NDArray[Any], units: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """What the units at each place add up to, to the last unit: in two halves, each of which a float can tell."""
    low = np.bincount(places, units & ((1 << LOW_BITS) - 1), size).astype(np.int64)
    return low + (np.bincount(places, units >> LOW_BITS, size).astype(np.int64) << LOW_BITS)


def _added_up(
    owners: NDArray[np.int64], places: NDArray[np.int64], units: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """One row for each owner and place, where anything is left."""
    order = np.argsort(owners * (int(places.max(initial=0)) + 1) + places)
    owners, places, units = owners[order], places[order], units[order]
    first = first_of_runs(owners, places)
    units = np.add.reduceat(units, first) if len(first) else units
    some = np.flatnonzero(units)
    return owners[first][some], places[first][some], units[some]


def _key(span: _Span, settings: ExpertSettings) -> tuple[Any, ...]:
    told = (settings.activity_half_life_years, *role_weights(settings).tolist())
    return span.day, span.until if span.ended else None, *told


def _remember(remembered: dict[Any, Any], key: Any, worth: Any) -> None:
    """Keep what was worked out, and of earlier days or for ends in the past not too much."""
    passing = [other for other in list(remembered) if other[0] != key[0] or other[1] is not None]
    for other in passing[: max(len(remembered) + 1 - MOST_REMEMBERED, 0)]:
        remembered.pop(other, None)
    remembered[key] = worth


def _day(moment: datetime) -> datetime:
    """When the moment's day began in UTC."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
