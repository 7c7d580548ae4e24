"""Keeping the columns of a home in a file: who writes it when, and which file counts.

The database names the file that counts, so that a file of another database, or of a later time than a restored one,
is never taken for its own. Whatever has changed since it was written the database has noted.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from indexer.contributed.columns import Columns
from indexer.contributed.snapshot import SUFFIX, Snapshot, open_snapshot, write_snapshot
from indexer.domain.errors import HomeBusy, StorageFull, StorageReadOnly
from indexer.domain.storage import storage_errors
from indexer.home import Home
from indexer.store import parts

log = logging.getLogger(__name__)

FOLDER = "columns"
LEAST_PARTS = 20_000  # fewer are read from the database in no time
CHANGED_SHARE = 0.05
LOCK_WAIT_SECONDS = 60.0


def open_kept(home: Home, name: str) -> Snapshot | None:
    """The columns in the file that the database names; None where there is none, or it is of no use."""
    return open_snapshot(home.folder / FOLDER / name) if name else None


def renew_columns(home: Home, least_parts: int = LEAST_PARTS) -> bool:
    """Write the columns where nothing is kept, or much has changed since; whether they were written. Nothing depends on
    it but speed: where the disk does not allow it, or another process is at it, nothing is done."""
    try:
        with _writing(home, 0):
            if not _is_behind(home, least_parts):
                return False
            _write(home)
    except (HomeBusy, StorageFull, StorageReadOnly) as error:
        log.info("columns are not written: %s", error, extra={"action": "columns_not_written"})
        return False
    return True


def keep_columns(home: Home, least_parts: int = LEAST_PARTS) -> None:
    """Write the columns as they are now, and leave no other file of columns. HomeBusy, StorageFull, StorageReadOnly."""
    with _writing(home, LOCK_WAIT_SECONDS):
        with home.database.read() as transaction:
            enough = parts.count_parts(transaction) >= least_parts
        if enough:
            _write(home)
        else:
            _note(home, "")


def is_much(changed: int, parts_in_all: int) -> bool:
    """Whether so many parts that a file does not have are too many to be kept by each process for itself."""
    return changed > max(LEAST_PARTS, CHANGED_SHARE * parts_in_all)


def _is_behind(home: Home, least_parts: int) -> bool:
    with home.database.read() as transaction:
        count = parts.count_parts(transaction)
        kept = open_kept(home, parts.latest_changes(transaction).kept)
        if kept is None:
            return count >= least_parts
        changed = parts.changed_since(transaction, kept.number)
        return is_much(parts.count_parts(transaction, changed), count)


def _write(home: Home) -> None:
    with home.database.read() as transaction:
        # The number first: what changes while the rest is read is read again by whoever opens this.
        number = parts.latest_changes(transaction).parts
        columns = Columns.of(parts.read_all_parts(transaction))
    _note(home, write_snapshot(home.folder / FOLDER, Snapshot(number, columns)))


def _note(home: Home, name: str) -> None:
    """Let a file count, and remove the others."""
    with home.database.begin() as transaction:
        parts.note_kept(transaction, name)
    folder = home.folder / FOLDER
    for file in (*folder.glob(f"*{SUFFIX}"), *folder.glob("*.new")):
        if file.name != name:
            file.unlink(missing_ok=True)


@contextmanager
def _writing(home: Home, wait_seconds: float) -> Iterator[None]:
    """Keep other processes from writing columns. HomeBusy where one is at it for longer than that."""
    folder = home.folder / FOLDER
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "writer.lock", timeout=wait_seconds)
        try:
            lock.acquire()
        except Timeout as error:
            raise HomeBusy(f"another process writes {folder}: try again") from error
    try:
        yield
    finally:
        lock.release()
