"""What SQLite says when a file is full, read-only, damaged or busy, as errors that a caller can act on."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from indexer.domain.errors import DatabaseDamaged, HomeBusy, KnowwhoError
from indexer.domain.storage import nearly_full, storage_full, storage_read_only

DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_IOERR_SHORT_READ", "SQLITE_IOERR_READ", "SQLITE_IOERR_CORRUPTFS")


def translated(error: BaseException | None, file: Path) -> KnowwhoError | None:
    """The same error in words for people; None for one that no user can cause."""
    name = str(getattr(error, "sqlite_errorname", ""))
    if name.startswith(DAMAGED):
        return damaged(file, str(error))
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
        return storage_full(file)
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return storage_full(file) if nearly_full(file) else storage_read_only(file)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return HomeBusy(f"another process keeps {file} locked: try again, or end it")
    return None


def damaged(file: Path, why: str) -> DatabaseDamaged:
    return DatabaseDamaged(
        f"{file} cannot be used as a database: {why}; restore a backup (`knowwho backup list`, `knowwho restore`)"
    )


@contextmanager
def database_errors(file: Path, *, written: Path | None = None) -> Iterator[None]:
    """Use SQLite itself on a file: its errors come translated. `written` is the file that a full disk stopped, where
    that is another."""
    try:
        yield
    except sqlite3.Error as error:
        told = translated(error, file)
        if told is None:
            raise
        raise (
            translated(error, written) or told if written and not isinstance(told, DatabaseDamaged) else told
        ) from error
