"""The vectors of the scale corpus, kept outside the repository so that a million passages are encoded once.

`vectors/digests.bin` holds 16 bytes a text and `vectors/vectors.bin` its vector in 16 bit, in the same order; both only
grow. What a killed job has written by half is cut off by the next.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.embedding import Encoder
from indexer.embedding.base import Vectors
from scripts.benches.common import CACHE

FOLDER = CACHE / "scale" / "vectors"
APPROXIMATIONS = CACHE / "scale" / "approximations"
DIGEST = 16
DIMENSION = 384


def digest_of(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST).digest()


class VectorStore:
    """Vectors by the digest of their text; one process at a time may add to them."""

    def __init__(self, folder: Path = FOLDER) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._digests, self._vectors = folder / "digests.bin", folder / "vectors.bin"
        self._digests.touch()
        self._vectors.touch()

    def __len__(self) -> int:
        return min(self._digests.stat().st_size // DIGEST, self._vectors.stat().st_size // (2 * DIMENSION))

    def cut(self) -> None:
        """Forget what was written by half."""
        for file, size in ((self._digests, DIGEST), (self._vectors, 2 * DIMENSION)):
            with file.open("r+b") as opened:
                opened.truncate(len(self) * size)

    def add(self, digests: Sequence[bytes], vectors: Vectors) -> None:
        with self._vectors.open("ab") as file:
            file.write(vectors.astype(np.float16).tobytes())
        with self._digests.open("ab") as file:
            file.write(b"".join(digests))

    def digests(self) -> set[bytes]:
        held = self._digests.read_bytes()
        return {held[start : start + DIGEST] for start in range(0, len(self) * DIGEST, DIGEST)}

    def matrix(self) -> NDArray[np.float16]:
        """All vectors, (n, 384), by memory map."""
        count = len(self)
        return np.memmap(self._vectors, np.float16, "r", shape=(count, DIMENSION)) if count else np.zeros((0, 0), "f2")

    def places(self) -> "Places":
        """Where the vector of each digest stands, as of now."""
        return Places(np.frombuffer(self._digests.read_bytes()[: len(self) * DIGEST], np.uint64).reshape(-1, 2))


class Places:
    """Finds rows by digest; `halves` is (n, 2), the two halves of each digest."""

    def __init__(self, halves: NDArray[np.uint64]) -> None:
        self._order = np.argsort(halves[:, 0], kind="stable")
        self._first, self._second = halves[self._order, 0], halves[:, 1]

    def of(self, digests: Sequence[bytes]) -> NDArray[np.int64]:
        """The row of each digest, -1 where there is none."""
        wanted = np.frombuffer(b"".join(digests), np.uint64).reshape(-1, 2)
        found = np.searchsorted(self._first, wanted[:, 0])
        found = np.minimum(found, max(len(self._first) - 1, 0))
        if not len(self._first):
            return np.full(len(wanted), -1, np.int64)
        rows = self._order[found]
        same = (self._first[found] == wanted[:, 0]) & (self._second[rows] == wanted[:, 1])
        return np.where(same, rows, -1)


class CachedEncoder:
    """The given model, but for passages that have been encoded already: those are looked up; where they have not, but
    an approximation is kept, that is taken. `encoded`, `kept` and `approximated` count the passages by where their
    vectors came from."""

    def __init__(self, model: Encoder, store: VectorStore, approximations: VectorStore | None = None) -> None:
        self.fingerprint, self.dimension = model.fingerprint, model.dimension
        self._model = model
        stores = [store] if approximations is None else [store, approximations]
        self._known = [(known.matrix(), known.places()) for known in stores]
        self._counts = [0, 0]
        self.encoded = 0

    @property
    def kept(self) -> int:
        return self._counts[0]

    @property
    def approximated(self) -> int:
        return self._counts[1]

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        digests = [digest_of(text) for text in texts]
        left = np.ones(len(texts), np.bool_)
        for number, (matrix, places) in enumerate(self._known):
            rows = places.of(digests)
            found = np.flatnonzero(left & (rows >= 0))
            if len(found):
                vectors[found] = matrix[rows[found]]
                left[found] = False
            self._counts[number] += len(found)
        unknown = np.flatnonzero(left)
        if len(unknown):
            vectors[unknown] = self._model.encode_passages([texts[place] for place in unknown])
            self.encoded += len(unknown)
        # What is rounded to 16 bit is not quite of unit length, and an approximation is no different.
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)

    def encode_query(self, text: str) -> Vectors:
        return self._model.encode_query(text)
