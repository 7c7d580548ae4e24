"""From the passages in the database to a published generation.

What has to be done follows from comparing the database with the generation that serves, so a run that was killed is
taken up by the next one, and a run that finds nothing different does nothing.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.domain.errors import IndexCorrupt
from indexer.domain.progress import Progress, ReportProgress
from indexer.embedding import Encoder
from indexer.home import Home
from indexer.index import EmbeddingJournal, Generation, GenerationManifest, Row, Segment, write_segment
from indexer.passages import indexed_text
from indexer.settings import Settings
from indexer.store import passages
from indexer.store.passages import IndexablePassage

log = logging.getLogger(__name__)

PASSAGES_A_BATCH = 512
DEAD_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What a build did; `manifest` is of the new generation."""

    manifest: GenerationManifest
    embedded: int
    reused: int


def build_generation(home: Home, encoder: Encoder, settings: Settings, report: ReportProgress) -> BuildResult | None:
    """Publish a generation that holds exactly the database's passages; None where the present one does."""
    with home.database.read() as transaction:
        wanted = np.asarray(passages.passage_ids(transaction), np.int64)
    present = _usable(home, encoder)
    kept, rewritten = _choose(present, wanted, settings)
    missing = np.setdiff1d(wanted, _ids(kept))
    dead = np.setdiff1d(_ids(kept), wanted)
    if present is not None and not len(missing) and not rewritten and _same(dead, present.manifest.dead):
        return None
    vectors = _Vectors(home, encoder, present, report, len(missing))
    new = [
        _write(home, [row for row, _ in batch], np.stack([vector for _, vector in batch]), encoder)
        for batch in _embedded(home, missing, vectors, settings.index.segment_passages)
    ]
    manifest = home.index.publish(
        [*(segment.folder for segment in kept), *new],
        [int(passage) for passage in dead],
        fingerprint=encoder.fingerprint,
        dimension=vectors.dimension,
        passages=len(wanted),
        splitter=settings.passages.model_dump(),
    )
    vectors.forget()
    home.index.clean(settings.index.keep_generations)
    return BuildResult(manifest, vectors.encoded, len(missing) - vectors.encoded)


def _usable(home: Home, encoder: Encoder) -> Generation | None:
    """The generation that serves, unless it is damaged or made with another model: then all is built anew."""
    try:
        current = home.index.open_current()
    except IndexCorrupt as error:
        log.warning("the index is damaged and is built again from the database: %s", error)
        return None
    if current is None or current.manifest.fingerprint == encoder.fingerprint:
        return current
    log.warning("the embedding model has changed: every passage is embedded again")
    return None


def _choose(
    present: Generation | None, wanted: NDArray[np.int64], settings: Settings
) -> tuple[list[Segment], list[Segment]]:
    """Which segments stay as they are and which are written again, because too many of their rows are dead or because
    there are too many small ones."""
    segments = present.segments if present else []
    living = {segment.folder: int(np.isin(segment.passages, wanted).sum()) for segment in segments}
    again = [segment for segment in segments if living[segment.folder] <= (1 - DEAD_SHARE) * segment.rows]
    rest = [segment for segment in segments if segment not in again]
    small = [segment for segment in rest if segment.rows < settings.index.segment_passages / 2]
    if len(small) >= settings.index.max_segments:
        again += small
    return [segment for segment in segments if segment not in again], again


def _ids(segments: Sequence[Segment]) -> NDArray[np.int64]:
    return np.concatenate([segment.passages for segment in segments]) if segments else np.zeros(0, np.int64)


def _same(dead: NDArray[np.int64], known: Sequence[int]) -> bool:
    return {int(passage) for passage in dead} == set(known)


def _embedded(
    home: Home, missing: NDArray[np.int64], vectors: "_Vectors", at_most: int
) -> Iterator[list[tuple[Row, NDArray[np.float32]]]]:
    """The missing passages with their vectors, as many at a time as one segment holds."""
    for start in range(0, len(missing), at_most):
        ids = [int(passage) for passage in missing[start : start + at_most]]
        found: list[tuple[Row, NDArray[np.float32]]] = []
        with home.database.read() as transaction:
            stored = [_row(passage) for passage in passages.indexable_passages(transaction, ids)]
        for first in range(0, len(stored), PASSAGES_A_BATCH):
            batch = stored[first : first + PASSAGES_A_BATCH]
            found += zip(batch, vectors.of(batch), strict=True)
        yield found


def _row(passage: IndexablePassage) -> Row:
    return Row(
        passage=passage.id,
        document=passage.document,
        digest=passage.digest,
        audience=passage.audience,
        community=passage.community,
        kind=passage.kind,
        moment=passage.moment,
        text=indexed_text(passage.title, passage.heading, passage.text),
    )


def _write(home: Home, rows: Sequence[Row], vectors: NDArray[np.float32], encoder: Encoder) -> Path:
    folder = home.index.new_segment()
    write_segment(folder, rows, vectors, encoder.fingerprint)
    return folder


class _Vectors:
    """Vectors of passages: taken from segments or the journal where the same text was embedded before, else computed.

    Every segment of the present generation counts, also those that are written again.
    """

    def __init__(
        self, home: Home, encoder: Encoder, present: Generation | None, report: ReportProgress, total: int
    ) -> None:
        self._segments = present.segments if present else []
        self._encoder = encoder
        self._report = report
        self._total = total
        self._done = 0
        self.encoded = 0
        self.dimension = present.manifest.dimension if present else encoder.dimension
        self._journal = EmbeddingJournal(home.index.root, encoder.fingerprint, self.dimension)
        self._written = self._journal.read()

    def of(self, rows: Sequence[Row]) -> list[NDArray[np.float32]]:
        known = self._known([row.digest for row in rows])
        fresh = {row.digest: row.text for row in rows if row.digest not in known}
        if fresh:
            encoded = self._encoder.encode_passages(list(fresh.values()))
            self._journal.append(list(fresh), encoded)
            known.update(zip(fresh, encoded, strict=True))
        self.encoded += len(fresh)
        self._done += len(rows)
        self._report(Progress("embedding", self._done, self._total, "passages"))
        return [known[row.digest] for row in rows]

    def forget(self) -> None:
        """Drop the journal once its vectors are in a published segment."""
        self._journal.remove()

    def _known(self, digests: Sequence[bytes]) -> dict[bytes, NDArray[np.float32]]:
        known = {d: self._written[d].astype(np.float32) for d in digests if d in self._written}
        halves = np.frombuffer(b"".join(digests), np.uint64).reshape(-1, 2)[:, 0]
        for segment in self._segments:
            first = np.ascontiguousarray(segment.digests).view(np.uint64)[:, 0]
            for row in np.flatnonzero(np.isin(first, halves)):
                known[segment.digests[row].tobytes()] = segment.vectors.matrix[row].astype(np.float32)
        return known
