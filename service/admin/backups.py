"""Backups of the home: which there are, and asking for one."""

from dataclasses import dataclass
from pathlib import Path

from indexer.domain.jobs import Job, JobKind
from indexer.pipeline.backup_folder import Backup, backup_folder
from indexer.pipeline.backup_folder import list_backups as backups_in
from service.admin.desk import Desk, Listed, page_of
from service.admin.jobs import start_job


@dataclass(frozen=True, slots=True)
class BackupPlace:
    """Where backups go, and how many of them stay."""

    folder: Path
    keep: int


def backup_place(desk: Desk) -> BackupPlace:
    """BackupInvalid where the settings name a folder that cannot be."""
    settings = desk.read_settings().backup
    return BackupPlace(backup_folder(desk.home.folder, settings), settings.keep)


def list_backups(desk: Desk, cursor: str | None = None, limit: int | None = None) -> Listed[Backup]:
    """Those of this home, latest first. QueryInvalid for a cursor that is not ours, BackupInvalid."""
    found = backups_in(backup_place(desk).folder, desk.home.folder)
    return page_of(found, lambda backup: backup.folder.name, cursor, limit)


def start_backup(desk: Desk) -> Job:
    """Ask for a job that copies the home into the folder of the settings. JobInvalid."""
    return start_job(desk, JobKind.BACK_UP)
