"""Making a backup of a whole home while it serves and while jobs run.

What is copied when, and why that is consistent. First the index, then the job engine, last the database:
- A generation may be older than the database: the next `knowwho index` adds what is missing, and rows of passages that
  have gone are never shown. It must not be newer: passages read after a restore would get ids that already stand in the
  index, with other texts.
- The engine may know fewer jobs than the database (whoever finds one that it does not know hands it over again), but
  not more: it would run one that nobody can see or cancel.
Nothing is locked or pinned meanwhile. Segments never change, so a copy can go wrong only by their removal, which needs
several publishes; then it goes on with the generation that serves by then, and keeps the segments that both share.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from indexer.domain.errors import DatabaseDamaged, HomeBusy, IndexCorrupt, StorageFull
from indexer.domain.progress import ReportProgress, ignore_progress
from indexer.domain.storage import free_bytes, storage_errors
from indexer.home import Home
from indexer.index.files import sync_folder
from indexer.index.generation import CURRENT
from indexer.index.inventory import generation_files, loose_files, size_of
from indexer.pipeline.backup_folder import NAME, BackedFile, Backup, backup_folder, list_backups, write_manifest
from indexer.pipeline.copying import (
    MEGABYTE,
    Meter,
    copy_file,
    or_removed,
    sha256_of,
    sync_tree,
    write_synced,
)
from indexer.settings import BackupSettings
from indexer.store import erased
from indexer.store.copies import copy_database
from indexer.store.database import newest_schema

JOBS_DATABASE = "jobs.sqlite"
UNFINISHED = ".new"
REMOVED = ".removed"
ROUNDS = 50
ROOM_TO_SPARE_BYTES = 16 * MEGABYTE


def back_up(
    home: Home,
    settings: BackupSettings,
    report: ReportProgress = ignore_progress,
    *,
    to: Path | None = None,
    jobs_database: str | None = None,
) -> Backup:
    """Copy the home into a new folder below `to` (else the folder of the settings), and remove the oldest backups of
    the home there, so that the latest `settings.keep` stay.

    `jobs_database` is the setting of that name: a job engine outside the home is not in the backup, which then says so.
    Ended at any moment, this leaves nothing that passes for a backup. HomeBusy where another backup is being made
    there; StorageFull, StorageReadOnly; DatabaseDamaged where the home's is; BackupInvalid for a folder in the home.
    """
    place = backup_folder(home.folder, settings, to)
    _expect_database(home.database.file)
    with storage_errors(place), _alone_in(place):
        _remove_unfinished(place)
        needed = _bytes_of(home)
        _expect_room(place, needed)
        made = datetime.now(UTC)
        folder = place / f"knowwho-{made:%Y%m%dT%H%M%S%f}Z"
        scratch = folder.with_name(f"{folder.name}{UNFINISHED}")
        with or_removed(scratch):
            scratch.mkdir(mode=0o700)
            copying = _Copying(home, scratch, Meter("backing up", needed, report))
            generation = copying.copy_index()
            copying.copy_other_files()
            copying.copy_jobs(jobs_database)
            copying.copy_database(home.database.file)
            copying.note_erasure()
            where, schema = str(home.folder.resolve()), home.database.schema()
            backup = Backup(folder, where, made, schema, generation, copying.files, tuple(copying.notes))
            write_manifest(backup, scratch)
            sync_tree(scratch)
            scratch.rename(folder)  # last: until here it has a name that no backup has
            sync_folder(place)
        _remove_oldest(place, home.folder, settings.keep)
    return backup


class _Copying:
    """One backup in the making: the files copied so far, by path, and sentences on what is not among them."""

    def __init__(self, home: Home, scratch: Path, meter: Meter) -> None:
        self._home, self._scratch, self._meter = home, scratch, meter
        self.files: dict[str, BackedFile] = {}
        self.notes: list[str] = []

    def copy_index(self) -> str | None:
        """Copy what serves, or where that is damaged the latest generation that is not; gives its name."""
        name = self._copy_generation()
        if name is not None:
            self._copy_current(name)
        for file in loose_files(self._home.index):
            self._copy_if_there(file)
        return name

    def copy_other_files(self) -> None:
        """The small files of the home's own folder. Databases are copied in their own way, locks not at all."""
        for file in sorted(self._home.folder.iterdir()):
            if file.is_file() and ".sqlite" not in file.name and file.suffix not in (".lock", ".new"):
                self._copy_if_there(file)

    def copy_jobs(self, jobs_database: str | None) -> None:
        if jobs_database is not None:
            self.notes.append(
                "the job engine's own database (setting jobs.database) is not included: back it up by its own means"
            )
        elif (self._home.folder / JOBS_DATABASE).exists():
            self.copy_database(self._home.folder / JOBS_DATABASE)

    def note_erasure(self) -> None:
        if self._home.database.schema() != newest_schema():  # older versions erased nobody
            return
        with self._home.database.read() as transaction:
            if erased.is_unfinished(transaction):
                self.notes.append(
                    "it may hold people who were erased: `knowwho person erase` finishes that, then back up again"
                )

    def copy_database(self, file: Path) -> None:
        target, start, size = self._scratch / file.name, self._meter.done, file.stat().st_size
        copy_database(
            file, target, lambda done, total: self._meter.reach(start + size * done // max(total, 1), file.name)
        )
        sync_folder(target)
        self.files[file.name] = BackedFile(target.stat().st_size, sha256_of(target, lambda _: None))

    def _copy_generation(self) -> str | None:
        for _ in range(ROUNDS):
            serving = self._home.index.current_name()
            if serving is None:
                return None
            try:
                self._copy_files_of(serving)
                return serving
            except (IndexCorrupt, FileNotFoundError) as error:
                if self._home.index.current_name() == serving:
                    self.notes.append(f"the generation that served is not included, because it is damaged: {error}")
                    return self._copy_another(serving)
        raise HomeBusy(f"{self._home.folder} publishes faster than it can be copied: back up when less is going on")

    def _copy_another(self, damaged: str) -> str | None:
        for name in reversed(self._home.index.names()):
            if name != damaged:
                try:
                    self._copy_files_of(name)
                    return name
                except (IndexCorrupt, FileNotFoundError):
                    continue
        self.notes.append("no index is included: `knowwho index` builds it from the restored database")
        return None

    def _copy_files_of(self, generation: str) -> None:
        """Copy a generation's files but those that are there from an earlier round. IndexCorrupt, FileNotFoundError."""
        wanted = [(file, self._name(file.path)) for file in generation_files(self._home.index, generation)]
        names = {name for _, name in wanted}
        for name in [name for name in self.files if name not in names]:
            del self.files[name]
            (self._scratch / name).unlink()
        for file, name in wanted:
            if name not in self.files:
                digest = self._copy(file.path, name)
                if file.digest not in (None, digest):
                    raise IndexCorrupt(f"{file.path} has changed since it was written")

    def _copy_current(self, generation: str) -> None:
        name = self._name(self._home.index.root / CURRENT)
        write_synced(self._scratch / name, generation)
        self._note(name)

    def _copy_if_there(self, file: Path) -> None:
        """What may go at any moment, such as embeddings that have just been published."""
        try:
            self._copy(file, self._name(file))
        except FileNotFoundError:
            return

    def _copy(self, file: Path, name: str) -> str:
        copied = copy_file(file, self._scratch / name, lambda size: self._meter.add(size, file.name))
        self.files[name] = BackedFile(copied.size, copied.sha256)
        return copied.digest

    def _note(self, name: str) -> None:
        target = self._scratch / name
        self.files[name] = BackedFile(target.stat().st_size, sha256_of(target, lambda _: None))

    def _name(self, file: Path) -> str:
        return file.relative_to(self._home.folder).as_posix()


def _expect_database(file: Path) -> None:
    if not file.exists() or not file.stat().st_size:
        raise DatabaseDamaged(
            f"{file} is missing or empty, so there is nothing to back up: run `knowwho index`, or restore a backup"
        )


@contextmanager
def _alone_in(place: Path) -> Iterator[None]:
    place.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(place / "backup.lock", timeout=0):
            yield
    except Timeout as error:
        raise HomeBusy(f"another backup to {place} is being made: wait until it has finished") from error


def _remove_unfinished(place: Path) -> None:
    """What a killed run left; nobody else is at work in the folder."""
    for folder in place.glob("knowwho-*"):
        if folder.suffix in (UNFINISHED, REMOVED) and NAME.fullmatch(folder.stem):
            shutil.rmtree(folder, ignore_errors=True)


def _remove_oldest(place: Path, home: Path, keep: int) -> None:
    for backup in list_backups(place, home)[keep:]:
        # Renamed first: half a removed backup must not pass for a whole one.
        removed = backup.folder.with_name(f"{backup.folder.name}{REMOVED}")
        backup.folder.rename(removed)
        shutil.rmtree(removed, ignore_errors=True)


def _bytes_of(home: Home) -> int:
    """About how much a backup takes."""
    databases = sum(size_of(home.folder / name) for name in (home.database.file.name, JOBS_DATABASE))
    serving = home.index.current_name()
    try:
        index = sum(size_of(file.path) for file in generation_files(home.index, serving)) if serving else 0
    except IndexCorrupt:
        index = size_of(home.index.root)
    return databases + index + sum(size_of(file) for file in loose_files(home.index))


def _expect_room(place: Path, needed: int) -> None:
    free = free_bytes(place)
    if free < needed + ROOM_TO_SPARE_BYTES:
        raise StorageFull(
            f"{place} has {free // MEGABYTE} MB free, a backup takes about {needed // MEGABYTE + 1} MB: "
            "free some room, keep fewer backups (setting backup.keep), or choose another folder"
        )
