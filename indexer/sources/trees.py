"""Files below a folder or inside an archive, read in place."""

import bz2
import gzip
import hashlib
import lzma
import os
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol, cast

from indexer.domain.content import ItemState
from indexer.domain.errors import DocumentUnreadable, SourceUnavailable

UNPACKED_BYTES_AT_MOST = 16 * 2**30
BROKEN_ARCHIVE = (tarfile.TarError, zipfile.BadZipFile, lzma.LZMAError, zlib.error, EOFError, gzip.BadGzipFile)


@dataclass(frozen=True, slots=True)
class TreeFile:
    """A file of a tree: its path with forward slashes, a revision, its size in bytes and when it was changed."""

    path: str
    revision: str
    size: int
    modified: datetime | None


class FileTree(Protocol):
    def files(self) -> Iterator[TreeFile]:
        """Every regular file, hidden ones and links out of the tree left out."""
        ...

    def read(self, path: str) -> bytes: ...

    def close(self) -> None: ...


def open_tree(path: Path) -> FileTree:
    """The tree at a path: a folder, or an archive by its ending. SourceUnavailable where there is none."""
    if path.is_dir():
        return FolderTree(path)
    if not path.exists():
        raise SourceUnavailable(f"{path} does not exist: check the source's `path`")
    try:
        return ZipTree(path) if path.suffix == ".zip" else TarTree(path)
    except OSError as error:
        raise SourceUnavailable(f"{path} cannot be read: {error}") from error
    except BROKEN_ARCHIVE as error:
        raise SourceUnavailable(f"{path} is neither a folder nor a sound archive: {error}") from error


def file_mark(path: Path) -> str | None:
    """A word for the state of one file, None for a folder. SourceUnavailable where there is nothing."""
    try:
        status = path.stat()
    except OSError as error:
        raise SourceUnavailable(f"{path} cannot be read: {error.strerror}; check the source's `path`") from error
    return None if path.is_dir() else f"{status.st_mtime_ns}-{status.st_size}"


def open_uncompressed(path: Path) -> BinaryIO:
    """The file's bytes for random access; a compressed file (.xz, .gz, .bz2) is unpacked to a temporary one."""
    try:
        match path.suffix:
            case ".xz":
                return _unpacked(cast(BinaryIO, lzma.open(path)))
            case ".gz" | ".tgz":
                return _unpacked(cast(BinaryIO, gzip.open(path)))
            case ".bz2":
                return _unpacked(cast(BinaryIO, bz2.open(path)))
            case _:
                return path.open("rb")
    except (OSError, *BROKEN_ARCHIVE) as error:
        raise SourceUnavailable(f"{path} cannot be read: {error}") from error


class FolderTree:
    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def files(self) -> Iterator[TreeFile]:
        for folder, names, file_names in os.walk(self._root, onerror=_refuse):
            names[:] = sorted(name for name in names if not name.startswith("."))
            for name in sorted(file_names):
                found = self._tree_file(Path(folder) / name)
                if found is not None:
                    yield found

    def read(self, path: str) -> bytes:
        try:
            return (self._root / path).read_bytes()
        except OSError as error:
            raise DocumentUnreadable(ItemState.FAILED, f"The file cannot be read: {error.strerror}") from error

    def close(self) -> None:
        pass

    def _tree_file(self, file: Path) -> TreeFile | None:
        if file.name.startswith((".", "~$")) or not file.resolve().is_relative_to(self._root) or not file.is_file():
            return None
        status = file.stat()
        path = file.relative_to(self._root).as_posix()
        modified = datetime.fromtimestamp(status.st_mtime, UTC)
        return TreeFile(_printable(path), f"{status.st_mtime_ns}-{status.st_size}", status.st_size, modified)


class TarTree:
    """Revisions are hashes of the content: archives made twice differ in times, not in files."""

    def __init__(self, path: Path) -> None:
        self._file = open_uncompressed(path)
        self._archive = tarfile.TarFile(fileobj=self._file)
        self._members = {_normal(member.name): member for member in self._archive if member.isreg()}

    def files(self) -> Iterator[TreeFile]:
        for path, member in self._members.items():
            if not _hidden(path):
                digest = hashlib.blake2b(self.read(path), digest_size=12).hexdigest()
                yield TreeFile(path, digest, member.size, datetime.fromtimestamp(member.mtime, UTC))

    def read(self, path: str) -> bytes:
        try:
            content = self._archive.extractfile(self._members[path])
        except (KeyError, *BROKEN_ARCHIVE) as error:
            raise DocumentUnreadable(ItemState.FAILED, "The file is missing from its archive") from error
        return content.read() if content else b""

    def close(self) -> None:
        self._archive.close()
        self._file.close()


class ZipTree:
    def __init__(self, path: Path) -> None:
        self._archive = zipfile.ZipFile(path)
        self._members = {_normal(info.filename): info for info in self._archive.infolist() if not info.is_dir()}

    def files(self) -> Iterator[TreeFile]:
        for path, info in self._members.items():
            if not _hidden(path):
                modified = datetime(*info.date_time, tzinfo=UTC)
                yield TreeFile(path, f"{info.CRC:08x}-{info.file_size}", info.file_size, modified)

    def read(self, path: str) -> bytes:
        try:
            info = self._members[path]
            with self._archive.open(info) as file:
                # The size in the header may lie; reading one byte more than it says shows that.
                content = file.read(info.file_size + 1)
        except RuntimeError as error:
            raise DocumentUnreadable(ItemState.ENCRYPTED, "The file is encrypted inside its archive") from error
        except (KeyError, NotImplementedError, *BROKEN_ARCHIVE) as error:
            raise DocumentUnreadable(ItemState.FAILED, f"The file cannot be unpacked: {error}") from error
        return content

    def close(self) -> None:
        self._archive.close()


def _unpacked(compressed: BinaryIO) -> BinaryIO:
    target = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115  # the caller closes what it gets
    with compressed:
        while block := compressed.read(2**20):
            target.write(block)
            if target.tell() > UNPACKED_BYTES_AT_MOST:
                target.close()
                raise OSError(f"it unpacks to more than {UNPACKED_BYTES_AT_MOST // 2**30} GiB")
    target.seek(0)
    return target


def _refuse(error: OSError) -> None:
    raise SourceUnavailable(f"{error.filename} cannot be listed: {error.strerror}") from error


def _normal(name: str) -> str:
    return _printable(PurePosixPath(name.replace("\\", "/").lstrip("/")).as_posix())


def _printable(path: str) -> str:
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _hidden(path: str) -> bool:
    return any(part.startswith((".", "~$")) for part in PurePosixPath(path).parts)
