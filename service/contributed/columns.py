"""Everybody's parts in all documents as columns of numbers: what ranking people counts and weighs.

A part belongs to a *standing*: one person in the documents of one community and one audience. What is counted for each
standing can be added up for every viewer from the audiences they may read, without looking at any part.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.store.contributions import Part
from indexer.store.parts import NEVER, ROLES, StoredParts

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
PERSON_BITS = 32
SPARE_ROWS = 50  # beyond as many again as count, before those that do not are dropped
ROW = np.dtype([("moment", "i8"), ("standing", "i4"), ("message", "i4"), ("likes", "i4"), ("role", "i4")])
NUMBER = {role: code for code, role in enumerate(ROLES)}


def microseconds(moment: datetime | None) -> int:
    """Since 1970, as the columns keep moments."""
    return NEVER if moment is None else (moment - EPOCH) // MICROSECOND


@dataclass(frozen=True, slots=True)
class Parts:
    """Parts in some documents, one a place in each column; those of one person in one document are together. `places`
    are those of the documents in the list that was asked for, `people` places in the list of `ids`, `roles` numbers of
    ROLES; a community of 0 and a message of -1 are none, and a moment may be NEVER."""

    ids: Sequence[str]
    places: NDArray[np.int64]
    documents: NDArray[np.int64]
    communities: NDArray[np.int64]
    people: NDArray[np.int64]
    roles: NDArray[np.int64]
    moments: NDArray[np.int64]
    messages: NDArray[np.int64]
    likes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.places)

    @classmethod
    def of(cls, documents: Sequence[int], parts: Iterable[Part]) -> "Parts":
        """Those of the parts that are in these documents (row ids)."""
        place = {document: number for number, document in enumerate(documents)}
        numbers: dict[str, int] = {}
        found = [part for part in parts if part.document in place]
        for part in found:
            numbers.setdefault(part.person, len(numbers))
        # Stable: what one person did in one document stays in the order that was given.
        found.sort(key=lambda part: (place[part.document], numbers[part.person]))
        rows = [
            (
                place[part.document],
                part.document,
                part.community or 0,
                numbers[part.person],
                NUMBER[part.role],
                microseconds(part.at),
                -1 if part.message is None else part.message,
                part.likes,
            )
            for part in found
        ]
        return cls(list(numbers), *np.asarray(rows, np.int64).reshape(-1, 8).T)

    def part(self, row: int) -> Part:
        """One of them by itself."""
        moment, message = int(self.moments[row]), int(self.messages[row])
        return Part(
            int(self.documents[row]),
            self.ids[self.people[row]],
            ROLES[self.roles[row]],
            None if moment == NEVER else EPOCH + moment * MICROSECOND,
            None if message < 0 else message,
            int(self.likes[row]),
            int(self.communities[row]) or None,
        )

    def where(self, kept: NDArray[np.bool_]) -> "Parts":
        """Those that the mask keeps."""
        columns = (self.places, self.documents, self.communities, self.people, self.roles, self.moments, self.messages)
        return Parts(self.ids, *(column[kept] for column in (*columns, self.likes)))


@dataclass(frozen=True, slots=True)
class Groups:
    """Communities (0 is none) with the audiences of their documents, and the number of each such pair."""

    communities: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    audiences: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    numbers: Mapping[tuple[int, int], int] = field(default_factory=dict)

    def readable(self, audience_ids: Iterable[int]) -> NDArray[np.bool_]:
        """Which of them have one of these audiences, (g,)."""
        return _mask(audience_ids, int(self.audiences.max(initial=0)) + 1)[self.audiences]

    def extended(self, pairs: Iterable[tuple[int, int]]) -> "Groups":
        """With these pairs, too."""
        numbers = dict(self.numbers)
        for pair in pairs:
            numbers.setdefault(pair, len(numbers))
        if len(numbers) == len(self.numbers):
            return self
        told = np.asarray(list(numbers), np.int64)
        return Groups(told[:, 0], told[:, 1], numbers)


@dataclass(frozen=True, slots=True)
class Standings:
    """One person in one group (a community and an audience) each, and in how many `documents` of it they had a part.
    `keys` are ascending, `places` says which standing each key is."""

    people: NDArray[np.int32]
    groups: NDArray[np.int32]
    documents: NDArray[np.int32]
    keys: NDArray[np.int64]
    places: NDArray[np.int64]

    @classmethod
    def none(cls) -> "Standings":
        empty, keys = np.zeros(0, np.int32), np.zeros(0, np.int64)
        return cls(empty, empty, empty, keys, keys)

    def extended(self, keys: NDArray[np.int64]) -> "Standings":
        """With those of these keys that are new, too."""
        distinct = np.unique(keys)
        new = distinct[~_is_in(distinct, self.keys)]
        if not len(new):
            return self
        where = np.searchsorted(self.keys, new)
        first = len(self.people)
        return Standings(
            np.concatenate([self.people, (new >> PERSON_BITS).astype(np.int32)]),
            np.concatenate([self.groups, (new & ((1 << PERSON_BITS) - 1)).astype(np.int32)]),
            np.concatenate([self.documents, np.zeros(len(new), np.int32)]),
            np.insert(self.keys, where, new),
            np.insert(self.places, where, np.arange(first, first + len(new))),
        )

    def of(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """The standing of each key, all of which are there."""
        return self.places[np.searchsorted(self.keys, keys)]

    def of_people(self, people: NDArray[np.int64]) -> NDArray[np.int64]:
        """All standings of these people."""
        starts, ends = (np.searchsorted(self.keys, (people + more) << PERSON_BITS) for more in (0, 1))
        counts = ends - starts
        found = np.arange(counts.sum()) + np.repeat(starts - (np.cumsum(counts) - counts), counts)
        return np.asarray(self.places[found], np.int64)

    def counting(self, gone: NDArray[np.int64], come: NDArray[np.int64]) -> "Standings":
        """With one document less for each of these standings, and one more for each of those."""
        size = len(self.people)
        change = np.bincount(come, minlength=size) - np.bincount(gone, minlength=size)
        counted = (self.documents + change).astype(np.int32)
        return Standings(self.people, self.groups, counted, self.keys, self.places)


@dataclass(frozen=True, slots=True)
class RecentRows:
    """Parts in documents of communities: which of the documents, the standing, role and moment, and when the document
    was changed. Those of one person in one document are together."""

    documents: NDArray[np.int64]
    standings: NDArray[np.int32]
    roles: NDArray[np.int32]
    moments: NDArray[np.int64]
    updated: NDArray[np.int64]


class Rows:
    """Rows with some room behind them, so that adding a few does not copy them all."""

    def __init__(self, told: NDArray[Any]) -> None:
        self.told = told
        self._room = told
        self._taken = False

    def followed_by(self, new: NDArray[Any]) -> "Rows":
        """These and more. The first to ask gets the room behind them."""
        size = len(self.told) + len(new)
        made = Rows(self.told)
        if self._taken or size > len(self._room):
            made._room = np.zeros(size + size // 8, ROW)
            made._room[: len(self.told)] = self.told
        else:
            made._room = self._room
            self._taken = True
        made._room[len(self.told) : size] = new
        made.told = made._room[:size]
        return made


@dataclass(frozen=True, slots=True)
class Columns:
    """All parts as they were at one moment; never changed afterwards.

    `ids` are the people's, by number. Of each document there are its row id (`documents`, ascending), what DOCUMENT
    says `about` it, and where its rows start and how many they are. `rows` may hold more than what these point at.
    """

    ids: list[str]
    numbers: dict[str, int]
    documents: NDArray[np.int64]
    about: NDArray[Any]
    starts: NDArray[np.int64]
    counts: NDArray[np.int64]
    rows: Rows
    groups: Groups
    standings: Standings
    remembered: dict[Any, Any] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, stored: StoredParts) -> "Columns":
        """The columns of all the parts there are."""
        groups = Groups().extended(_pairs(stored))
        keys = _keys(stored, stored.parts["person"].astype(np.int64), groups)
        standings = Standings.none().extended(keys)
        rows = _rows(stored.parts, standings.of(keys))
        counted = rows["standing"][first_of_runs(_owners(stored.counts), rows["standing"])]
        return cls(
            stored.people,
            {person: number for number, person in enumerate(stored.people)},
            stored.documents,
            stored.about,
            np.cumsum(stored.counts) - stored.counts,
            stored.counts,
            Rows(rows),
            groups,
            standings.counting(np.zeros(0, np.int64), counted),
        )

    def parts_in(self, document_ids: NDArray[np.int64], audience_ids: Iterable[int]) -> Parts:
        """Everybody's parts in those of the documents (row ids) that are in the audiences."""
        places, known = self._places(document_ids)
        asked = np.flatnonzero(known)
        places = places[asked]
        audiences = self.about["audience"][places]
        readable = _mask(audience_ids, int(audiences.max(initial=0)) + 1)[audiences]
        return self._parts(places[readable], asked[readable])

    def _parts(self, places: NDArray[np.int64], asked: NDArray[np.int64]) -> Parts:
        """The parts in the documents at these places, each with what `asked` says of its document."""
        rows, owners = self._rows_of(places)
        found = self.rows.told[rows]
        return Parts(
            self.ids,
            asked[owners],
            self.documents[places][owners],
            self.about["community"][places].astype(np.int64)[owners],
            self.standings.people[found["standing"]].astype(np.int64),
            *(found[name].astype(np.int64) for name in ("role", "moment", "message", "likes")),
        )

    def count_readable(
        self,
        people: NDArray[np.int64],
        audience_ids: Iterable[int],
        *,
        until: datetime | None = None,
        absent: Collection[int] = (),
    ) -> NDArray[np.int64]:
        """In how many documents of the audiences, dated no later than `until`, each of these people (distinct numbers)
        had a part, by number of the person; those in `absent` (row ids) do not count. Of all others it is 0."""
        size = len(self.ids)  # once: it may grow meanwhile
        readable = self.groups.readable(audience_ids)
        counted = self.standings.of_people(people)
        counted = counted[readable[self.standings.groups[counted]]]
        counts = np.bincount(self.standings.people[counted], self.standings.documents[counted], size)
        left_out = np.zeros(len(self.documents), np.bool_)
        if until is not None:
            moments = self.about["moment"]
            left_out |= (moments == NEVER) | (moments > microseconds(until))
        if absent:
            places, known = self._places(np.asarray(sorted(absent), np.int64))
            left_out[places[known]] = True
        if left_out.any():
            rows, where = self._rows_of(np.flatnonzero(left_out))
            standings = self.rows.told["standing"][rows]
            standings = standings[first_of_runs(where, standings)]
            standings = standings[_mask(counted, len(self.standings.people))[standings]]
            counts -= np.bincount(self.standings.people[standings], minlength=size)
        return counts.astype(np.int64)

    def recent_rows(self, since: int, absent: Collection[int] = ()) -> "RecentRows":
        """The parts in documents that belong to a community and were changed since then (in microseconds); those in
        `absent` (row ids) do not count."""
        recent = (self.about["updated"] >= since) & (self.about["community"] > 0) & (self.counts > 0)
        if absent:
            places, known = self._places(np.asarray(sorted(absent), np.int64))
            recent[places[known]] = False
        places = np.flatnonzero(recent)
        rows, owners = self._rows_of(places)
        found = self.rows.told[rows]
        return RecentRows(
            owners, found["standing"], found["role"], found["moment"], self.about["updated"][places][owners]
        )

    def communities_of(self, people: Collection[str], audience_ids: Iterable[int]) -> dict[tuple[str, int], int]:
        """By person (id) and community (row id), in how many of its documents of these audiences they had a part."""
        numbers = [self.numbers[person] for person in people if person in self.numbers]
        theirs = np.flatnonzero(_mask(numbers, len(self.ids))[self.standings.people])
        groups = self.standings.groups[theirs]
        theirs = theirs[self.groups.readable(audience_ids)[groups] & (self.groups.communities[groups] > 0)]
        found: dict[tuple[str, int], int] = {}
        for standing in theirs[self.standings.documents[theirs] > 0]:
            person = self.ids[self.standings.people[standing]]
            key = person, int(self.groups.communities[self.standings.groups[standing]])
            found[key] = found.get(key, 0) + int(self.standings.documents[standing])
        return found

    def changed(self, stored: StoredParts, document_ids: Iterable[int]) -> "Columns":
        """The same after these documents (row ids) have changed; `stored` has those of them that still exist."""
        changed, known = self._places(np.unique(np.asarray(list(document_ids), np.int64)))
        gone, where = self._rows_of(changed[known])
        lost = self.rows.told["standing"][gone]
        lost = lost[first_of_runs(where, lost)]
        owners = np.asarray(self._numbered(stored.people), np.int64)[stored.parts["person"]]
        groups = self.groups.extended(_pairs(stored))
        keys = _keys(stored, owners, groups)
        standings = self.standings.extended(keys)
        rows = _rows(stored.parts, standings.of(keys))
        won = rows["standing"][first_of_runs(_owners(stored.counts), rows["standing"])]
        return self._with_documents(changed[known], stored, rows, groups, standings.counting(lost, won))

    def _numbered(self, people: Sequence[str]) -> list[int]:
        """The numbers of these people, new ones added: columns of earlier moments do not mind."""
        for person in people:
            if person not in self.numbers:
                self.numbers[person] = len(self.ids)
                self.ids.append(person)
        return [self.numbers[person] for person in people]

    def _with_documents(
        self, gone: NDArray[np.int64], stored: StoredParts, rows: NDArray[Any], groups: Groups, standings: Standings
    ) -> "Columns":
        """With what is stored in place of the documents at these places."""
        new = ~_is_in(stored.documents, self.documents)
        where = np.searchsorted(self.documents, stored.documents[new])
        counts = self.counts.copy()
        counts[gone] = 0
        documents, about, starts, counts = (
            np.insert(column, where, values[new])
            for column, values in (
                (self.documents, stored.documents),
                (self.about, stored.about),
                (self.starts, stored.counts),
                (counts, stored.counts),
            )
        )
        places = np.searchsorted(documents, stored.documents)
        about[places] = stored.about
        starts[places] = len(self.rows.told) + np.cumsum(stored.counts) - stored.counts
        counts[places] = stored.counts
        held = self.rows.followed_by(rows)
        made = Columns(self.ids, self.numbers, documents, about, starts, counts, held, groups, standings)
        return made if len(held.told) <= 2 * int(counts.sum()) + SPARE_ROWS else made._compact()

    def _compact(self) -> "Columns":
        """The same without rows that no document points at."""
        rows, _ = self._rows_of(np.arange(len(self.documents)))
        starts = np.cumsum(self.counts) - self.counts
        return replace(self, rows=Rows(self.rows.told[rows]), starts=starts, remembered={})

    def _places(self, document_ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Where each document (row id) stands, and whether it is there."""
        if not len(self.documents):
            return np.zeros(len(document_ids), np.int64), np.zeros(len(document_ids), np.bool_)
        places = np.minimum(np.searchsorted(self.documents, document_ids), len(self.documents) - 1)
        return places, self.documents[places] == document_ids

    def _rows_of(self, places: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows of the documents at these places, and for each row which of the places it is of."""
        counts = self.counts[places]
        owners = _owners(counts)
        ends = np.cumsum(counts)
        return np.arange(len(owners)) + np.repeat(self.starts[places] - (ends - counts), counts), owners


def _pairs(stored: StoredParts) -> set[tuple[int, int]]:
    """The pairs of community and audience that these documents have."""
    about = stored.about[stored.counts > 0]
    pairs = np.unique(np.stack([about["community"], about["audience"]], axis=1), axis=0)
    return {(int(community), int(audience)) for community, audience in pairs}


def _keys(stored: StoredParts, people: NDArray[np.int64], groups: Groups) -> NDArray[np.int64]:
    """The key of the standing of each part."""
    pairs = zip(stored.about["community"].tolist(), stored.about["audience"].tolist(), strict=True)
    numbers = np.asarray([groups.numbers.get(pair, 0) for pair in pairs], np.int64)
    return (people << PERSON_BITS) | np.repeat(numbers, stored.counts)


def _rows(parts: NDArray[Any], standings: NDArray[np.int64]) -> NDArray[Any]:
    rows = np.zeros(len(parts), ROW)
    rows["standing"] = standings
    for name in ("moment", "message", "likes", "role"):
        rows[name] = parts[name]
    return rows


def _owners(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.repeat(np.arange(len(counts)), counts)


def first_of_runs(*columns: NDArray[Any]) -> NDArray[np.int64]:
    """Where a run of rows that are equal in all of these columns begins."""
    first = np.ones(len(columns[0]), np.bool_)
    first[1:] = np.any([column[1:] != column[:-1] for column in columns], axis=0)
    return np.flatnonzero(first)


def _mask(numbers: Iterable[int], size: int) -> NDArray[np.bool_]:
    """True at these places, as far as there are such."""
    told = numbers if isinstance(numbers, np.ndarray) else np.fromiter(numbers, np.int64)
    mask = np.zeros(size, np.bool_)
    mask[told[told < size]] = True
    return mask


def _is_in(values: NDArray[np.int64], among: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of the values are in an ascending list."""
    if not len(among):
        return np.zeros(len(values), np.bool_)
    return np.asarray(among[np.minimum(np.searchsorted(among, values), len(among) - 1)] == values, np.bool_)
