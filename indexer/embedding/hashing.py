"""An encoder without a model: words and their beginnings hashed into a fixed number of signed buckets.

Feature hashing after Weinberger et al., "Feature Hashing for Large Scale Multitask Learning" (ICML 2009). It knows
spelling, not meaning: for tests, and for a machine on which no model can be had (`encoder.model: hashing`,
or `hashing-64` for 64 buckets).
"""

import re
import zlib
from collections.abc import Iterator, Sequence

import numpy as np

from indexer.embedding.base import Vectors

WORD = re.compile(r"\w+")
DIMENSION = 256
BEGINNING = 5


class HashingEncoder:
    def __init__(self, dimension: int = DIMENSION) -> None:
        self.dimension = dimension
        self.fingerprint = f"hashing-{dimension}-1"

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in enumerate(texts):
            for feature in _features(text):
                code = zlib.crc32(feature.encode("utf-8", "surrogatepass"))
                vectors[row, code % self.dimension] += 1 if code & 2**31 else -1
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.maximum(lengths, 1e-9), np.float32)

    def encode_query(self, text: str) -> Vectors:
        return np.asarray(self.encode_queries([text])[0], np.float32)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self.encode_passages(texts)


def _features(text: str) -> Iterator[str]:
    for word in WORD.findall(text.casefold()):
        yield word
        if len(word) > BEGINNING:
            yield word[:BEGINNING]
