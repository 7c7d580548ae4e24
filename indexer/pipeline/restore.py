"""Restoring a backup to a home, in one step: killed at any moment, the home is the old one or the new one.

The new home is put together and migrated beside the old one, in `<home>.restoring`, which holds a file `UNFINISHED`
until it is whole. Then the two folders change places (one call of the system on Linux; two renames elsewhere), and the
old one gets the name `<home>.replaced-<UTC time>` and stays until somebody removes it.
"""

import logging
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from indexer.domain.erasure import Trace
from indexer.domain.errors import (
    BackupInvalid,
    DatabaseDamaged,
    HomeBusy,
    RestoreRefused,
    StorageFull,
    StorageReadOnly,
)
from indexer.domain.progress import ReportProgress, ignore_progress
from indexer.domain.storage import free_bytes, storage_errors
from indexer.home import SECRET_FILE, Home
from indexer.index.files import sync_folder
from indexer.pipeline.backup_folder import Backup, read_backup, verify_backup
from indexer.pipeline.copying import MEGABYTE, Meter, copy_file, exchange, sync_tree
from indexer.store import erased
from indexer.store.copies import closed_to_others
from indexer.store.database import newest_schema

log = logging.getLogger(__name__)

UNFINISHED = "UNFINISHED"
LOCK = "writer.lock"
ROOM_TO_SPARE_BYTES = 16 * MEGABYTE


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore came to. `replaced` is where the home is that was there before; it may be removed.
    `came_back` says that the backup holds people who were erased since: `sweep` takes them out again."""

    home: Path
    backup: Backup
    schema: str | None
    replaced: Path | None
    came_back: bool = False


def restore(folder: Path, home: Path, *, replace: bool = False, report: ReportProgress = ignore_progress) -> Restored:
    """Make `home` what the backup in `folder` says, with the schema of this version.

    BackupInvalid where a file of the backup is missing or has changed (all are checked before anything else is done),
    RestoreRefused where the home holds something and `replace` is false, or is in use by a server or worker; HomeBusy
    where another process writes it; HomeOutdated for a backup of a newer version; StorageFull, StorageReadOnly.
    """
    home = home.absolute().resolve()
    backup = read_backup(folder)
    _expect_whole(backup, report)
    _expect_place(home, folder, replace=replace)
    scratch = home.with_name(f"{home.name}.restoring")
    traces = _erased_from(Home(home))
    with ExitStack() as held, storage_errors(home):
        _set_aside_finished(scratch, home)
        new = Home(scratch)
        held.enter_context(_held(new))
        if home.exists():
            held.enter_context(_unused(home))
        _expect_room(home.parent, backup)
        schema, came_back = _put_together(new, backup, report, traces, home)
        replaced = _switch(scratch, home)
    return Restored(home, backup, schema, replaced, came_back)


def _expect_whole(backup: Backup, report: ReportProgress) -> None:
    problems = verify_backup(backup, report)
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise BackupInvalid(f"{problems[0]}{more}: use another backup (`knowwho backup list`)")


def _expect_place(home: Path, folder: Path, *, replace: bool) -> None:
    if folder.resolve().is_relative_to(home):
        raise RestoreRefused(f"{folder} lies inside {home}, which it would replace: move the backup elsewhere first")
    if home.is_mount():
        raise RestoreRefused(f"{home} is a mount point and cannot be exchanged: set `home` to a folder inside it")
    if home.exists() and not home.is_dir():
        raise RestoreRefused(f"{home} is a file: remove it, or set `home` to another place")
    if not replace and home.exists() and _holds_something(home):
        raise RestoreRefused(f"{home} is not empty: give --replace to put the backup in its place; it is kept aside")


def _expect_room(place: Path, backup: Backup) -> None:
    free = free_bytes(place)
    if free < backup.size + ROOM_TO_SPARE_BYTES:
        raise StorageFull(
            f"{place} has {free // MEGABYTE} MB free, the backup takes {backup.size // MEGABYTE + 1} MB: free some room"
        )


def _holds_something(home: Path) -> bool:
    return any(child.name != LOCK for child in home.iterdir())


def _set_aside_finished(scratch: Path, home: Path) -> None:
    """A restore that was killed after the switch left the old home under the name of the new one."""
    if scratch.exists() and _holds_something(scratch) and not (scratch / UNFINISHED).exists():
        scratch.rename(_aside(home))


@contextmanager
def _held(new: Home) -> Iterator[None]:
    """Hold the folder that the new home is put together in, emptied of what a killed restore left."""
    try:
        with new.writing():
            (new.folder / UNFINISHED).touch()
            for child in new.folder.iterdir():
                if child.name not in (LOCK, UNFINISHED):
                    shutil.rmtree(child) if child.is_dir() else child.unlink()
            yield
    except HomeBusy as error:
        raise HomeBusy(f"another process is restoring to {new.folder}: wait until it has finished") from error


@contextmanager
def _unused(home: Path) -> Iterator[None]:
    """Hold the home so that nobody writes or opens it. HomeBusy, RestoreRefused."""
    old = Home(home)
    with old.writing(), closed_to_others(old.database.file) as closed:
        if not closed:
            raise RestoreRefused(f"{home} is open in a server or worker: end it (`knowwho serve`, `knowwho worker`)")
        yield


def _put_together(
    new: Home, backup: Backup, report: ReportProgress, traces: Sequence[Trace], home: Path
) -> tuple[str | None, bool]:
    meter = Meter("restoring", backup.size, report)
    for name, file in sorted(backup.files.items()):
        copied = copy_file(backup.folder / name, new.folder / name, partial(meter.add, item=name))
        if copied.sha256 != file.sha256:
            raise BackupInvalid(f"{backup.folder / name} changed while it was read: use another backup")
    new.prepare()
    came_back = _keep_erased(new, traces, home)
    schema = new.database.schema()
    new.close()
    sync_tree(new.folder)
    return schema, came_back


def _erased_from(home: Home) -> list[Trace]:
    """Who was erased from the home that is replaced, as far as it can be read."""
    if not home.database.file.exists():
        return []
    try:
        if home.database.schema() != newest_schema():
            return []
        with home.database.read() as transaction:
            return erased.all_traces(transaction)
    except (DatabaseDamaged, StorageFull, StorageReadOnly) as error:
        log.warning("who was erased from %s cannot be read: erase them again (%s)", home.folder, error)
        return []
    finally:
        home.close()


def _keep_erased(new: Home, traces: Sequence[Trace], old: Path) -> bool:
    """Take over who was erased since the backup was made, with the secret that their hashes were made with; whether
    the restored home has an erasure to finish for that."""
    with new.database.begin() as transaction:
        known = erased.count_traces(transaction)
        erased.remember_traces(transaction, traces, datetime.now(UTC))
        if erased.count_traces(transaction) == known:
            return False
        erased.begin_erasure(transaction)
    if (old / SECRET_FILE).exists():
        shutil.copy2(old / SECRET_FILE, new.folder / SECRET_FILE)
    return True


def _switch(scratch: Path, home: Path) -> Path | None:
    """Put the finished folder in the home's place; gives where the old one is, None where it held nothing."""
    (scratch / UNFINISHED).unlink()
    sync_folder(scratch)
    if not home.exists():
        scratch.rename(home)
        sync_folder(home.parent)
        return None
    aside = _aside(home)
    if exchange(scratch, home):
        scratch.rename(aside)
    else:
        home.rename(aside)
        scratch.rename(home)
    sync_folder(home.parent)
    if _holds_something(aside):
        return aside
    shutil.rmtree(aside)
    return None


def _aside(home: Path) -> Path:
    return home.with_name(f"{home.name}.replaced-{datetime.now(UTC):%Y%m%dT%H%M%S%f}Z")
