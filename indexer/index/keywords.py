"""BM25 over one segment: postings in flat arrays, opened by memory map.

A term is kept as a 64-bit hash; its text stands in `terms.txt` in the same order, for showing and for suggestions.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.index.tokens import TOKEN, tokens

K1 = 1.2
B = 0.75
MOST_OCCURRENCES = 255
FREQUENT = "frequent.npy"
FREQUENT_TERMS = "frequent_terms.npy"
FREQUENT_SHARE = 8  # one row in eight: a byte a row then takes hardly more room than postings do
FREQUENT_ROWS = 8_192  # smaller segments are searched quickly anyway


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
        terms, starts = hashes[by_hash], np.searchsorted(term_of, np.arange(len(texts) + 1))
        having, often = row_of.astype(np.uint32), np.minimum(counts, MOST_OCCURRENCES).astype(np.uint8)
        np.save(folder / "terms.npy", terms)
        np.save(folder / "starts.npy", starts)
        np.save(folder / "rows.npy", having)
        np.save(folder / "counts.npy", often)
        np.save(folder / "lengths.npy", lengths.astype(np.uint32))
        _write_frequent(folder, terms, starts, having, often, len(order))
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
    """How some rows have a term, each (n,): how often, and how long the texts are, in tokens."""

    counts: NDArray[np.float32]
    lengths: NDArray[np.float32]


class KeywordIndex:
    """The postings of one segment, open for reading."""

    def __init__(self, folder: Path) -> None:
        self._terms = _mapped(folder / "terms.npy")
        self._starts = _mapped(folder / "starts.npy")
        self._rows = _mapped(folder / "rows.npy")
        self._counts = _mapped(folder / "counts.npy")
        self.lengths = _mapped(folder / "lengths.npy")
        known = (folder / FREQUENT).exists()
        self._columns = _mapped(folder / FREQUENT) if known else np.zeros((0, len(self.lengths)), np.uint8)
        frequent = _mapped(folder / FREQUENT_TERMS) if known else np.zeros(0, np.uint64)
        self._frequent = {int(value): number for number, value in enumerate(frequent)}

    def rows_with(self, term: str) -> NDArray[np.uint32]:
        """The rows in which the term occurs, ascending."""
        starts, ends = self.ranges(np.asarray([term_hash(term)], np.uint64))
        return self.between(int(starts[0]), int(ends[0]))[0]

    def ranges(self, hashes: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """From where to where the postings of terms stand, each (n,); the same where there are none."""
        if not len(self._terms):
            return np.zeros(len(hashes), np.int64), np.zeros(len(hashes), np.int64)
        places = np.minimum(np.searchsorted(self._terms, hashes), len(self._terms) - 1)
        starts = self._starts[places]
        return starts, np.where(self._terms[places] == hashes, self._starts[places + 1], starts)

    def between(self, start: int, end: int) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
        """Postings of one term: the rows, ascending, and how often each has it."""
        # Nobody would miss a row that is looked for behind the last: this is how damage shows.
        if end > start and self._rows[end - 1] >= len(self.lengths):
            raise IndexError("a term stands in a row that there is not")
        return self._rows[start:end], self._counts[start:end]

    def counts_at(self, term: int, start: int, end: int, rows: NDArray[np.uint32]) -> NDArray[np.uint8]:
        """How often each of some rows has the term of this hash, whose postings stand from start to end."""
        if (column := self._frequent.get(term)) is not None:
            return np.asarray(self._columns[column][rows], np.uint8)
        having, counts = self.between(start, end)
        places = having.searchsorted(rows)
        return np.asarray(counts.take(places, mode="clip") * (having.take(places, mode="clip") == rows), np.uint8)

    def has_column(self, term: int) -> bool:
        """Whether a row is looked up for the term of this hash in one step."""
        return term in self._frequent


def share(weight: np.float32, postings: Postings, mean_length: float) -> NDArray[np.float32]:
    """What a term adds to the BM25 of rows, (n,), where `weight` is its weight in the query times its idf.

    The sum over terms of weight · idf · tf (k1 + 1) / (tf + k1 (1 - b + b · length / mean length)), after Robertson
    and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with k1 = 1.2 and b = .75.
    """
    penalty = K1 * (1 - B + B * postings.lengths / mean_length)
    return np.asarray(weight * postings.counts * (K1 + 1) / (postings.counts + penalty), np.float32)


def _write_frequent(
    folder: Path,
    terms: NDArray[np.uint64],
    starts: NDArray[np.int64],
    rows: NDArray[np.uint32],
    counts: NDArray[np.uint8],
    length: int,
) -> None:
    """Write, of the terms that many rows have, how often every row has each: (terms, rows). So a row is looked up in
    one step."""
    frequent = np.flatnonzero(np.diff(starts) * FREQUENT_SHARE >= max(length, FREQUENT_ROWS))
    if not len(frequent):
        return
    columns = np.zeros((len(frequent), length), np.uint8)
    for column, term in zip(columns, frequent, strict=True):
        taken = slice(starts[term], starts[term + 1])
        column[rows[taken]] = counts[taken]
    np.save(folder / FREQUENT, columns)
    np.save(folder / FREQUENT_TERMS, terms[frequent])


def _mapped(file: Path) -> NDArray[Any]:
    """An array over mapped memory: numpy's own memmap takes four times as long for small pieces."""
    return np.asarray(np.load(file, mmap_mode="r"))
