"""Opening a generation for reading, with the checks that cost next to nothing.

Opening compares sizes and the first bytes of every file, which hold the headers that numpy and FAISS trust, with what
was noted when they were written. Whether every byte is as it was tell `problems_of` and `knowwho generation verify`.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.domain.errors import IndexCorrupt
from indexer.index.files import checksum, head_of, read_json
from indexer.index.journal import KeptVectors
from indexer.index.manifest import GenerationManifest
from indexer.index.segment import COLUMNS, MANIFEST, VECTORS, Segment, broken_files
from indexer.index.vectors import VectorIndex

UNREADABLE = (OSError, ValueError, KeyError, TypeError, IndexError, EOFError, SyntaxError)

DIGESTS = "digests.npy"


class Generation:
    """A generation open for reading: its segments and, for each, which rows count.

    IndexCorrupt where a segment cannot be read, or is among `damaged` (name: why). With `partial` such segments are
    left out instead, and `left_out` says why.
    """

    def __init__(
        self,
        root: Path,
        manifest: GenerationManifest,
        damaged: Mapping[str, str] | None = None,
        *,
        partial: bool = False,
    ) -> None:
        self.manifest = manifest
        self.segments: list[Segment] = []
        self.left_out: dict[str, str] = {}
        for name, digest in manifest.segments.items():
            try:
                if name in (damaged or {}):
                    raise IndexCorrupt((damaged or {})[name])
                self.segments.append(open_segment(root / "segments" / name, digest))
            except IndexCorrupt as error:
                if not partial:
                    raise
                self.left_out[name] = str(error)
        dead = np.asarray(manifest.dead, np.int64)
        self.alive: list[NDArray[np.bool_]] = [~np.isin(segment.passages, dead) for segment in self.segments]

    def passage_ids(self) -> NDArray[np.int64]:
        """The passages that count, ascending."""
        parts = [segment.passages[alive] for segment, alive in zip(self.segments, self.alive, strict=True)]
        return np.sort(np.concatenate(parts)) if parts else np.zeros(0, np.int64)


def kept_vectors(folder: Path, fingerprint: str) -> KeptVectors | None:
    """The vectors of a segment that was made with this model; None of another, and where a byte of them has changed."""
    try:
        told = read_json(folder / MANIFEST)
        same = all(checksum(folder / name) == told["files"][name] for name in (DIGESTS, VECTORS))
        if told["fingerprint"] != fingerprint or not same:
            return None
        return KeptVectors(np.load(folder / DIGESTS, mmap_mode="r"), VectorIndex(folder / VECTORS))
    except (IndexCorrupt, *UNREADABLE):
        return None


def open_segment(folder: Path, digest: str) -> Segment:
    """A segment whose manifest has this checksum. IndexCorrupt where a file is missing, cut off or cannot be read."""
    check_heads(folder, digest)
    try:
        segment = Segment(folder)
    except UNREADABLE as error:
        raise IndexCorrupt(f"{folder} cannot be read: {error}") from error
    lengths = {len(getattr(segment, column)) for column in COLUMNS} | {len(segment.vectors.matrix)}
    if lengths != {segment.rows}:
        raise IndexCorrupt(f"{folder} has columns of different lengths")
    return segment


def problems_of(folder: Path, digest: str) -> list[str]:
    """What is wrong with any byte of a segment, as sentences; reads all of it."""
    if not (folder / MANIFEST).exists():
        return [f"segment {folder} is missing"]
    if checksum(folder / MANIFEST) != digest:
        return [f"{folder / MANIFEST} has changed since it was written"]
    return broken_files(folder)


def check_heads(folder: Path, digest: str) -> None:
    """IndexCorrupt where a file of a segment is missing or has another size or beginning than when it was written."""
    file = folder / MANIFEST
    try:
        if checksum(file) != digest:
            raise IndexCorrupt(f"{file} has changed since it was written")
        told = read_json(file)
        heads = told.get("heads") or dict.fromkeys(told["files"])  # an older version noted no heads
        for name, expected in heads.items():
            if not (folder / name).exists():
                raise IndexCorrupt(f"{folder / name} is missing")
            if expected is not None and head_of(folder / name) != tuple(expected):
                raise IndexCorrupt(f"{folder / name} has changed since it was written")
    except UNREADABLE as error:
        raise IndexCorrupt(f"{file} cannot be read: {error}") from error
