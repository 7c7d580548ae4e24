"""Copying files so that the copy is known to be what was read, and is on the disk."""

import ctypes
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from indexer.domain.progress import Progress, ReportProgress
from indexer.domain.storage import storage_errors
from indexer.index.files import sync_folder

PIECE_BYTES = 4 * 2**20
MEGABYTE = 2**20
RENAME_EXCHANGE = 2
AT_WORKING_FOLDER = -100


class Meter:
    """Tells how many of all bytes are done. Reporting may raise, to stop the work."""

    def __init__(self, phase: str, total_bytes: int, report: ReportProgress) -> None:
        self._phase, self._total, self._report = phase, total_bytes, report
        self.done = 0

    def add(self, size: int, item: str) -> None:
        self.reach(self.done + size, item)

    def reach(self, done: int, item: str) -> None:
        self.done = done
        total = max(self._total, done)
        self._report(Progress(self._phase, done // MEGABYTE, total // MEGABYTE, "MB", item))


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied; `digest` is the checksum that the index uses (`indexer.index.files.checksum`)."""

    size: int
    sha256: str
    digest: str


def copy_file(file: Path, target: Path, report: Callable[[int], None]) -> Copied:
    """Copy a file with its permissions and force it to disk; `report` gets the bytes of each piece. StorageFull,
    StorageReadOnly."""
    size, sha256, digest = 0, hashlib.sha256(), hashlib.blake2b(digest_size=16)
    with file.open("rb") as reading, storage_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as writing:
            while piece := reading.read(PIECE_BYTES):
                sha256.update(piece)
                digest.update(piece)
                writing.write(piece)
                size += len(piece)
                report(len(piece))
            writing.flush()
            os.fsync(writing.fileno())
        shutil.copymode(file, target)
    return Copied(size, sha256.hexdigest(), digest.hexdigest())


def sha256_of(file: Path, report: Callable[[int], None]) -> str:
    """The SHA-256 of a file; `report` gets the bytes of each piece."""
    digest = hashlib.sha256()
    with file.open("rb") as reading:
        while piece := reading.read(PIECE_BYTES):
            digest.update(piece)
            report(len(piece))
    return digest.hexdigest()


def write_synced(file: Path, text: str) -> None:
    with storage_errors(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("w", encoding="utf-8") as writing:
            writing.write(text)
            writing.flush()
            os.fsync(writing.fileno())


def sync_tree(folder: Path) -> None:
    """Force the names in a folder and in all folders below it to disk."""
    for inner, _, _ in os.walk(folder):
        sync_folder(Path(inner))


@contextmanager
def or_removed(scratch: Path) -> Iterator[None]:
    """Remove an unfinished folder where the block raises, also where it was asked to stop."""
    try:
        yield
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise


def exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step; False where the system or the file system cannot."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    names = AT_WORKING_FOLDER, os.fsencode(one), AT_WORKING_FOLDER, os.fsencode(other)
    return bool(rename(*names, RENAME_EXCHANGE) == 0)
