"""What a disk says when it cannot be written, as errors that a caller can act on."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from indexer.domain.errors import KnowwhoError, StorageFull, StorageReadOnly

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}
NEARLY_FULL_BYTES = 2**20


@contextmanager
def storage_errors(place: Path) -> Iterator[None]:
    """Writing at or below `place`: StorageFull or StorageReadOnly instead of the system's errors for these."""
    try:
        yield
    except OSError as error:
        told = _translated(error, place)
        if told is None:
            raise
        raise told from error


def storage_full(place: Path) -> StorageFull:
    return StorageFull(f"{place} cannot be written: the disk is full or the file may not grow; free some room there")


def storage_read_only(place: Path) -> StorageReadOnly:
    return StorageReadOnly(
        f"{place} cannot be written: it is read-only or belongs to somebody else; mend its permissions or its mount"
    )


def nearly_full(place: Path) -> bool:
    """Whether the disk that holds `place`, which need not exist, has no room worth the name."""
    return free_bytes(place) < NEARLY_FULL_BYTES


def free_bytes(place: Path) -> int:
    """How much room the disk has that holds `place` or its nearest folder that exists."""
    existing = next(folder for folder in (place, *place.absolute().parents) if folder.exists())
    return shutil.disk_usage(existing).free


def _translated(error: OSError, place: Path) -> KnowwhoError | None:
    where = Path(error.filename) if isinstance(error.filename, str) else place
    # numpy and FAISS lose the number of the error.
    if isinstance(error, TimeoutError):
        return None
    if error.errno in FULL or (error.errno is None and nearly_full(place)):
        return storage_full(where)
    return storage_read_only(where) if error.errno in READ_ONLY else None
