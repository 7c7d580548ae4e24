"""An exact search in plain Python: filter first, then score every passage that is left.

BM25 after S. Robertson and H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), k1 = 1.2 and
b = .75, over the passages that may be read, whatever else narrows the search; cosines with the vectors as they are
kept, in 16 bit.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from indexer.embedding.hashing import HashingEncoder
from indexer.index.tokens import tokens
from indexer.passages import indexed_text
from indexer.store.passages import FoundPassage
from service.search import Query

K1, B = 1.2, 0.75
MOST_OCCURRENCES = 3


@dataclass(frozen=True)
class ExactScores:
    """By id of the passages that pass every filter: the cosine, and BM25 as a share of the most that it could be."""

    cosines: Mapping[int, float]
    words: Mapping[int, float]


class ExactSearch:
    """Searches the given passages, all of which may be read."""

    def __init__(self, readable: Sequence[FoundPassage]) -> None:
        self._passages = readable
        texts = [indexed_text(p.document.title, p.locator.heading, p.text) for p in readable]
        self._counts = [Counter(tokens(text)) for text in texts]
        self._mean_length = sum(sum(counts.values()) for counts in self._counts) / max(len(texts), 1)
        self._holding = Counter(token for counts in self._counts for token in counts)
        encoded = HashingEncoder().encode_passages(texts) if texts else np.zeros((0, 1), np.float32)
        self._vectors = encoded.astype(np.float16).astype(np.float64)

    def scores(self, question: str, query: Query) -> ExactScores:
        """The scores for a question of what passes the query's filters."""
        asked: NDArray[np.float64] = HashingEncoder().encode_query(question).astype(np.float64)
        wanted = {token: min(number, MOST_OCCURRENCES) for token, number in Counter(tokens(question)).items()}
        most = sum(number * self._idf(token) * (K1 + 1) for token, number in wanted.items())
        cosines, words = {}, {}
        for place, passage in enumerate(self._passages):
            if _passes(passage, query):
                cosines[passage.id] = float(self._vectors[place] @ asked)
                words[passage.id] = self._bm25(self._counts[place], wanted) / (most or 1.0)
        return ExactScores(cosines, words)

    def _bm25(self, counts: Counter[str], wanted: Mapping[str, int]) -> float:
        long = K1 * (1 - B + B * sum(counts.values()) / (self._mean_length or 1.0))
        return sum(
            number * self._idf(token) * counts[token] * (K1 + 1) / (counts[token] + long)
            for token, number in wanted.items()
            if counts[token]
        )

    def _idf(self, token: str) -> float:
        having = self._holding[token]
        return math.log(1 + (len(self._passages) - having + 0.5) / (having + 0.5))


def _passes(passage: FoundPassage, query: Query) -> bool:
    document = passage.document
    if query.communities and document.community not in query.communities:
        return False
    if query.kinds and document.kind not in query.kinds:
        return False
    day = _day(document.updated or document.created)
    if query.since is not None and (day is None or day < _day(query.since)):
        return False
    return query.until is None or (day is not None and day <= _day(query.until))


def _day(moment: datetime | None) -> int | None:
    return None if moment is None else moment.astimezone(UTC).toordinal()
