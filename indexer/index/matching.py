"""The rows that fit the words of a question best, found without reading what cannot be among them.

This is MaxScore: H. Turtle and J. Flood, "Query evaluation: strategies and optimizations" (1995). The most that a term
can add to a row is known beforehand. Terms are read the rarest first, until those that are left cannot, all together,
lift a row that has no other into the best. The rest are looked up for the rows that may still be among these, and for
fewer with each term. A first guess at the least score of the best comes from the rows that the rarest terms favour,
with their full scores: so many rows reach it, hence the best do. Sums on the way are upper bounds; the scores that are
given out are added up once more, in an order that follows from the question alone, so that they are the same to the
last bit whatever was read.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from indexer.index.keywords import K1, Postings, share
from indexer.index.readable import Occurrences, Readable, Spread

ROUNDING = 1e-5  # of sums of some dozens of numbers in 32 bit
FEW_POSTINGS = 10_000  # are read faster than anything is left out
FIRST_POSTINGS = 40  # for each row wanted, before the least score is guessed
GUESSED_FROM = 3  # rows for each row wanted
LOOK_UP = 8  # times reading a posting
SPARE_SUMS = 4
WHOLE_SHARE = 4  # one row in four touched: all are set to 0 sooner than these


class Sums:
    """Arrays of sums, one number a row, all 0, lent and given back clean: making them anew takes longer than a search.
    Safe to use from several threads."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._spare: list[NDArray[np.float32]] = []

    @contextmanager
    def lent(self) -> Iterator[NDArray[np.float32]]:
        """An array for one search, which leaves it all 0; one that failed leaves it to be thrown away."""
        try:
            sums = self._spare.pop()
        except IndexError:
            sums = np.zeros(self._rows, np.float32)
        yield sums
        if len(self._spare) < SPARE_SUMS:
            self._spare.append(sums)


@dataclass(frozen=True, slots=True)
class Term:
    """A term of a question: where it stands, and its weight times its idf."""

    found: Occurrences
    weight: np.float32

    @property
    def most(self) -> float:
        """More than it adds to any row."""
        return float(self.weight) * (K1 + 1)


