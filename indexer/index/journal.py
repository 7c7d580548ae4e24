"""Embeddings that have been computed but not published yet, so that a killed run need not compute them again.

A file of records: 16 bytes of digest, then the vector in 16 bit; each batch ends with its CRC, and reading stops at the
first batch that is cut off or damaged.
"""

import mmap
import os
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from indexer.domain.storage import storage_errors

HEADER = np.dtype([("rows", "<u4"), ("crc", "<u4")])


class Vectors(Protocol):
    """Vectors by row."""

    def rows(self, rows: NDArray[np.int64]) -> NDArray[np.float32]: ...


@dataclass(frozen=True, slots=True)
class KeptVectors:
    """Vectors and, row by row, the digests of their texts, (rows, 16)."""

    digests: NDArray[np.uint8]
    vectors: Vectors


class EmbeddingJournal:
    """The journal of one encoder in one home."""

    def __init__(self, folder: Path, fingerprint: str, dimension: int) -> None:
        self._file = folder / f"journal-{fingerprint}-{dimension}.bin"
        self._record = np.dtype([("digest", "V16"), ("vector", "<f2", (dimension,))])

    def append(self, digests: Sequence[bytes], vectors: NDArray[np.float32]) -> None:
        """Add one batch; it survives a crash of this process once this returns. StorageFull, StorageReadOnly."""
        records = np.zeros(len(digests), self._record)
        records["digest"] = np.frombuffer(b"".join(digests), "V16")
        records["vector"] = vectors
        content = records.tobytes()
        header = np.asarray([(len(digests), zlib.crc32(content))], HEADER).tobytes()
        with storage_errors(self._file):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._add(header + content)

    def _add(self, batch: bytes) -> None:
        with self._file.open("ab") as target:
            target.write(batch)
            target.flush()
            os.fsync(target.fileno())

    def read(self) -> KeptVectors:
        """What was appended; vectors stay on disk until they are asked for. A damaged end is cut off, so that later
        batches follow a sound one."""
        if not self._file.exists() or not self._file.stat().st_size:
            return KeptVectors(np.zeros((0, 16), np.uint8), _MappedVectors(b"", np.zeros(0, np.int64), self._record))
        with self._file.open("rb") as opened:
            content = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
        batches = list(self._sound_batches(content))
        sound = batches[-1][1] if batches else 0
        digests, starts = [np.zeros((0, 16), np.uint8)], [np.zeros(0, np.int64)]
        for start, end in batches:
            records = np.frombuffer(content, self._record, (end - start) // self._record.itemsize, start)
            digests.append(np.ascontiguousarray(records["digest"]).view(np.uint8).reshape(-1, 16))
            starts.append(np.arange(start, end, self._record.itemsize))
        if sound < len(content):
            os.truncate(self._file, sound)
        return KeptVectors(np.concatenate(digests), _MappedVectors(content, np.concatenate(starts), self._record))

    def _sound_batches(self, content: mmap.mmap) -> Iterator[tuple[int, int]]:
        """From where to where the records of each batch stand, as far as they are as they were written."""
        place = 0
        while place + HEADER.itemsize <= len(content):
            header = np.frombuffer(content, HEADER, 1, place)[0]
            start = place + HEADER.itemsize
            place = start + int(header["rows"]) * self._record.itemsize
            if place > len(content) or zlib.crc32(content[start:place]) != header["crc"]:
                return
            yield start, place

    def remove(self) -> None:
        self._file.unlink(missing_ok=True)


class _MappedVectors:
    """The vectors of records that begin at these places of a file."""

    def __init__(self, content: mmap.mmap | bytes, starts: NDArray[np.int64], record: np.dtype[np.void]) -> None:
        self._content, self._starts, self._record = content, starts, record

    def rows(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors of the given records, (n, dimension)."""
        found = np.zeros((len(rows), *self._record["vector"].shape), np.float32)
        for row, start in enumerate(self._starts[rows].tolist()):
            found[row] = np.frombuffer(self._content, self._record, 1, start)["vector"][0]
        return found
