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

import numpy as np
from numpy.typing import NDArray

from indexer.index.keywords import FREQUENT_SHARE, K1, Postings, share
from indexer.index.readable import Occurrences, Readable, Spread

ROUNDING = 1e-5  # of sums of some dozens of numbers in 32 bit
FEW_POSTINGS = 10_000  # are read faster than anything is left out
FIRST_POSTINGS = 40  # for each row wanted, before the least score is guessed
GUESSED_FROM = 2  # rows for each row wanted
LOOK_UP = 8  # times reading a posting
SPARE_SUMS = 4


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


@dataclass(slots=True)
class Term:
    """A term of a question: where it stands, and its weight times its idf. `numbers` and `shares`, each (n,), tell once
    it has been read which rows have it and what it adds to them."""

    found: Occurrences
    weight: np.float32
    numbers: NDArray[np.int64] | None = None
    shares: NDArray[np.float32] | None = None

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
        self._touched: list[NDArray[np.int64]] = []

    def best(self, limit: int) -> NDArray[np.int64]:
        """The numbers, ascending, of rows among which are all that have one of the terms and are as good as the `limit`
        best of those that count and pass the filters."""
        terms = sorted(self._terms, key=lambda term: (-term.most, term.found.rows))
        postings = sum(term.found.rows for term in terms)
        if self._mask is not None and LOOK_UP * len(terms) * int(np.count_nonzero(self._mask)) < postings:
            return self._best_of(np.flatnonzero(self._mask), limit)
        rest = np.cumsum([0.0, *(term.most for term in reversed(terms))])[::-1]
        read = self._first_read(terms, FIRST_POSTINGS * limit if postings > FEW_POSTINGS else postings)
        least = self._least(terms[read:], limit)
        while read < len(terms) and rest[read] >= least:
            self._read(terms[read])
            read += 1
        return self._narrowed(self._candidates(least - rest[read]), terms[read:], rest[read:], least)

    def scores(self, spread: Spread) -> NDArray[np.float32]:
        """BM25 of some rows, (n,)."""
        lengths = self._readable.lengths_at(spread)
        scores = np.zeros(len(spread.rows), np.float32)
        for term in self._terms:
            scores += self._shares_at(term, spread, lengths)
        return scores

    def clear(self) -> None:
        """Leave the sums as they were."""
        if sum(map(len, self._touched)) * 4 > len(self._sums):
            self._sums.fill(0)
        for numbers in self._touched:
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
            self._read(terms[read])
            postings += terms[read].found.rows
            read += 1
        return read

    def _read(self, term: Term) -> None:
        """Add a term to all rows that have it."""
        numbers, postings = self._readable.postings(term.found)
        term.numbers, term.shares = numbers, share(term.weight, postings, self._readable.mean_length)
        before = self._sums[numbers]
        self._sums[numbers] = before + term.shares
        self._touched.append(numbers[before == 0])

    def _least(self, rest: Sequence[Term], limit: int) -> float:
        """A score that as many rows reach as are wanted; 0 where there are not so many."""
        numbers = self._allowed(np.concatenate([np.zeros(0, np.int64), *self._touched]))
        sums, guessed = self._sums[numbers], GUESSED_FROM * limit
        if len(sums) > guessed:
            numbers = numbers[np.argpartition(sums, -guessed)[-guessed:]]
        spread = self._readable.spread(self._readable.counting(np.sort(numbers)))
        if len(spread.rows) < limit:
            return 0.0
        lengths, sums = self._readable.lengths_at(spread), self._sums[spread.numbers]
        for term in rest:
            sums += self._shares_at(term, spread, lengths)
        return float(np.partition(sums, -limit)[-limit]) * (1 - ROUNDING)

    def _candidates(self, least: float) -> NDArray[np.int64]:
        """The rows whose sums reach a value, ascending."""
        numbers = np.concatenate([np.zeros(0, np.int64), *self._touched])
        if least > 0:
            numbers = numbers[self._sums[numbers] >= least]
        return np.sort(self._readable.counting(self._allowed(numbers)))

    def _narrowed(
        self, numbers: NDArray[np.int64], rest: Sequence[Term], bounds: NDArray[np.float64], least: float
    ) -> NDArray[np.int64]:
        """Those of the rows that can still reach the least score with terms that have not been read; `bounds`,
        (rest + 1,), is what these can add together, from each on."""
        if not rest:
            return numbers
        spread = self._readable.spread(numbers)
        lengths, sums = self._readable.lengths_at(spread), self._sums[numbers]
        for term, bound in zip(rest, bounds[1:], strict=True):
            if self._is_read_faster(term, len(sums)):
                self._sums[spread.numbers] = sums
                self._read(term)
                sums = self._sums[spread.numbers]
            else:
                sums += self._shares_at(term, spread, lengths)
            kept = sums >= least - bound
            spread, lengths, sums = self._readable.kept(spread, kept), lengths[kept], sums[kept]
        return spread.numbers

    def _is_read_faster(self, term: Term, looked_up: int) -> bool:
        """Whether all of a term is read sooner than so many rows are looked up in it, which has no column."""
        return term.found.rows < min(LOOK_UP * looked_up, self._readable.rows // FREQUENT_SHARE)

    def _allowed(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        return numbers if self._mask is None else numbers[self._mask[numbers]]

    def _shares_at(self, term: Term, spread: Spread, lengths: NDArray[np.float32]) -> NDArray[np.float32]:
        """What a term adds to some rows, (n,)."""
        if term.numbers is not None and term.shares is not None:
            places = np.minimum(np.searchsorted(term.numbers, spread.numbers), len(term.numbers) - 1)
            return np.where(term.numbers[places] == spread.numbers, term.shares[places], np.float32(0))
        counts = self._readable.counts_at(term.found, spread)
        return share(term.weight, Postings(counts, lengths), self._readable.mean_length)
