"""The words of a segment as they are written, for finding those that resemble a misspelt one.

`words.txt` holds the words, one a line, in order of length; `words.npy` says of each where its line starts, how long
it is, and which letters it is made of. Segments without the files suggest nothing.
"""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import DamerauLevenshtein

from indexer.index.tokens import words_of

WORDS = "words.txt"
TABLE = "words.npy"
SHORTEST = 3
LONGEST = 40
COLUMNS = np.dtype([("letters", "<u8"), ("start", "<u4"), ("length", "u1")], align=True)
BITS = 64


class WordBuilder:
    """Collects the words of passages and writes them."""

    def __init__(self) -> None:
        self._words: set[str] = set()

    def add(self, text: str) -> None:
        """Add the words of a passage, or of a part of one."""
        self._words.update(words_of(text))

    def write(self, folder: Path) -> None:
        words = sorted(filter(_is_kept, self._words), key=lambda word: (len(word), word))
        lines = [f"{word}\n".encode() for word in words]
        table = np.zeros(len(words), COLUMNS)
        table["letters"] = np.asarray([letters_of(word) for word in words], np.uint64)
        table["start"] = np.cumsum([0, *map(len, lines)])[: len(words)]
        table["length"] = [len(word) for word in words]
        np.save(folder / TABLE, table)
        (folder / WORDS).write_bytes(b"".join(lines))


class WordIndex:
    """The words of one segment, open for reading by memory map."""

    def __init__(self, folder: Path) -> None:
        known = (folder / TABLE).exists()
        # Plain arrays over the mapped memory: numpy's memmap takes four times as long for single values.
        table: NDArray[np.void] = np.asarray(np.load(folder / TABLE, mmap_mode="r") if known else np.zeros(0, COLUMNS))
        self._letters, self._starts = table["letters"], table["start"]
        self._lengths = table["length"]
        # An empty file cannot be mapped.
        self._text = np.memmap(folder / WORDS, np.uint8, "r").data if len(table) else memoryview(b"")

    def near(self, word: str, most_edits: int) -> Iterator[tuple[str, int]]:
        """Each other word at most so many edits away, and the edits.

        An edit is a letter put in, left out, changed, or two neighbours swapped: F. Damerau, "A technique for computer
        detection and correction of spelling errors" (1964). The first letter is seldom wrong unless it is swapped with
        its neighbour (E. Yannakoudakis and D. Fawthrop, "The rules of spelling errors", 1983): only such words are
        looked at. One edit changes the set of letters by two at most, which rules out most of them unread.
        """
        for first, last in self._blocks(word, most_edits):
            differing = np.bitwise_count(self._letters[first:last] ^ letters_of(word))
            for place in np.flatnonzero(differing <= 2 * most_edits) + first:
                other = self._word(int(place))
                edits = DamerauLevenshtein.distance(word, other, score_cutoff=most_edits)
                if 0 < edits <= most_edits and (other[0] == word[0] or other[1::-1] == word[:2]):
                    yield other, edits

    def _blocks(self, word: str, most_edits: int) -> Iterator[tuple[int, int]]:
        """From where to where the words stand that have about the length and one of the first two letters."""
        lengths = range(max(len(word) - most_edits, SHORTEST), len(word) + most_edits + 1)
        starts = np.searchsorted(self._lengths, [*lengths, lengths.stop])
        for start, end in pairwise(map(int, starts)):
            for letter in sorted(set(word[:2])):
                first = bisect_left(range(end), letter, start, key=self._word)
                yield first, bisect_left(range(end), chr(ord(letter) + 1), first, key=self._word)

    def _word(self, place: int) -> str:
        end = self._starts[place + 1] if place + 1 < len(self._starts) else len(self._text)
        return str(self._text[self._starts[place] : end - 1], "utf-8")


def letters_of(word: str) -> np.uint64:
    """The set of a word's letters as bits, of which several letters may share one."""
    bits = 0
    for letter in word:
        bits |= 1 << (ord(letter) % BITS)
    return np.uint64(bits)


def _is_kept(word: str) -> bool:
    return SHORTEST <= len(word) <= LONGEST and word.isprintable()
