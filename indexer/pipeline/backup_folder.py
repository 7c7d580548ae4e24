"""What a backup is: a folder `knowwho-<UTC time>` that tells size and SHA-256 of every file in it.

In the folder:
    backup.json       what it is, and of every other file its size and SHA-256; written last
    knowwho.sqlite    the database; jobs.sqlite the job engine's, where the home holds it
    index/            the generation that served, its segments, and embeddings not published yet
    secret.key …      the other files of the home's own folder
"""

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from indexer.domain.errors import BackupInvalid
from indexer.domain.progress import ReportProgress, ignore_progress
from indexer.pipeline.copying import Meter, sha256_of, write_synced
from indexer.settings import BackupSettings

log = logging.getLogger(__name__)

FORMAT = 1
MANIFEST = "backup.json"
NAME = re.compile(r"knowwho-\d{8}T\d{12}Z")


@dataclass(frozen=True, slots=True)
class BackedFile:
    """A file of a backup."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Backup:
    """A finished backup. `home` is where the home was, `schema` the revision of its database, `generation` None where
    no index is in it; `notes` say in sentences what is missing. `files` are by path below the folder."""

    folder: Path
    home: str
    made: datetime
    schema: str | None
    generation: str | None
    files: Mapping[str, BackedFile]
    notes: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(file.size for file in self.files.values())


def backup_folder(home: Path, settings: BackupSettings, to: Path | None = None) -> Path:
    """Where the home's backups go. BackupInvalid for a folder inside the home, which would be lost with it."""
    place = (to or settings.folder or home.with_name(f"{home.name}-backups")).absolute()
    if place.resolve().is_relative_to(home.resolve()):
        raise BackupInvalid(f"{place} lies inside the home: choose a folder elsewhere (setting backup.folder, or --to)")
    return place


def list_backups(place: Path, home: Path | None = None) -> list[Backup]:
    """The finished backups in a folder, latest first; only those of one home where it is given."""
    found = []
    for folder in sorted(place.glob("knowwho-*"), reverse=True) if place.is_dir() else ():
        if not NAME.fullmatch(folder.name):
            continue
        try:
            backup = read_backup(folder)
        except BackupInvalid as error:
            log.warning("%s", error, extra={"action": "backup_invalid"})
            continue
        if home is None or backup.home == str(home.resolve()):
            found.append(backup)
    return found


def read_backup(folder: Path) -> Backup:
    """What a backup says of itself. BackupInvalid where it is none, or of another version."""
    try:
        told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if told["format"] != FORMAT:
            raise BackupInvalid(f"{folder} was made by another version of Knowwho: update this installation")
        return Backup(
            folder,
            home=str(told["home"]),
            made=datetime.fromisoformat(told["made"]),
            schema=told["schema"],
            generation=told["generation"],
            files={_inside(name): BackedFile(int(f["size"]), str(f["sha256"])) for name, f in told["files"].items()},
            notes=tuple(told["notes"]),
        )
    except OSError as error:
        raise BackupInvalid(f"{folder} is no backup: its {MANIFEST} cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupInvalid(f"{folder / MANIFEST} is damaged: use another backup (`knowwho backup list`)") from error


def write_manifest(backup: Backup, folder: Path) -> None:
    """Write down what a backup is while its folder still has another name."""
    told = {
        "format": FORMAT,
        "home": backup.home,
        "made": backup.made.isoformat(),
        "schema": backup.schema,
        "generation": backup.generation,
        "notes": backup.notes,
        "files": {name: asdict(file) for name, file in sorted(backup.files.items())},
    }
    write_synced(folder / MANIFEST, json.dumps(told, indent=1))


def verify_backup(backup: Backup, report: ReportProgress = ignore_progress) -> list[str]:
    """What is missing from a backup or has changed since it was made, as sentences; empty where it is whole."""
    meter = Meter("verifying", backup.size, report)
    found = (_changed(backup.folder / name, file, meter) for name, file in sorted(backup.files.items()))
    return [problem for problem in found if problem]


def _changed(file: Path, expected: BackedFile, meter: Meter) -> str | None:
    try:
        if file.stat().st_size != expected.size:
            return f"{file} has {file.stat().st_size} bytes instead of {expected.size}"
        sha256 = sha256_of(file, lambda size: meter.add(size, file.name))
    except OSError as error:
        return f"{file} cannot be read: {error.strerror}"
    return None if sha256 == expected.sha256 else f"{file} has changed since it was written"


def _inside(name: str) -> str:
    """A path of the manifest, which must not lead out of the folder that it is restored to."""
    path = Path(name)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError(name)
    return name
