"""BM25 over one segment: postings in flat arrays, opened by memory map.

A term is kept as a 64-bit hash; its text stands in `terms.txt` in the same order, for showing and for suggestions.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.index.stretches import Stretches
from indexer.index.tokens import TOKEN, tokens

K1 = 1.2
B = 0.75
MOST_OCCURRENCES = 255


class KeywordBuilder:
    """Collects the tokens of passages, row by row, and writes the postings."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._written = _WrittenWords(self._numbers)
        self._occurrences: list[NDArray[np.int32]] = []

    def add(self, text: str) -> None:
        """Add the next row."""
        found = chain.from_iterable(map(self._written.__getitem__, TOKEN.findall(text)))
        self._occurrences.append(np.fromiter(found, np.int32))

    def written(self) -> Iterable[str]:
        """The different words of the rows so far, as they are written, joined ones whole."""
        return self._written.keys()

    def write(self, folder: Path, order: NDArray[np.int64]) -> None:
        """Write the files, rows taken in the given order (new row i is the order[i]-th added)."""
        lengths = np.asarray([len(self._occurrences[row]) for row in order], np.int64)
        numbers = np.concatenate([np.zeros(0, np.int32), *(self._occurrences[row] for row in order)])
        texts = list(self._numbers)
        hashes = np.asarray([term_hash(text) for text in texts], np.uint64)
        by_hash = np.argsort(hashes)
        rank = np.empty(len(texts), np.int64)
        rank[by_hash] = np.arange(len(texts))
        rows = np.repeat(np.arange(len(order)), lengths)
        keys, counts = np.unique(rank[numbers] * max(len(order), 1) + rows, return_counts=True)
        term_of, row_of = np.divmod(keys, max(len(order), 1))
        np.save(folder / "terms.npy", hashes[by_hash])
        np.save(folder / "starts.npy", np.searchsorted(term_of, np.arange(len(texts) + 1)))
        np.save(folder / "rows.npy", row_of.astype(np.uint32))
        np.save(folder / "counts.npy", np.minimum(counts, MOST_OCCURRENCES).astype(np.uint8))
        np.save(folder / "lengths.npy", lengths.astype(np.uint32))
        (folder / "terms.txt").write_text("".join(f"{texts[number]}\n" for number in by_hash), encoding="utf-8")


class _WrittenWords(dict[str, tuple[int, ...]]):
    """The numbers of each written word's tokens: most words come again and again."""

    def __init__(self, numbers: dict[str, int]) -> None:
        super().__init__()
        self._numbers = numbers

    def __missing__(self, written: str) -> tuple[int, ...]:
        numbers = self._numbers
        self[written] = found = tuple(numbers.setdefault(token, len(numbers)) for token in tokens(written))
        return found


def term_hash(term: str) -> int:
    return int.from_bytes(hashlib.blake2b(term.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


@dataclass(frozen=True, slots=True)
class CorpusStatistics:
    """What BM25 needs to know of all passages together that a viewer may read."""

    passages: int
    mean_length: float
    frequencies: Mapping[str, int]

    def idf(self, term: str) -> float:
        """ln(1 + (N - df + 1/2) / (df + 1/2)), never negative."""
        frequency = self.frequencies.get(term, 0)
        return float(np.log1p((self.passages - frequency + 0.5) / (frequency + 0.5)))


@dataclass(frozen=True, slots=True)
class Postings:
    """Where a term occurs, each (n,): the places of the rows, ascending, how often it does, and how long the texts are,
    in tokens."""

    places: NDArray[np.int64]
    counts: NDArray[np.uint8]
    lengths: NDArray[np.uint32]


class KeywordIndex:
    """The postings of one segment, open for reading."""

    def __init__(self, folder: Path) -> None:
        self._terms = np.load(folder / "terms.npy", mmap_mode="r")
        self._starts = np.load(folder / "starts.npy", mmap_mode="r")
        self._rows = np.load(folder / "rows.npy", mmap_mode="r")
        self._counts = np.load(folder / "counts.npy", mmap_mode="r")
        self.lengths = np.load(folder / "lengths.npy", mmap_mode="r")

    def rows_with(self, term: str) -> NDArray[np.uint32]:
        """The rows in which the term occurs, ascending."""
        return self._rows_between(*self._range(term))

    def postings(self, term: str, stretches: Stretches) -> Postings:
        """Where the term occurs in these rows."""
        start, end = self._range(term)
        rows = self._rows_between(start, end)
        positions, places = stretches.within(rows)
        return Postings(places, self._counts[start:end][positions], self.lengths[rows[positions]])

    def _rows_between(self, start: int, end: int) -> NDArray[np.uint32]:
        # Nobody would miss a row that is looked for behind the last: this is how damage shows.
        if end > start and self._rows[end - 1] >= len(self.lengths):
            raise IndexError("a term stands in a row that there is not")
        return np.asarray(self._rows[start:end], np.uint32)

    def _range(self, term: str) -> tuple[int, int]:
        value = np.uint64(term_hash(term))
        place = int(np.searchsorted(self._terms, value))
        if place == len(self._terms) or self._terms[place] != value:
            return 0, 0
        return int(self._starts[place]), int(self._starts[place + 1])


def score(
    rows: int, terms: Sequence[tuple[str, float]], postings: Mapping[str, Postings], statistics: CorpusStatistics
) -> NDArray[np.float32]:
    """BM25 of so many rows for weighted terms, (rows,), by place.

    Sum over terms of weight · idf · tf (k1 + 1) / (tf + k1 (1 - b + b · length / mean length)), after Robertson
    and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with k1 = 1.2 and b = .75.
    """
    scores = np.zeros(rows, np.float32)
    for term, weight in terms:
        found = postings[term]
        counts = found.counts.astype(np.float32)
        penalty = K1 * (1 - B + B * found.lengths.astype(np.float32) / statistics.mean_length)
        scores[found.places] += np.float32(weight * statistics.idf(term)) * counts * (K1 + 1) / (counts + penalty)
    return scores
