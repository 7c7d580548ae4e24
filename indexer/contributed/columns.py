"""Everybody's parts in all documents: what ranking people counts and weighs."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from indexer.contributed.arrays import Numbers, is_in, owners_of, ranges
from indexer.contributed.ids import Ids
from indexer.contributed.layer import Counts, Layer
from indexer.contributed.parts import Parts
from indexer.store.parts import DOCUMENT, PART, StoredParts

__all__ = ["Columns", "Counted", "Layer"]

NOTHING = np.zeros(0, np.int64)
NO_PARTS = StoredParts(NOTHING, np.zeros(0, DOCUMENT), NOTHING, np.zeros(0, PART), [])
NO_COUNTS = Counts(NOTHING, np.zeros(1, np.int64))


@dataclass(frozen=True, slots=True)
class Counted:
    """A layer with the places of documents in it, ascending, that do not count, and how many documents its standings
    have `lost` by that."""

    layer: Layer
    gone: Numbers
    lost: Counts

    def without(self, document_ids: Numbers) -> "Counted":
        """The same where these documents (row ids) do not count, either."""
        places, known = self.layer.places(document_ids)
        gone = np.union1d(self.gone, places[known])
        return Counted(self.layer, gone, self.layer.counts_in(gone))


@dataclass(frozen=True, slots=True)
class Columns:
    """All parts as they were at one moment; never changed afterwards.

    Most of them are in `base`, which processes may share. Documents that have changed since are in `new`, as far as
    they still exist (`stored` has the same), and those that `base` had are `gone` from there: their places, ascending,
    and how many documents its standings `lost` by that. `ids` are the people's, by number.
    """

    ids: Ids
    base: Layer
    new: Layer
    stored: StoredParts = NO_PARTS
    gone: Numbers = field(default_factory=lambda: NOTHING)
    lost: Counts = NO_COUNTS
    remembered: dict[Any, Any] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, stored: StoredParts) -> "Columns":
        """The columns of all the parts there are."""
        ids = Ids.of(stored.people)
        return cls.over(ids, Layer.of(_numbered(stored, ids)))

    @classmethod
    def over(cls, ids: Ids, base: Layer) -> "Columns":
        """What is in a layer, and nothing else."""
        return cls(ids, base, Layer.of(NO_PARTS))

    @property
    def changed_parts(self) -> int:
        """How many rows are not in the base, or stand there for nothing."""
        return len(self.new.roles) + int((self.base.starts[self.gone + 1] - self.base.starts[self.gone]).sum())

    def parts_in(self, document_ids: Numbers, audience_ids: Iterable[int]) -> Parts:
        """Everybody's parts in those of the documents (row ids) that are in the audiences."""
        audiences = list(audience_ids)
        found = [self._parts(counted, document_ids, audiences) for counted in self.layers()]
        return found[0] if len(found) == 1 else found[0].followed_by(found[1])

    def layers(self, absent: Collection[int] = ()) -> list["Counted"]:
        """The layers that have something, with what does not count there: documents that are gone from there, and
        `absent` ones (row ids)."""
        layers = [Counted(self.base, self.gone, self.lost)]
        if len(self.new.documents):
            layers.append(Counted(self.new, NOTHING, NO_COUNTS))
        if not absent:
            return layers
        left_out = np.asarray(sorted(absent), np.int64)
        return [counted.without(left_out) for counted in layers]

    def count_readable(
        self,
        people: Numbers,
        audience_ids: Iterable[int],
        *,
        until: datetime | None = None,
        absent: Collection[int] = (),
    ) -> Numbers:
        """In how many documents of the audiences, dated no later than `until`, each of these people (numbers,
        ascending) had a part; those in `absent` (row ids) do not count."""
        audiences = list(audience_ids)
        counts = np.zeros(len(people), np.int64)
        for counted in self.layers(absent):
            layer = counted.layer
            stretches = layer.readable_among(people, audiences)
            if until is not None:
                works = layer.count_works_until(stretches, until, counted.gone)
            else:
                works = layer.count_works(stretches) - counted.lost.between(stretches)
            counts += np.bincount(stretches.owners, works, len(people)).astype(np.int64)
        return counts

    def communities_of(self, people: Collection[str], audience_ids: Iterable[int]) -> dict[tuple[str, int], int]:
        """By person (id) and community (row id), in how many of its documents of these audiences they had a part."""
        audiences = list(audience_ids)
        known = (self.ids.number(person) for person in people)
        numbers = np.unique(np.asarray([number for number in known if number is not None], np.int64))
        found: dict[tuple[str, int], int] = {}
        for counted in self.layers():
            layer = counted.layer
            standings = layer.standings_among(numbers)
            groups = layer.standing_groups[standings.first]
            mattering = layer.readable(audiences)[groups] & (layer.communities[groups] > 0)
            counts = layer.count_works(standings) - counted.lost.between(standings)
            told = (column[mattering].tolist() for column in (standings.owners, layer.communities[groups], counts))
            for owner, community, count in zip(*told, strict=True):
                key = self.ids[int(numbers[owner])], community
                found[key] = found.get(key, 0) + count
        return {key: count for key, count in found.items() if count}

    def changed(self, stored: StoredParts, document_ids: Iterable[int]) -> "Columns":
        """The same after these documents (row ids) have changed; `stored` has those of them that still exist."""
        changed = np.unique(np.asarray(list(document_ids), np.int64))
        places, known = self.base.places(changed)
        gone = np.union1d(self.gone, places[known])
        stored = _followed_by(self.stored, _numbered(stored, self.ids), changed)
        return Columns(self.ids, self.base, Layer.of(stored), stored, gone, self.base.counts_in(gone))

    def _parts(self, counted: "Counted", document_ids: Numbers, audiences: Collection[int]) -> Parts:
        """What one layer has of the parts asked for."""
        layer = counted.layer
        places, found = layer.places(document_ids)
        if len(counted.gone):
            found &= ~is_in(places, counted.gone)
        found[found] = layer.readable(audiences)[layer.groups[places[found]]]
        asked, places = np.flatnonzero(found), places[found]
        rows, owners = layer.rows_in(places)
        return Parts(
            self.ids,
            asked[owners],
            document_ids[asked][owners],
            layer.communities[layer.groups[places]][owners],
            layer.standing_people[layer.standings[rows]].astype(np.int64),
            *(column[rows].astype(np.int64) for column in (layer.roles, layer.moments, layer.messages, layer.likes)),
        )


def _numbered(stored: StoredParts, ids: Ids) -> StoredParts:
    """The same with people by their numbers among the ids."""
    numbers = np.asarray(ids.numbered(stored.people), np.int64)
    parts = stored.parts.copy()
    parts["person"] = numbers[parts["person"]]
    return StoredParts(stored.documents, stored.about, stored.counts, parts, [])


def _followed_by(known: StoredParts, new: StoredParts, changed: Numbers) -> StoredParts:
    """What is known but of the documents that changed (row ids, ascending), and what is new."""
    kept = ~is_in(known.documents, changed)
    parts = np.concatenate([known.parts[kept[owners_of(known.counts)]], new.parts])
    documents = np.concatenate([known.documents[kept], new.documents])
    about = np.concatenate([known.about[kept], new.about])
    counts = np.concatenate([known.counts[kept], new.counts])
    order = np.argsort(documents)
    rows = ranges((np.cumsum(counts) - counts)[order], counts[order])
    return StoredParts(documents[order], about[order], counts[order], parts[rows], [])
