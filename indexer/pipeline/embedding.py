"""The vectors of passages: taken over where the same text was embedded before, else computed."""

from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing

import numpy as np
from numpy.typing import NDArray

from indexer.domain.progress import Progress, ReportProgress
from indexer.embedding import Encoder
from indexer.home import Home
from indexer.index import EmbeddingJournal, Row
from indexer.index.journal import KeptVectors

CHARACTERS_AT_ONCE = 30_000  # half a second of work, after which progress is told and a job can be stopped
ROWS_AT_ONCE = 10_000
CALLS_AT_ONCE = 2  # while one ends, is noted and told, the other keeps the processor busy


class PassageVectors:
    """Finds vectors in segments and the journal of a run that was killed; what it computes it notes there first."""

    def __init__(
        self,
        home: Home,
        encoder: Encoder,
        dimension: int,
        kept: Sequence[KeptVectors],
        report: ReportProgress,
        total: int,
    ) -> None:
        self._encoder = encoder
        self._report = report
        self._total = total
        self._done = 0
        self.encoded = 0
        self.dimension = dimension
        self._journal = EmbeddingJournal(home.index.root, encoder.fingerprint, self.dimension)
        self._kept = (self._journal.read(), *kept)

    def of(self, rows: Sequence[Row]) -> NDArray[np.float32]:
        """The vectors of some passages, (len(rows), dimension)."""
        places: dict[bytes, list[int]] = {}
        for place, row in enumerate(rows):
            places.setdefault(row.digest, []).append(place)
        vectors = np.empty((len(rows), self.dimension), np.float32)
        known = set(self._take_over(places, vectors))
        fresh = {digest: rows[held[0]].text for digest, held in places.items() if digest not in known}
        told = self._done + sum(len(places[digest]) for digest in known)
        with closing(_encoded(self._encoder, fresh)) as batches:
            for digests, encoded in batches:
                self._journal.append(digests, encoded)
                for digest, vector in zip(digests, encoded, strict=True):
                    vectors[places[digest]] = vector
                told += sum(len(places[digest]) for digest in digests)
                self._report(Progress("embedding", told, self._total, "passages"))
        self.encoded += len(fresh)
        self._done += len(rows)
        self._report(Progress("embedding", self._done, self._total, "passages"))
        return vectors

    def forget(self) -> None:
        """Drop the journal once its vectors are in a published segment."""
        self._journal.remove()

    def _take_over(self, places: Mapping[bytes, Sequence[int]], vectors: NDArray[np.float32]) -> Iterator[bytes]:
        """Fill in what was embedded before; gives the digests of those texts."""
        halves = np.frombuffer(b"".join(places), np.uint64)[::2]
        for kept in self._kept:
            first = np.ascontiguousarray(kept.digests).view(np.uint64).reshape(-1, 2)[:, 0]
            known = np.flatnonzero(np.isin(first, halves))
            for start in range(0, len(known), ROWS_AT_ONCE):
                rows = known[start : start + ROWS_AT_ONCE]
                for row, vector in zip(rows.tolist(), kept.vectors.rows(rows), strict=True):
                    digest = kept.digests[row].tobytes()
                    if digest in places:
                        vectors[places[digest]] = vector
                        yield digest


def _encoded(
    encoder: Encoder, texts: Mapping[bytes, str]
) -> Generator[tuple[list[bytes], NDArray[np.float32]], None, None]:
    """The texts' vectors in order, batch after batch, some being computed while others are dealt with."""
    waiting: deque[tuple[list[bytes], Future[NDArray[np.float32]]]] = deque()
    with ThreadPoolExecutor(CALLS_AT_ONCE, "embedding") as threads:
        for digests in _batches(texts):
            call = threads.submit(encoder.encode_passages, [texts[digest] for digest in digests])
            waiting.append((digests, call))
            if len(waiting) > CALLS_AT_ONCE:
                yield _first(waiting)
        while waiting:
            yield _first(waiting)


def _first(
    waiting: deque[tuple[list[bytes], Future[NDArray[np.float32]]]],
) -> tuple[list[bytes], NDArray[np.float32]]:
    digests, vectors = waiting.popleft()
    return digests, vectors.result()


def _batches(texts: Mapping[bytes, str]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    room = CHARACTERS_AT_ONCE
    for digest, text in texts.items():
        batch.append(digest)
        room -= len(text)
        if room <= 0:
            yield batch
            batch, room = [], CHARACTERS_AT_ONCE
    if batch:
        yield batch
