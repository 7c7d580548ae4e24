"""Generations: which segments make up the index, and which of their rows no longer count.

On disk, below `home/index`:
    segments/<name>/          immutable, shared by generations
    generations/<name>.json   a manifest: segments with checksums, rows that are dead, encoder, settings, counts
    CURRENT                   the name of the generation that serves; replaced in one step
    DAMAGED                   segments of which a verification has found a file changed, each with the reason
"""

import json
import logging
import shutil
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from indexer.domain.errors import GenerationInvalid, IndexCorrupt, NotFound, StorageFull, StorageReadOnly
from indexer.index.files import checksum, read_json, write_atomically
from indexer.index.journal import KeptVectors
from indexer.index.manifest import GenerationManifest, read_manifest, write_manifest
from indexer.index.nearest import explained
from indexer.index.opening import UNREADABLE, Generation, check_heads, kept_vectors, problems_of
from indexer.index.segment import MANIFEST

__all__ = ["CURRENT", "Generation", "GenerationInfo", "GenerationManifest", "IndexFolder"]

log = logging.getLogger(__name__)

CURRENT = "CURRENT"
DAMAGED = "DAMAGED"
Stamp = tuple[str | None, int]


@dataclass(frozen=True, slots=True)
class GenerationInfo:
    """A generation as an admin looks at it. `problem` says why it cannot serve as far as a quick look tells, `manifest`
    is None where it cannot be read, `vectors` says how its vectors are searched by default."""

    name: str
    current: bool
    manifest: GenerationManifest | None
    size: int
    problem: str | None
    vectors: str | None = None


