"""Parts in some documents, in columns that stand by themselves: in memory, or in a file that is mapped.

A part belongs to a *standing*: one person in the documents of one *group*, which is a community and an audience. What
is counted for each standing can be added up for every viewer from the audiences they may read, without looking at any
part.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.contributed.arrays import (
    Numbers,
    first_of_runs,
    mask_of,
    narrowed,
    owned_by,
    owners_of,
    places_in,
    ranges,
)
from indexer.contributed.parts import microseconds
from indexer.store.parts import NEVER, StoredParts

GROUP_BITS = 32


@dataclass(frozen=True, slots=True)
class Counts:
    """How many documents of some standings, which are ascending: `documents` has what they are up to each of them, and
    in all."""

    standings: Numbers
    documents: Numbers

    def between(self, stretches: "Stretches") -> Numbers:
        """Those of the standings of each stretch."""
        if not len(self.standings):
            return np.zeros(len(stretches.first), np.int64)
        first, last = (np.searchsorted(self.standings, ends) for ends in (stretches.first, stretches.last))
        return self.documents[last] - self.documents[first]


@dataclass(frozen=True, slots=True)
class Stretches:
    """Standings that follow each other, from `first` to before `last`, and which of some people (a place in a list)
    has each stretch."""

    first: Numbers
    last: Numbers
    owners: Numbers

    def where(self, kept: NDArray[np.bool_]) -> "Stretches":
        """Those that the mask keeps."""
        return Stretches(self.first[kept], self.last[kept], self.owners[kept])


@dataclass(frozen=True, slots=True)
class Layer:
    """Columns of numbers, each in as few bytes as will do, never changed afterwards.

    Of documents that have parts, ascending: row ids (`documents`), group, when changed (`updated`) and `dated`, and
    where the rows of their parts begin (`starts`, and where the last end). Of each row: role, moment, message, likes,
    standing; those of one person in one document are together. Of each group: its community (0 is none) and its
    audience (row ids). Of each person, by number, where their standings begin (`standings_of`, and where the last
    end); of those standings that a person has in one audience, which are a *share*, where they begin (`shares`, and
    where the last end), and of each person where their shares begin (`shares_of`). Of each standing: its person and
    group, and where its documents begin (`works_of`) in the list of `works`, which has places of documents, those of a
    share in order of their dates.
    """

    documents: NDArray[Any]
    groups: NDArray[Any]
    updated: Numbers
    dated: Numbers
    starts: NDArray[Any]
    roles: NDArray[Any]
    moments: Numbers
    messages: NDArray[Any]
    likes: NDArray[Any]
    standings: NDArray[Any]
    communities: Numbers
    audiences: Numbers
    standings_of: NDArray[Any]
    shares_of: NDArray[Any]
    shares: NDArray[Any]
    standing_people: NDArray[Any]
    standing_groups: NDArray[Any]
    works_of: NDArray[Any]
    works: NDArray[Any]
    remembered: dict[Any, Any] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, stored: StoredParts) -> "Layer":
        """The layer of these parts, whose people are told by their numbers."""
        some = stored.counts > 0
        about, counts = stored.about[some], stored.counts[some]
        pairs = about["audience"].astype(np.int64) << GROUP_BITS | about["community"]
        pairs, groups = np.unique(pairs, return_inverse=True)
        owners = owners_of(counts)
        keys = stored.parts["person"].astype(np.int64) << GROUP_BITS | groups[owners]
        runs = first_of_runs(owners, keys)
        order = np.argsort(keys[runs], kind="stable")
        sorted_keys = keys[runs][order]
        firsts = first_of_runs(sorted_keys)
        sizes = np.diff(np.append(firsts, len(sorted_keys)))
        standing_of_run = np.empty(len(runs), np.int64)
        standing_of_run[order] = owners_of(sizes)
        people = sorted_keys[firsts] >> GROUP_BITS
        standing_groups = sorted_keys[firsts] & ((1 << GROUP_BITS) - 1)
        standings_of = np.searchsorted(people, np.arange(int(people[-1]) + 2 if len(people) else 1))
        shares = first_of_runs(people, pairs[standing_groups] >> GROUP_BITS)
        works = owners[runs][order]
        works_of = np.append(firsts, len(works))
        share_of_work = owners_of(np.diff(works_of[np.append(shares, len(people))]))
        works = works[np.lexsort((about["moment"][works], share_of_work))]
        return cls(
            documents=narrowed(stored.documents[some]),
            groups=narrowed(groups.astype(np.int64)),
            updated=about["updated"].astype(np.int64),
            dated=about["moment"].astype(np.int64),
            starts=narrowed(np.cumsum(np.append(0, counts))),
            roles=narrowed(stored.parts["role"]),
            moments=stored.parts["moment"].astype(np.int64),
            messages=narrowed(stored.parts["message"]),
            likes=narrowed(stored.parts["likes"]),
            standings=narrowed(np.repeat(standing_of_run, np.diff(np.append(runs, len(keys))))),
            communities=pairs & ((1 << GROUP_BITS) - 1),
            audiences=pairs >> GROUP_BITS,
            standings_of=narrowed(standings_of),
            shares_of=narrowed(np.searchsorted(shares, standings_of)),
            shares=narrowed(np.append(shares, len(people))),
            standing_people=narrowed(people),
            standing_groups=narrowed(standing_groups),
            works_of=narrowed(works_of),
            works=narrowed(works),
        )

    def places(self, document_ids: NDArray[Any]) -> tuple[Numbers, NDArray[np.bool_]]:
        """Where each document (row id) stands, and whether it is there."""
        return places_in(document_ids, self.documents)

    def readable(self, audience_ids: Iterable[int]) -> NDArray[np.bool_]:
        """Which groups have one of these audiences, (g,)."""
        return mask_of(audience_ids, int(self.audiences.max(initial=0)) + 1)[self.audiences]

    def rows_in(self, places: Numbers) -> tuple[Numbers, Numbers]:
        """The rows of the documents at these places, and for each row which of the places it is of."""
        starts = self.starts[places].astype(np.int64)
        counts = self.starts[places + 1] - starts
        return ranges(starts, counts), owners_of(counts)

    def standings_among(self, people: Numbers) -> Stretches:
        """Each standing of these people (numbers, ascending)."""
        standings, owners = owned_by(self.standings_of, people)
        return Stretches(standings, standings + 1, owners)

    def readable_among(self, people: Numbers, audience_ids: Iterable[int]) -> Stretches:
        """The standings of these people (numbers, ascending) in documents that have one of the audiences."""
        shares, owners = owned_by(self.shares_of, people)
        first, last = (self.shares[places].astype(np.int64) for places in (shares, shares + 1))
        readable = self.readable(audience_ids)[self.standing_groups[first]]
        return Stretches(first, last, owners).where(readable)

    def counts_in(self, places: Numbers) -> Counts:
        """How many of the documents at these places each standing had a part in."""
        rows, owners = self.rows_in(places)
        standings = self.standings[rows].astype(np.int64)
        distinct, counts = np.unique(standings[first_of_runs(owners, standings)], return_counts=True)
        return Counts(distinct, np.append(0, np.cumsum(counts)))

    def count_works(self, stretches: Stretches) -> Numbers:
        """In how many documents there was a part of the standings of each stretch."""
        return np.asarray(self.works_of[stretches.last].astype(np.int64) - self.works_of[stretches.first], np.int64)

    def count_works_until(self, shares: Stretches, until: datetime, without: Numbers) -> Numbers:
        """The same of whole shares for documents dated no later than `until`, but for those at some places."""
        last = microseconds(until)
        dated = self.dated[without]
        gone = self.counts_in(without[(dated != NEVER) & (dated <= last)])
        return self._works_dated(shares, last) - self._works_dated(shares, NEVER) - gone.between(shares)

    def _works_dated(self, shares: Stretches, until: int) -> Numbers:
        """How many documents of each share are dated no later than that: NEVER comes before everything."""
        begin = self.works_of[shares.first].astype(np.int64)
        low, high = begin.copy(), self.works_of[shares.last].astype(np.int64)
        while len(open_ := np.flatnonzero(low < high)):
            middle = (low[open_] + high[open_]) // 2
            later = self.dated[self.works[middle]] > until
            low[open_] = np.where(later, low[open_], middle + 1)
            high[open_] = np.where(later, middle, high[open_])
        return low - begin
