"""What a viewer may read of a generation, remembered from one search to the next.

The rows of all parts are numbered through: a row's number is its place in its part after the rows of the parts before.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indexer.index.allowed import AllowedRows
from indexer.index.keywords import CorpusStatistics, Postings, term_hash
from indexer.index.opening import Generation
from indexer.index.segment import Segment
from indexer.index.stretches import AudienceRows, Stretches, Value

MOST_TERMS = 5_000
MOST_VIEWS = 32


@dataclass(frozen=True, slots=True)
class Occurrences:
    """Where a term stands among the postings of each part: `bounds`, a pair a part. `rows` says how many readable rows
    have it, `frequency` how many of these count."""

    hash: int
    bounds: tuple[tuple[int, int], ...]
    rows: int
    frequency: int

    def is_in(self, part: int) -> bool:
        """Whether a row of a part has it."""
        start, end = self.bounds[part]
        return start < end


@dataclass(frozen=True, slots=True)
class Spread:
    """Some numbers, ascending, with the rows of the segments that they stand for; `cuts`, (parts + 1,), tells where
    those of each part begin."""

    numbers: NDArray[np.int64]
    rows: NDArray[np.uint32]
    cuts: list[int]

    def parts(self) -> Iterator[tuple[int, slice]]:
        """The parts that have any, and where these stand."""
        for part, (start, end) in enumerate(zip(self.cuts, self.cuts[1:], strict=False)):
            if start < end:
                yield part, slice(start, end)


class Readable:
    """The parts of all segments, the statistics of BM25 over them, and where terms stand in them."""

    def __init__(self, parts: Sequence[AllowedRows]) -> None:
        self.parts = parts
        self.offsets: list[int] = np.cumsum([0, *(part.stretches.rows for part in parts)]).tolist()
        self.rows: int = self.offsets[-1]
        self.gone = self._through([part.gone for part in parts])
        self.passages = self.rows - len(self.gone)
        # Texts may all be empty.
        self.mean_length = sum(part.tokens for part in parts) / max(self.passages, 1) or 1.0
        self._gone_rows = [part.stretches.rows_at(part.gone).astype(np.uint32) for part in parts]
        self._known: dict[str, Occurrences] = {}

    def occurrences(self, terms: Iterable[str]) -> dict[str, Occurrences]:
        """Where the terms stand."""
        wanted, known = list(dict.fromkeys(terms)), self._known
        found = {term: known[term] for term in wanted if term in known}
        if missing := [term for term in wanted if term not in found]:
            found.update(self._look_up(missing))
            # Another thread may be reading what is known: it is replaced, never emptied.
            if len(known) > MOST_TERMS:
                self._known = known = {}
            known.update(found)
        return found

    def statistics(self, found: dict[str, Occurrences]) -> CorpusStatistics:
        """What BM25 needs to know of these terms."""
        return CorpusStatistics(self.passages, self.mean_length, {t: o.frequency for t, o in found.items()})

    def postings(self, found: Occurrences, part: int) -> tuple[NDArray[np.int64], Postings]:
        """The numbers of the rows of a part that have a term, ascending, and how they have it."""
        keywords = self.parts[part].segment.keywords
        rows, counts = keywords.between(*found.bounds[part])
        positions, places = self.parts[part].stretches.within(rows)
        places += self.offsets[part]
        lengths = keywords.lengths[rows[positions]].astype(np.float32)
        return places, Postings(counts[positions].astype(np.float32), lengths)

    def numbers_with(self, found: Occurrences) -> NDArray[np.int64]:
        """The numbers of the rows that count and have a term, ascending."""
        numbers = [np.zeros(0, np.int64)]
        for part, offset, bounds in zip(self.parts, self.offsets, found.bounds, strict=False):
            if bounds[0] < bounds[1]:
                numbers.append(part.stretches.within(part.segment.keywords.between(*bounds)[0])[1] + offset)
        return self.counting(np.concatenate(numbers))

    def counting(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those of some numbers that count."""
        return numbers[~_among(numbers, self.gone)] if len(self.gone) else numbers

    def spread(self, numbers: NDArray[np.int64]) -> Spread:
        """The rows that some numbers, which ascend, stand for."""
        cuts = np.searchsorted(numbers, self.offsets).tolist()
        spread = Spread(numbers, np.empty(len(numbers), np.uint32), cuts)
        for part, span in spread.parts():
            spread.rows[span] = self._rows_in(part, numbers[span])
        return spread

    def counts_at(self, found: Occurrences, spread: Spread) -> NDArray[np.float32]:
        """How often each of some rows has a term."""
        counts = np.zeros(len(spread.rows), np.float32)
        for part, span in spread.parts():
            start, end = found.bounds[part]
            if start < end:
                counts[span] = self.parts[part].segment.keywords.counts_at(found.hash, start, end, spread.rows[span])
        return counts

    def lengths_at(self, spread: Spread) -> NDArray[np.float32]:
        """How long the texts of some rows are, in tokens."""
        lengths = np.empty(len(spread.rows), np.float32)
        for part, span in spread.parts():
            lengths[span] = self.parts[part].segment.keywords.lengths[spread.rows[span]]
        return lengths

    def counts_in(self, part: int, found: Occurrences, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        """How often each of some rows of one part has a term that is in it."""
        start, end = found.bounds[part]
        rows = self._rows_in(part, numbers)
        return self.parts[part].segment.keywords.counts_at(found.hash, start, end, rows).astype(np.float32)

    def lengths_in(self, part: int, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        """How long the texts of some rows of one part are, in tokens."""
        return self.parts[part].segment.keywords.lengths[self._rows_in(part, numbers)].astype(np.float32)

    def passages_at(self, spread: Spread) -> NDArray[np.int64]:
        """The ids of the passages of some rows."""
        return self._column_at(spread, [part.segment.passages for part in self.parts])

    def documents_at(self, spread: Spread) -> NDArray[np.int64]:
        """The ids of the documents of some rows."""
        return self._column_at(spread, [part.segment.documents for part in self.parts])

    def vectors_at(self, spread: Spread) -> NDArray[np.float32]:
        """The vectors of some rows, (n, dimension)."""
        found = [
            self.parts[part].segment.vectors.rows(spread.rows[span].astype(np.int64)) for part, span in spread.parts()
        ]
        dimension = self.parts[0].segment.vectors.matrix.shape[1] if self.parts else 0
        return np.concatenate(found) if found else np.zeros((0, dimension), np.float32)

    def _rows_in(self, part: int, numbers: NDArray[np.int64]) -> NDArray[np.uint32]:
        return self.parts[part].stretches.rows_at(numbers - self.offsets[part]).astype(np.uint32)

    def _column_at(self, spread: Spread, columns: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
        values = np.empty(len(spread.rows), np.int64)
        for part, span in spread.parts():
            values[span] = columns[part][spread.rows[span]]
        return values

    def _through(self, places: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
        moved = [own + offset for own, offset in zip(places, self.offsets, strict=False)]
        return np.concatenate([np.zeros(0, np.int64), *moved])

    def _look_up(self, terms: Sequence[str]) -> Iterator[tuple[str, Occurrences]]:
        hashes = [term_hash(term) for term in terms]
        wanted = np.asarray(hashes, np.uint64)
        ranges = [part.segment.keywords.ranges(wanted) for part in self.parts]
        for place, (term, value) in enumerate(zip(terms, hashes, strict=True)):
            bounds, rows, frequency = [], 0, 0
            for part, gone, (starts, ends) in zip(self.parts, self._gone_rows, ranges, strict=True):
                own, readable, counting = _own(part, gone, starts[place], ends[place])
                bounds.append(own)
                rows += readable
                frequency += counting
            yield term, Occurrences(value, tuple(bounds), rows, frequency)


class Views:
    """Remembers what viewers may read of a generation. Safe to use from several threads."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation
        self._by_audience = [AudienceRows(s.audiences, s.keywords.lengths) for s in generation.segments]
        self._dead = [~alive if not alive.all() else None for alive in generation.alive]
        self._known: OrderedDict[tuple[frozenset[int], bytes], Readable] = OrderedDict()
        self._remembering = threading.Lock()

    def of(self, audiences: frozenset[int], without: NDArray[np.int64]) -> Readable:
        """The rows of the audiences, of which the passages `without` do not count."""
        key = audiences, without.tobytes()
        with self._remembering:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        made = Readable(list(self._parts(audiences, without)))
        with self._remembering:
            self._known[key] = made
            if len(self._known) > MOST_VIEWS:
                self._known.popitem(last=False)
        return made

    def _parts(self, audiences: frozenset[int], without: NDArray[np.int64]) -> Iterator[AllowedRows]:
        together = zip(self._generation.segments, self._dead, self._by_audience, strict=True)
        for segment, dead, by_audience in together:
            stretches, tokens = by_audience.of(audiences)
            yield _part(segment, dead, stretches, tokens, without)


def _part(
    segment: Segment,
    dead: NDArray[np.bool_] | None,
    stretches: Stretches,
    tokens: int,
    without: NDArray[np.int64],
) -> AllowedRows:
    lost = np.zeros(stretches.rows, np.bool_) if dead is None else stretches.column(dead)
    if len(without):
        lost = lost | np.isin(stretches.column(segment.passages), without)
    gone = np.flatnonzero(lost)
    left = tokens - int(segment.keywords.lengths[stretches.rows_at(gone)].sum(dtype=np.int64))
    return AllowedRows(segment, stretches, gone, ~lost if len(gone) else None, left)


def _own(part: AllowedRows, gone: NDArray[np.uint32], start: int, end: int) -> tuple[tuple[int, int], int, int]:
    """Of the postings of a term those between the first and the last stretch; how many are readable, and how many of
    these count."""
    stretches = part.stretches
    if start == end or not stretches.rows:
        return (0, 0), 0, 0
    rows, _ = part.segment.keywords.between(start, end)
    readable = end - start
    if stretches.rows < part.segment.rows:
        first, last = stretches.bounds_in(rows)
        readable = int((last - first).sum())
        start, end, rows = start + int(first[0]), start + int(last[-1]), rows[int(first[0]) : int(last[-1])]
    return (start, end), readable, readable - _shared(rows, gone)


def _shared(rows: NDArray[np.uint32], others: NDArray[np.uint32]) -> int:
    """How many of some rows are also among the others; both ascend."""
    short, long = sorted((rows, others), key=len)
    return int(np.count_nonzero(_among(short, long))) if len(short) else 0


def _among(wanted: NDArray[Value], ascending: NDArray[Value]) -> NDArray[np.bool_]:
    """Which of some values are among others."""
    places = np.searchsorted(ascending, wanted)
    return np.asarray(ascending[np.minimum(places, len(ascending) - 1)] == wanted)