class IndexFolder:
    """The index of a home. Whoever changes it holds the home for writing."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.segments = root / "segments"
        self._generations = root / "generations"

    def current_name(self) -> str | None:
        """The name of the generation that serves, None before the first is published. Cheap: to be asked often."""
        try:
            return (self.root / CURRENT).read_text(encoding="utf-8", errors="replace").strip() or None
        except FileNotFoundError:
            return None

    def stamp(self) -> Stamp:
        """Differs from an earlier one when readers should look again. Cheap: to be asked often."""
        try:
            marked = (self.root / DAMAGED).stat().st_mtime_ns
        except FileNotFoundError:
            marked = 0
        return self.current_name(), marked

    def open_current(self) -> Generation | None:
        name = self.current_name()
        return None if name is None else self.open(name)

    def open(self, name: str, *, partial: bool = False) -> Generation:
        """A generation, open for reading; with `partial` without its damaged segments. IndexCorrupt."""
        return Generation(self.root, self.manifest(name), self.damaged(), partial=partial)

    def sound_vectors(self, fingerprint: str) -> list[KeptVectors]:
        """The vectors made with this model of all segments that have them as they were written, also of those that are
        damaged otherwise or that a killed build has left."""
        found = (kept_vectors(folder, fingerprint) for folder in sorted(self.segments.glob("*")))
        return [kept for kept in found if kept is not None]

    def manifest(self, name: str) -> GenerationManifest:
        return read_manifest(self._generations / f"{name}.json")

    def names(self) -> list[str]:
        """All generations, oldest first."""
        return sorted(file.stem for file in self._generations.glob("*.json"))

    def generations(self) -> list[GenerationInfo]:
        """All generations, newest first."""
        current = self.current_name()
        return [self._info(name, name == current) for name in reversed(self.names())]

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
        encoder: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
        check: Callable[[GenerationManifest], None] | None = None,
    ) -> GenerationManifest:
        """Make a generation of finished segments and let it serve. `check` raises where it must not."""
        now = datetime.now(UTC)
        manifest = GenerationManifest(
            name=self._name_at(now),
            made=now.isoformat(timespec="seconds"),
            fingerprint=fingerprint,
            dimension=dimension,
            passages=passages,
            segments={segment.name: checksum(segment / MANIFEST) for segment in segments},
            dead=tuple(int(passage) for passage in dead),
            splitter=dict(splitter),
            encoder=dict(encoder or {}),
            settings=dict(settings or {}),
            previous=self.current_name(),
        )
        if check is not None:
            check(manifest)
        write_manifest(self._generations / f"{manifest.name}.json", manifest)
        # Last: a crash before this line leaves the old generation serving.
        write_atomically(self.root / CURRENT, manifest.name)
        return manifest

    def describe(self, name: str, encoder: Mapping[str, Any]) -> None:
        """Note in the manifest of an older version how its model is opened again."""
        described = replace(self.manifest(name), encoder=dict(encoder))
        write_manifest(self._generations / f"{name}.json", described)

    def expect_other(self, name: str) -> None:
        """NotFound where there is no such generation, GenerationInvalid where it is the one that serves."""
        if name not in self.names():
            raise NotFound(f"there is no generation {name}: `knowwho generation list` shows those there are")
        if name == self.current_name():
            raise GenerationInvalid(f"generation {name} serves now: `knowwho generation list` shows the others")

    def roll_back(self, name: str) -> GenerationManifest:
        """Let another generation serve. NotFound; GenerationInvalid where it already serves, IndexCorrupt where it
        cannot be read."""
        self.expect_other(name)
        manifest = self.open(name).manifest
        write_atomically(self.root / CURRENT, name)
        return manifest

    def remove(self, name: str) -> None:
        """Remove a generation and the segments that no other uses. NotFound; GenerationInvalid where it serves."""
        self.expect_other(name)
        (self._generations / f"{name}.json").unlink(missing_ok=True)
        self._drop_unused()

    def problems(self, name: str | None = None) -> list[str]:
        """What is wrong with a generation (None: the one that serves), as sentences; empty where it is whole. Reads
        every byte of it."""
        name = name or self.current_name()
        if name is None:
            return ["nothing has been indexed yet: run `knowwho index`"]
        try:
            manifest = self.manifest(name)
        except IndexCorrupt as error:
            return [str(error)]
        return [
            problem
            for segment, digest in manifest.segments.items()
            for problem in problems_of(self.segments / segment, digest)
        ]

    def inspect(self, manifest: GenerationManifest, watch: Callable[[int, str], None] = lambda *_: None) -> list[str]:
        """What is wrong with any byte of a generation, as sentences, noted for all who read it. `watch` gets the number
        and the name of each segment before it is read."""
        found: dict[str, str | None] = {}
        for number, (segment, digest) in enumerate(manifest.segments.items()):
            watch(number, segment)
            found[segment] = "; ".join(problems_of(self.segments / segment, digest)) or None
        if manifest.name in self.names():
            try:
                self.mark(found)
            except (StorageFull, StorageReadOnly) as error:
                log.warning("what was inspected cannot be noted: %s", error)
        return [problem for problem in found.values() if problem]

    def damaged(self) -> dict[str, str]:
        """The segments that a verification has found damaged, each with the reason."""
        try:
            return dict(read_json(self.root / DAMAGED)) if (self.root / DAMAGED).exists() else {}
        except (IndexCorrupt, TypeError, ValueError) as error:
            log.warning("%s; the next verification finds out again", error)
            return {}

    def mark(self, verified: Mapping[str, str | None]) -> None:
        """Note what a verification has found of segments: why one is damaged, None of a sound one."""
        known = self.damaged()
        told = {name: reason for name, reason in {**known, **verified}.items() if reason}
        if told != known:
            write_atomically(self.root / DAMAGED, json.dumps(told, indent=1))

    def clean(self, keep: int) -> None:
        """Keep the generation that serves, those that served before it, and then the latest, `keep` whole ones in all;
        remove the others, and segments that none of those uses."""
        kept = self._kept(keep)
        for name in self.names():
            if name not in kept:
                (self._generations / f"{name}.json").unlink(missing_ok=True)
        self._drop_unused()

    def drop_loose(self) -> None:
        """Remove what runs that ended half-way have left: embeddings, unfinished files and folders."""
        for file in (*self.root.glob("journal-*.bin"), *self.root.glob("*.new"), *self._generations.glob("*.new")):
            file.unlink(missing_ok=True)

    def fallbacks(self, name: str | None) -> list[str]:
        """The generations to serve in place of a damaged one, best first: those before it, the latest first, then those
        after it; all where there is no such generation."""
        names = self.names()
        others = [other for other in names if other != name]
        before = [other for other in others if name not in names or other < (name or "")]
        return [*reversed(before), *(other for other in others if other not in before)]

    def _kept(self, keep: int) -> list[str]:
        current = self.current_name()
        whole = [name for name in reversed(self.names()) if name == current or self._problem(name) is None]
        order: list[str] = []
        name = current
        while name in whole and name not in order:
            order.append(name)
            name = self.manifest(name).previous
        return [*order, *(name for name in whole if name not in order)][: max(keep, 1)]

    def _drop_unused(self) -> None:
        used = {segment for name in self.names() for segment in self._segments_of(name)}
        for folder in self.segments.iterdir() if self.segments.exists() else ():
            if folder.name not in used:
                shutil.rmtree(folder, ignore_errors=True)
        self.mark({name: None for name in self.damaged() if name not in used})

    def _segments_of(self, name: str) -> Mapping[str, str]:
        """The segments of a generation; none where its manifest is damaged, since it will never be read again."""
        try:
            return self.manifest(name).segments
        except IndexCorrupt:
            return {}

    def _problem(self, name: str) -> str | None:
        try:
            manifest, damaged = self.manifest(name), self.damaged()
            for segment, digest in manifest.segments.items():
                if segment in damaged:
                    return damaged[segment]
                check_heads(self.segments / segment, digest)
        except IndexCorrupt as error:
            return str(error)
        return None

    def _info(self, name: str, current: bool) -> GenerationInfo:
        try:
            manifest = self.manifest(name)
        except IndexCorrupt as error:
            return GenerationInfo(name, current, None, 0, str(error))
        files = (file for segment in manifest.segments for file in (self.segments / segment).glob("*"))
        return GenerationInfo(
            name, current, manifest, sum(map(_size, files)), self._problem(name), self._vectors(manifest)
        )

    def _vectors(self, manifest: GenerationManifest) -> str | None:
        try:
            return explained([read_json(self.segments / segment / MANIFEST) for segment in manifest.segments])
        except (IndexCorrupt, *UNREADABLE):
            return None

    def _name_at(self, now: datetime) -> str:
        """Names sort by time, also where a clock was put back."""
        name = f"{now:%Y%m%dT%H%M%S%f}"
        latest = max(self.names(), default="")
        return name if name > latest else f"{latest}0"


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
