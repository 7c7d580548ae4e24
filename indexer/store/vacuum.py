"""Making SQLite forget: what is deleted otherwise stays in the file until its place is needed."""

import sqlite3
from contextlib import closing
from pathlib import Path

from indexer.domain.errors import HomeBusy
from indexer.store.faults import database_errors

LOCK_WAIT_SECONDS = 30.0


def forget_deleted(file: Path) -> None:
    """Write a database anew with nothing in it but its rows, and empty its log; others go on reading and writing.
    HomeBusy where somebody reads an old state of it for too long."""
    with (
        database_errors(file),
        closing(sqlite3.connect(file, timeout=LOCK_WAIT_SECONDS, isolation_level=None)) as connection,
    ):
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("VACUUM")
        (busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise HomeBusy(f"somebody still reads an old state of {file}: try again")
