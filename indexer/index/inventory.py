"""The files of an index, for those who copy or count them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from indexer.domain.errors import IndexCorrupt
from indexer.index.files import read_json
from indexer.index.generation import CURRENT, IndexFolder
from indexer.index.segment import MANIFEST


@dataclass(frozen=True, slots=True)
class IndexFile:
    """A file of a generation; `digest` is its checksum (`files.checksum`), None where nothing tells it."""

    path: Path
    digest: str | None


@dataclass(frozen=True, slots=True)
class Leftover:
    """A file or folder that no generation uses."""

    path: Path
    size: int


def generation_files(index: IndexFolder, name: str) -> Iterator[IndexFile]:
    """Every file that a generation needs, the manifest first. IndexCorrupt where a manifest cannot be read."""
    yield IndexFile(index.root / "generations" / f"{name}.json", None)
    for segment, digest in index.manifest(name).segments.items():
        folder = index.segments / segment
        yield IndexFile(folder / MANIFEST, digest)
        try:
            files: dict[str, str] = dict(read_json(folder / MANIFEST)["files"])
        except (KeyError, TypeError, ValueError) as error:
            raise IndexCorrupt(f"{folder / MANIFEST} does not list the segment's files") from error
        for file, checksum in files.items():
            yield IndexFile(folder / file, checksum)


def loose_files(index: IndexFolder) -> list[Path]:
    """The files beside segments and generations, such as embeddings that no generation holds yet."""
    return [file for file in _children(index.root) if file.is_file() and file.suffix != ".new" and file.name != CURRENT]


def leftovers(index: IndexFolder) -> list[Leftover]:
    """What an interrupted run left behind: segments that no generation uses, and unfinished files and folders. Segments
    of a run that is still going on are among them."""
    used: set[str] = set()
    for name in index.names():
        used.update(index.manifest(name).segments)
    segments = [folder for folder in _children(index.segments) if folder.name not in used]
    others = [*index.root.glob("*.new"), *(index.root / "generations").glob("*.new")]
    return [Leftover(path, size_of(path)) for path in sorted({*segments, *others})]


def size_of(path: Path) -> int:
    """Bytes in a file, or in all files below a folder; nothing for what has gone."""
    try:
        return path.stat().st_size if not path.is_dir() else sum(size_of(child) for child in path.iterdir())
    except FileNotFoundError:
        return 0


def _children(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.exists() else []
