"""Reading a database in a folder that cannot be written, where SQLite cannot make the files it wants beside it."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DisconnectionError


class _Sealed(sqlite3.Connection):
    """A connection to a file that nobody is thought to change; `mark` is of the file as it was opened."""

    mark: tuple[int, int] | None = None


def is_sealed(file: Path) -> bool:
    """Whether the file has to be read, and may be, without files beside it."""
    return not os.access(file.parent, os.W_OK) and _is_at_rest(file)


def or_sealed(
    file: Path, connection: sqlite3.Connection, first: Callable[[sqlite3.Connection], object]
) -> sqlite3.Connection:
    """The connection, once the first use of it went well; one that only reads where the folder cannot be written."""
    try:
        first(connection)
    except sqlite3.Error:
        connection.close()
        if not is_sealed(file):
            raise
        return connect_sealed(file)
    return connection


def connect_sealed(file: Path) -> sqlite3.Connection:
    """A connection that only reads. To be renewed when the file changes after all (`renew_sealed`)."""
    mark = _mark(file)
    address = f"{file.absolute().as_uri()}?immutable=1"
    connection = sqlite3.connect(address, uri=True, check_same_thread=False, factory=_Sealed)
    connection.mark = mark
    return connection


def renew_sealed(connection: Any, *_: object) -> None:
    """For a pool that hands a connection out: a file that changed, by another machine perhaps, is opened anew."""
    if not isinstance(connection, _Sealed):
        return
    with closing(connection.execute("PRAGMA database_list")) as found:
        file = Path(found.fetchone()[2])
    if connection.mark != _mark(file) or not _is_at_rest(file):
        raise DisconnectionError(f"{file} has changed")


def _mark(file: Path) -> tuple[int, int]:
    status = file.stat()
    return status.st_mtime_ns, status.st_size


def _is_at_rest(file: Path) -> bool:
    """Whether all that was committed is in the file itself."""
    log = file.with_name(f"{file.name}-wal")
    return file.exists() and not (log.exists() and log.stat().st_size)
