"""The shapes of backups."""

from datetime import datetime

from pydantic import Field

from indexer.pipeline.backup_folder import Backup
from service.api.shape import Shape


class BackupOut(Shape):
    """A finished backup of this home."""

    name: str
    folder: str
    made: datetime
    generation: str | None = Field(description="null where no index is in it")
    files: int
    bytes: int
    notes: list[str] = Field(description="What is not in it")


class BackupsOut(Shape):
    backups: list[BackupOut]
    folder: str = Field(description="Where backups go")
    keep: int = Field(description="How many stay; older ones are removed when a new one is made")
    next: str | None = Field(description="The cursor of the next page")


def backup_out(backup: Backup) -> BackupOut:
    return BackupOut(
        name=backup.folder.name,
        folder=str(backup.folder),
        made=backup.made,
        generation=backup.generation,
        files=len(backup.files),
        bytes=backup.size,
        notes=list(backup.notes),
    )