class Matching:
    """The rows that fit some weighted terms, of those that a viewer may read; `mask`, (rows,) by number, tells which of
    them pass the filters, None where all do."""

    def __init__(
        self,
        readable: Readable,
        weights: Mapping[str, float],
        mask: NDArray[np.bool_] | None,
        sums: NDArray[np.float32],
    ) -> None:
        found = readable.occurrences(weights)
        statistics = readable.statistics(found)
        inverse = {term: weight * statistics.idf(term) for term, weight in sorted(weights.items())}
        self.most = sum(idf * (K1 + 1) for idf in inverse.values())
        self._terms = [Term(found[term], np.float32(idf)) for term, idf in inverse.items() if found[term].rows]
        self._readable, self._mask, self._sums = readable, mask, sums
        self._touched: list[list[NDArray[np.int64]]] = [[] for _ in readable.parts]

    def best(self, limit: int) -> NDArray[np.int64]:
        """The numbers, ascending, of rows among which are all that have one of the terms and are as good as the `limit`
        best of those that count and pass the filters."""
        terms = sorted(self._terms, key=lambda term: (-term.most, term.found.rows))
        postings = sum(term.found.rows for term in terms)
        if self._mask is not None and LOOK_UP * len(terms) * int(np.count_nonzero(self._mask)) < postings:
            return self._best_of(np.flatnonzero(self._mask), limit)
        rest: list[float] = np.cumsum([0.0, *(term.most for term in reversed(terms))])[::-1].tolist()
        first = self._first_read(terms, FIRST_POSTINGS * limit if postings > FEW_POSTINGS else postings)
        least = self._least(terms[first:], limit)
        read = max(first, sum(bound >= least for bound in rest[:-1]))
        parts = range(len(self._readable.parts))
        found = (self._best_in(part, terms[first:read], terms[read:], rest[read:], least) for part in parts)
        return self._readable.counting(np.concatenate([np.zeros(0, np.int64), *found]))

    def scores(self, spread: Spread) -> NDArray[np.float32]:
        """BM25 of some rows, (n,)."""
        lengths = self._readable.lengths_at(spread)
        scores = np.zeros(len(spread.rows), np.float32)
        for term in self._terms:
            scores += self._shares_at(term, spread, lengths)
        return scores

    def clear(self) -> None:
        """Leave the sums as they were."""
        for start, end, touched in zip(self._readable.offsets, self._readable.offsets[1:], self._touched, strict=False):
            if sum(map(len, touched)) * WHOLE_SHARE > end - start:
                self._sums[start:end] = 0
            else:
                for numbers in touched:
                    self._sums[numbers] = 0

    def _best_of(self, numbers: NDArray[np.int64], limit: int) -> NDArray[np.int64]:
        """Those of some rows that are as good as the `limit` best of them."""
        scores = self.scores(self._readable.spread(numbers))
        numbers, scores = numbers[scores > 0], scores[scores > 0]
        return numbers if len(numbers) <= limit else numbers[scores >= np.partition(scores, -limit)[-limit]]

    def _first_read(self, terms: Sequence[Term], enough: int) -> int:
        """Read the terms that tell the most, until so many postings are read; gives how many."""
        read = postings = 0
        while read < len(terms) and postings < enough:
            for part in range(len(self._readable.parts)):
                self._read(terms[read], part)
            postings += terms[read].found.rows
            read += 1
        return read

    def _read(self, term: Term, part: int) -> None:
        """Add a term to all rows of a part that have it."""
        if not term.found.is_in(part):
            return
        numbers, postings = self._readable.postings(term.found, part)
        before = self._sums[numbers]
        self._sums[numbers] = before + share(term.weight, postings, self._readable.mean_length)
        self._touched[part].append(numbers[before == 0])

    def _least(self, rest: Sequence[Term], limit: int) -> float:
        """A score that as many rows reach as are wanted; 0 where there are not so many."""
        numbers = self._allowed(np.concatenate([np.zeros(0, np.int64), *chain.from_iterable(self._touched)]))
        sums, guessed = self._sums[numbers], GUESSED_FROM * limit if rest else limit
        if len(sums) > guessed:
            numbers = numbers[np.argpartition(sums, -guessed)[-guessed:]]
        spread = self._readable.spread(self._readable.counting(np.sort(numbers)))
        if len(spread.rows) < limit:
            return 0.0
        lengths, sums = self._readable.lengths_at(spread), self._sums[spread.numbers]
        for term in rest:
            sums += self._shares_at(term, spread, lengths)
        return float(np.partition(sums, -limit)[-limit]) * (1 - ROUNDING)

    def _best_in(
        self, part: int, needed: Sequence[Term], rest: Sequence[Term], bounds: Sequence[float], least: float
    ) -> NDArray[np.int64]:
        """The rows of a part that may reach the least score, ascending. The needed terms are read, the rest looked up;
        `bounds`, (rest + 1,), is what these can add together, from each on."""
        for term in needed:
            self._read(term, part)
        numbers = self._allowed(np.concatenate([np.zeros(0, np.int64), *self._touched[part]]))
        numbers = np.sort(numbers[self._sums[numbers] >= least - bounds[0]])
        sums, lengths = self._sums[numbers], self._readable.lengths_in(part, numbers)
        for term, bound in zip(rest, bounds[1:], strict=True):
            if self._is_read_faster(term, part, len(numbers)):
                self._sums[numbers] = sums
                self._read(term, part)
                sums = self._sums[numbers]
            elif term.found.is_in(part) and len(numbers):
                counts = self._readable.counts_in(part, term.found, numbers)
                sums += share(term.weight, Postings(counts, lengths), self._readable.mean_length)
            kept = sums >= least - bound
            numbers, lengths, sums = numbers[kept], lengths[kept], sums[kept]
        return numbers

    def _is_read_faster(self, term: Term, part: int, looked_up: int) -> bool:
        """Whether all of a term is read sooner than so many rows are looked up in it."""
        start, end = term.found.bounds[part]
        keywords = self._readable.parts[part].segment.keywords
        return end - start < LOOK_UP * looked_up and not keywords.has_column(term.found.hash)

    def _allowed(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        return numbers if self._mask is None else numbers[self._mask[numbers]]

    def _shares_at(self, term: Term, spread: Spread, lengths: NDArray[np.float32]) -> NDArray[np.float32]:
        """What a term adds to some rows, (n,)."""
        counts = self._readable.counts_at(term.found, spread)
        return share(term.weight, Postings(counts, lengths), self._readable.mean_length)
