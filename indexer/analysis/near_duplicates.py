"""Pairs of documents that say nearly the same in nearly the same words.

A MinHash signature of each document's words finds candidates; two texts are a pair only when the texts themselves agree
(`nearly_same`). Two things of one make, such as reports filled into one template, must not become a pair: that is worse
than showing one thing twice.
"""

import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from indexer.domain.progress import Progress, ReportProgress, ignore_progress
from indexer.store import Database, near_duplicates
from indexer.store.near_duplicates import DocumentText

ROWS_A_BAND = 4
BANDS = 30
VALUES = ROWS_A_BAND * BANDS
LEAST_ESTIMATE = 0.5
MOST_CANDIDATES = 50
DOCUMENTS_A_BATCH = 250
COMPARED_AT_ONCE = 20_000  # each time all signatures there are are gone through

# Measured on the sample organisation and on 7,100 documents of Kubernetes, NASA and Urho3D: rewritten copies share .71
# of their words and .26 of their threes of words, unrelated documents at most .32 and .04. Reports on one template
# reach the same figures, so numbers, repeated words and titles must agree, too.
LEAST_WORDS_SHARED = 0.65
LEAST_TRIPLES_SHARED = 0.2
LEAST_NUMBERS_SHARED = 0.75
MOST_TIMES_MORE = 2
SHORT_TEXT_WORDS = 60
SHORT_TEXT_TRIPLES_SHARED = 0.8
SAME_WORDING_TRIPLES_SHARED = 0.6
LEAST_TITLE_SHARED = 0.5
SHORTEST_SUBJECT = 3
SHORTEST_TITLE_WORD = 2

Element = TypeVar("Element")

_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"\w*\d\w*(?:[-.,/]\w+)*")


@dataclass(frozen=True, slots=True)
class Wording:
    """What is compared of a text: its words with their counts, its threes of words, its numbers and codes, and the
    beginnings of its title's words (`treat` for `treated` and `treating`)."""

    words: Counter[str]
    triples: frozenset[tuple[str, ...]]
    numbers: frozenset[str]
    title: frozenset[str]

    @classmethod
    def of(cls, title: str, text: str) -> "Wording":
        words = _WORD.findall(text.casefold())
        return cls(
            Counter(words),
            frozenset(zip(words, words[1:], words[2:], strict=False)),
            frozenset(_NUMBER.findall(f"{title} {text}".casefold())),
            frozenset(_stem(word) for word in _WORD.findall(title.casefold()) if len(word) >= SHORTEST_TITLE_WORD),
        )


def find_near_duplicates(database: Database, report: ReportProgress = ignore_progress) -> int:
    """Compare every document that is new or has changed with all others and save the pairs; gives how many were
    compared."""
    with database.read() as transaction:
        unsigned = near_duplicates.unsigned(transaction)
        if not unsigned:
            return 0
        corpus = _Corpus(near_duplicates.all_signatures(transaction), near_duplicates.audiences(transaction))
    done = 0
    for batch in _batches(unsigned, COMPARED_AT_ONCE):
        found: dict[int, NDArray[np.uint32]] = {}
        for few in _batches(batch, DOCUMENTS_A_BATCH):
            with database.read() as transaction:
                texts = near_duplicates.texts_of(transaction, few)
            found |= {document: signature(f"{text.title} {text.text}") for document, text in texts.items()}
            done += len(few)
            report(Progress("looking for near-duplicates", done, len(unsigned), "documents"))
        pairs = list(_pairs(database, corpus.add(found)))
        with database.begin() as transaction:
            signed = {document: values.tobytes() for document, values in found.items()}
            near_duplicates.save(transaction, signed, pairs)
    return done


