"""Copying a SQLite file while others use it, and telling whether others do."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from indexer.store.faults import damaged, database_errors
from indexer.store.sealed import or_sealed

PAGES_A_STEP = 1024
FIRST_READ = "SELECT count(*) FROM sqlite_master"  # only with this does a transaction, or a lock, begin

ReportPages = Callable[[int, int], None]


def copy_database(file: Path, target: Path, report: ReportPages) -> None:
    """A consistent copy of a database, as it was when this began; readers and writers go on. `report` gets the pages
    done and their total, and stops the copy by raising. DatabaseDamaged where the copy is not sound."""
    with (
        database_errors(file, written=target),
        closing(_open_reading(file)) as reading,
        closing(sqlite3.connect(target)) as writing,
    ):
        # One read transaction over all steps: without it every commit of a writer would start the copy anew.
        reading.execute("BEGIN")
        reading.execute(FIRST_READ).fetchone()
        reading.backup(writing, pages=PAGES_A_STEP, progress=lambda _, left, total: report(total - left, total))
        for (line,) in writing.execute("PRAGMA quick_check(1)"):
            if line != "ok":
                raise damaged(file, str(line))
        # The copy is one file, and reading it later makes no others beside it.
        writing.execute("PRAGMA journal_mode = DELETE")


@contextmanager
def closed_to_others(file: Path) -> Iterator[bool]:
    """Whether no other connection, of this process or another, has the database open; if so, none can open it before
    the block ends. A file that is no sound database is nobody's."""
    if not file.exists():
        yield True
        return
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as probe:
        yield _taken(probe)


def _open_reading(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)
    return or_sealed(file, connection, lambda made: made.execute(FIRST_READ).fetchone())


def _taken(probe: sqlite3.Connection) -> bool:
    try:
        probe.execute("PRAGMA locking_mode = EXCLUSIVE")
        # An open connection to a database in WAL mode holds a shared lock on the file for as long as it lives.
        probe.execute(FIRST_READ).fetchone()
    except sqlite3.DatabaseError as error:
        return not str(error.sqlite_errorname).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
    return True
