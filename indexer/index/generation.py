"""Generations: which segments make up the index, and which of their rows no longer count.

On disk, below `home/index`:
    segments/<name>/          immutable, shared by generations
    generations/<name>.json   a manifest: segments with checksums, rows that are dead, encoder, settings, counts
    CURRENT                   the name of the generation that serves; replaced in one step
"""

import json
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.domain.errors import IndexCorrupt
from indexer.index.files import checksum, read_json, write_atomically
from indexer.index.segment import MANIFEST, Segment, broken_files

CURRENT = "CURRENT"


@dataclass(frozen=True, slots=True)
class GenerationManifest:
    """What a generation is made of. `segments` maps names to the checksum of the segment's own manifest, which holds
    the checksum of every file; `dead` lists passages that segments still hold but the database does not."""

    name: str
    made: str
    fingerprint: str
    dimension: int
    passages: int
    segments: Mapping[str, str]
    dead: tuple[int, ...] = ()
    splitter: Mapping[str, Any] = field(default_factory=dict)


class Generation:
    """A generation open for reading: its segments and, for each, which rows count."""

    def __init__(self, root: Path, manifest: GenerationManifest) -> None:
        self.manifest = manifest
        self.segments = [Segment(root / "segments" / name) for name in manifest.segments]
        dead = np.asarray(manifest.dead, np.int64)
        self.alive: list[NDArray[np.bool_]] = [~np.isin(segment.passages, dead) for segment in self.segments]

    def passage_ids(self) -> NDArray[np.int64]:
        """The passages that count, ascending."""
        parts = [segment.passages[alive] for segment, alive in zip(self.segments, self.alive, strict=True)]
        return np.sort(np.concatenate(parts)) if parts else np.zeros(0, np.int64)


class IndexFolder:
    """The index of a home."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.segments = root / "segments"
        self._generations = root / "generations"

    def current_name(self) -> str | None:
        """The name of the generation that serves, None before the first is published. Cheap: to be asked often."""
        try:
            return (self.root / CURRENT).read_text(encoding="utf-8").strip() or None
        except FileNotFoundError:
            return None

    def open_current(self) -> Generation | None:
        name = self.current_name()
        return None if name is None else Generation(self.root, self.manifest(name))

    def manifest(self, name: str) -> GenerationManifest:
        values = read_json(self._generations / f"{name}.json")
        try:
            return GenerationManifest(**{**values, "dead": tuple(values["dead"])})
        except (TypeError, KeyError) as error:
            raise IndexCorrupt(f"generation {name} has an unusable manifest: {error}") from error

    def names(self) -> list[str]:
        """All generations, oldest first."""
        return sorted(file.stem for file in self._generations.glob("*.json"))

    def new_segment(self) -> Path:
        """A folder name that no segment has; the folder does not exist yet."""
        self.segments.mkdir(parents=True, exist_ok=True)
        return self.segments / f"s-{uuid.uuid4().hex[:12]}"

    def publish(
        self,
        segments: Sequence[Path],
        dead: Sequence[int],
        *,
        fingerprint: str,
        dimension: int,
        passages: int,
        splitter: Mapping[str, Any],
    ) -> GenerationManifest:
        """Make a generation of finished segments and let it serve."""
        now = datetime.now(UTC)
        manifest = GenerationManifest(
            name=f"{now:%Y%m%dT%H%M%S%f}",
            made=now.isoformat(timespec="seconds"),
            fingerprint=fingerprint,
            dimension=dimension,
            passages=passages,
            segments={segment.name: checksum(segment / MANIFEST) for segment in segments},
            dead=tuple(int(passage) for passage in dead),
            splitter=dict(splitter),
        )
        self._generations.mkdir(parents=True, exist_ok=True)
        write_atomically(self._generations / f"{manifest.name}.json", json.dumps(asdict(manifest), indent=1))
        # Last: a crash before this line leaves the old generation serving.
        write_atomically(self.root / CURRENT, manifest.name)
        return manifest

    def problems(self) -> list[str]:
        """What is wrong with the generation that serves, as sentences; empty where it is whole."""
        name = self.current_name()
        if name is None:
            return ["nothing has been indexed yet: run `knowwho index`"]
        try:
            manifest = self.manifest(name)
        except IndexCorrupt as error:
            return [str(error)]
        found = []
        for segment, digest in manifest.segments.items():
            folder = self.segments / segment
            if not (folder / MANIFEST).exists():
                found.append(f"segment {folder} is missing")
            elif checksum(folder / MANIFEST) != digest:
                found.append(f"{folder / MANIFEST} has changed since it was written")
            else:
                found += broken_files(folder)
        return found

    def clean(self, keep: int) -> None:
        """Remove all but the `keep` latest generations, segments that none of those uses, and unfinished ones."""
        current = self.current_name()
        kept = {*self.names()[-keep:], *([current] if current else [])}
        used: set[str] = set()
        for name in self.names():
            if name in kept:
                used.update(self.manifest(name).segments)
            else:
                (self._generations / f"{name}.json").unlink(missing_ok=True)
        for folder in self.segments.iterdir() if self.segments.exists() else ():
            if folder.name not in used:
                shutil.rmtree(folder, ignore_errors=True)