def _pairs(database: Database, candidates: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Those of the candidates that are near-duplicates."""
    for batch in _batches(candidates, DOCUMENTS_A_BATCH):
        with database.read() as transaction:
            texts = near_duplicates.texts_of(transaction, set(chain(*batch)))
        yield from _verified(batch, texts)


def nearly_same(one: Wording, other: Wording) -> bool:
    """Whether two texts are the same thing, perhaps reworded."""
    shared = _jaccard(one.triples, other.triples)
    least = LEAST_TRIPLES_SHARED
    if min(len(one.words), len(other.words)) < SHORT_TEXT_WORDS:
        least = SHORT_TEXT_TRIPLES_SHARED
    return (
        shared >= least
        and _jaccard(one.words.keys(), other.words.keys()) >= LEAST_WORDS_SHARED
        and _jaccard(one.numbers, other.numbers) >= LEAST_NUMBERS_SHARED
        and not _has_own_subject(one.words, other.words)
        and not _has_own_subject(other.words, one.words)
        and _titles_agree(one, other, shared)
    )


def signature(text: str) -> NDArray[np.uint32]:
    """MinHash of the set of a text's words, (VALUES,): equal values of two texts estimate their Jaccard index.

    Broder, "On the resemblance and containment of documents", 1997; multiply-shift hashing of words' CRC-32.
    """
    words = set(_WORD.findall(text.casefold())) or {""}
    codes = np.fromiter((zlib.crc32(word.encode("utf-8", "surrogatepass")) for word in words), np.uint64, len(words))
    factors, terms = _hashes()
    hashed = (codes[:, None] * factors[None, :] + terms[None, :]) >> np.uint64(32)
    return np.asarray(hashed.min(axis=0), np.uint32)


class _Corpus:
    """Signatures compared so far, by document.

    Where very many are alike, a document is compared with some of each audience: which it is a pair with follows from
    what those may read who may read both.
    """

    def __init__(self, stored: Mapping[int, bytes], audiences: Mapping[int, int]) -> None:
        self._audiences = audiences
        self._documents = np.fromiter(stored, np.int64, len(stored))
        self._values = np.frombuffer(b"".join(stored.values()), np.uint32).reshape(-1, VALUES)

    def add(self, found: Mapping[int, NDArray[np.uint32]]) -> list[tuple[int, int]]:
        """Take documents in; gives them with the documents that they may be near-duplicates of, smaller id first."""
        start = len(self._documents)
        self._documents = np.concatenate([self._documents, np.fromiter(found, np.int64, len(found))])
        self._values = np.concatenate([self._values, np.stack(list(found.values()))])
        audiences = [self._audiences[document] for document in self._documents.tolist()]
        sharing = _sharing_a_band(self._values, audiences, start)
        pairs: set[tuple[int, int]] = set()
        for row, others in sharing.items():
            one = int(self._documents[row])
            alike = chain(*(self._alike(row, sorted(theirs)) for theirs in others.values()))
            pairs.update((min(one, other), max(one, other)) for other in alike)
        return sorted(pairs)

    def _alike(self, row: int, others: Sequence[int]) -> list[int]:
        estimates = (self._values[others] == self._values[row]).mean(axis=1)
        best = np.argsort(-estimates, kind="stable")[:MOST_CANDIDATES]
        return [int(self._documents[others[i]]) for i in best if estimates[i] >= LEAST_ESTIMATE]


def _sharing_a_band(values: NDArray[np.uint32], audiences: Sequence[int], start: int) -> dict[int, dict[int, set[int]]]:
    """For each row from `start` on, the rows before it that have one whole band of values in common with it, by
    audience."""
    sharing: dict[int, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    for band in range(0, VALUES, ROWS_A_BAND):
        keys = _keys(values[:, band : band + ROWS_A_BAND])
        wanted = np.flatnonzero(np.isin(keys, keys[start:]))
        by_key: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        for row, key in zip(wanted.tolist(), keys[wanted].tolist(), strict=True):
            before = by_key[key]
            if row >= start:
                for audience, rows in before.items():
                    sharing[row][audience].update(rows)
            if len(mine := before[audiences[row]]) < MOST_CANDIDATES:
                mine.append(row)
    return sharing


def _keys(values: NDArray[np.uint32]) -> NDArray[np.uint64]:
    halves = np.ascontiguousarray(values).view(np.uint64)
    return np.asarray(halves[:, 0] * np.uint64(0x9E3779B97F4A7C15) ^ halves[:, 1], np.uint64)


def _verified(candidates: Iterable[tuple[int, int]], texts: Mapping[int, DocumentText]) -> Iterator[tuple[int, int]]:
    @lru_cache(maxsize=1000)
    def wording(document: int) -> Wording:
        return Wording.of(texts[document].title, texts[document].text)

    return ((one, other) for one, other in candidates if nearly_same(wording(one), wording(other)))


def _batches(elements: Sequence[Element], size: int) -> Iterator[Sequence[Element]]:
    return (elements[start : start + size] for start in range(0, len(elements), size))


def _jaccard(one: Iterable[object], other: Iterable[object]) -> float:
    left, right = set(one), set(other)
    return len(left & right) / len(left | right) if left | right else 1.0


def _has_own_subject(one: Counter[str], other: Counter[str]) -> bool:
    """Whether a text keeps repeating a word that the other hardly uses: `aws` where the other says `azure`."""
    return any(
        count - other[word] > MOST_TIMES_MORE and count > 3 * other[word]
        for word, count in one.items()
        if len(word) >= SHORTEST_SUBJECT
    )


def _untold_in_title(one: Wording, other: Wording) -> int:
    """How many words of a title occur neither in the other's title nor in its text."""
    told = other.title | {_stem(word) for word in other.words}
    return len(one.title - told)


def _titles_agree(one: Wording, other: Wording, triples_shared: float) -> bool:
    """Where two texts are the same word for word, as forms are, their titles alone may tell two things apart."""
    untold = (_untold_in_title(one, other), _untold_in_title(other, one))
    if triples_shared < SAME_WORDING_TRIPLES_SHARED:
        return min(untold) <= 1
    return max(untold) == 0 and _jaccard(one.title, other.title) >= LEAST_TITLE_SHARED


def _stem(word: str) -> str:
    return word[:5]


@lru_cache(maxsize=1)
def _hashes() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    numbers = np.random.default_rng(20_250_302).integers(0, 2**63, (2, VALUES), dtype=np.uint64)
    return numbers[0] * np.uint64(2) + np.uint64(1), numbers[1]
