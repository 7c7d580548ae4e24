"""Embeddings that have been computed but not published yet, so that a killed run need not compute them again.

A file of records: 16 bytes of digest, then the vector in 16 bit; each batch ends with its CRC, and reading stops at the
first batch that is cut off or damaged.
"""

import os
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.domain.storage import storage_errors

HEADER = np.dtype([("rows", "<u4"), ("crc", "<u4")])


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

    def read(self) -> dict[bytes, NDArray[np.float16]]:
        """The vectors by digest. A damaged end is cut off, so that later batches follow a sound one."""
        if not self._file.exists():
            return {}
        content = self._file.read_bytes()
        found: dict[bytes, NDArray[np.float16]] = {}
        sound = 0
        while sound + HEADER.itemsize <= len(content):
            header = np.frombuffer(content, HEADER, 1, sound)[0]
            start = sound + HEADER.itemsize
            end = start + int(header["rows"]) * self._record.itemsize
            if end > len(content) or zlib.crc32(content[start:end]) != header["crc"]:
                break
            records = np.frombuffer(content, self._record, int(header["rows"]), start)
            found.update(zip((bytes(digest) for digest in records["digest"]), records["vector"], strict=True))
            sound = end
        if sound < len(content):
            os.truncate(self._file, sound)
        return found

    def remove(self) -> None:
        self._file.unlink(missing_ok=True)
