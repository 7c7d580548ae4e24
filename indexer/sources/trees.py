"""Files below a folder or inside an archive, read in place."""

import bz2
import gzip
import hashlib
import lzma
import os
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NoReturn, Protocol, cast

from indexer.domain.content import ItemState
from indexer.domain.errors import DocumentUnreadable, ItemGone, SourceUnavailable

UNPACKED_BYTES_AT_MOST = 16 * 2**30
ZIP_ENCRYPTED = 0x1  # in a member's flag bits
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
        return ZipTree(path) if path.suffix.casefold() == ".zip" else TarTree(path)
    except OSError as error:
        raise SourceUnavailable(f"{path} cannot be read: {error}") from error
    except BROKEN_ARCHIVE as error:
        raise SourceUnavailable(f"{path} is neither a folder nor a sound archive: {error}") from error


def file_mark(path: Path, *chosen: str) -> str | None:
    """A word for the state of one file, None for a folder. SourceUnavailable where there is nothing.

    `chosen` says which part of the file is wanted: other patterns over the same archive make another word.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise SourceUnavailable(f"{path} cannot be read: {error.strerror}; check the source's `path`") from error
    if path.is_dir():
        return None
    wanted = hashlib.blake2b("\0".join(chosen).encode(), digest_size=8).hexdigest()
    return f"{status.st_mtime_ns}-{status.st_size}" + (f"-{wanted}" if chosen else "")


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
        self._root = Path(os.path.realpath(root))
        self._odd_names: dict[str, Path] = {}

    def files(self) -> Iterator[TreeFile]:
        for folder, names, file_names in os.walk(self._root, onerror=_refuse):
            names[:] = sorted(name for name in names if not name.startswith("."))
            for name in sorted(file_names):
                found = self._tree_file(Path(folder) / name)
                if found is not None:
                    yield found

    def read(self, path: str) -> bytes:
        try:
            return self._odd_names.get(path, self._root / path).read_bytes()
        except FileNotFoundError as error:
            self._expect_root()
            raise ItemGone("The file has gone since the folder was listed") from error
        except OSError as error:
            reason = f"The file cannot be read: {error.strerror}"
            raise DocumentUnreadable(ItemState.FAILED, reason, passing=True) from error

    def close(self) -> None:
        pass

    def _expect_root(self) -> None:
        """A disk that was taken away, or unmounted so that its empty mount point is left, is no deleted content."""
        if not self._root.is_dir() or not any(self._root.iterdir()):
            raise SourceUnavailable(f"{self._root} went away while it was read: run again when it is back")

    def _tree_file(self, file: Path) -> TreeFile | None:
        if file.name.startswith((".", "~$")) or not Path(os.path.realpath(file)).is_relative_to(self._root):
            return None
        try:
            status = file.stat()
        except FileNotFoundError:  # a dangling link, or gone since its folder was listed
            return None
        except OSError as error:
            return None if file.is_symlink() else _refuse(error)
        if not stat.S_ISREG(status.st_mode):
            return None
        name = file.relative_to(self._root).as_posix()
        path = _printable(name)
        if path != name:
            self._odd_names[path] = file
        return TreeFile(path, f"{status.st_mtime_ns}-{status.st_size}", status.st_size, _moment(status.st_mtime))


class TarTree:
    """Revisions are hashes of the content: archives made twice differ in times, not in files."""

    def __init__(self, path: Path) -> None:
        self._file = open_uncompressed(path)
        try:
            self._archive = tarfile.TarFile(fileobj=self._file)
            self._members = {_normal(member.name): member for member in self._archive if member.isreg()}
            self._check_end()
        except BaseException:
            self._file.close()
            raise

    def files(self) -> Iterator[TreeFile]:
        for path, member in self._members.items():
            if not _hidden(path):
                yield TreeFile(path, self._digest(member), member.size, _moment(member.mtime))

    def read(self, path: str) -> bytes:
        try:
            content = self._archive.extractfile(self._members[path])
        except (KeyError, *BROKEN_ARCHIVE) as error:
            raise DocumentUnreadable(ItemState.FAILED, "The file is missing from its archive") from error
        return content.read() if content else b""

    def close(self) -> None:
        self._archive.close()
        self._file.close()

    def _digest(self, member: tarfile.TarInfo) -> str:
        content = cast(BufferedReader, self._archive.extractfile(member))
        return hashlib.file_digest(content, lambda: hashlib.blake2b(digest_size=12)).hexdigest()

    def _check_end(self) -> None:
        """A reader of archives takes a damaged header for the end; what stands behind it would count as removed."""
        self._file.seek(self._archive.offset)
        if self._file.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
            raise tarfile.ReadError("it is cut off or damaged before its end")


class ZipTree:
    def __init__(self, path: Path) -> None:
        self._archive = zipfile.ZipFile(path)
        self._members = {_normal(info.filename): info for info in self._archive.infolist() if _is_file(info)}

    def files(self) -> Iterator[TreeFile]:
        for path, info in self._members.items():
            if not _hidden(path):
                yield TreeFile(path, f"{info.CRC:08x}-{info.file_size}", info.file_size, _zip_moment(info))

    def read(self, path: str) -> bytes:
        info = self._members.get(path)
        if info is None:
            raise DocumentUnreadable(ItemState.FAILED, "The file is missing from its archive")
        if info.flag_bits & ZIP_ENCRYPTED:
            raise DocumentUnreadable(ItemState.ENCRYPTED, "The file is encrypted inside its archive")
        try:
            with self._archive.open(info) as file:
                # Where the size in the header lies, the checksum of this many bytes is wrong.
                return file.read(info.file_size + 1)
        except (NotImplementedError, OSError, *BROKEN_ARCHIVE) as error:
            raise DocumentUnreadable(ItemState.FAILED, f"The file cannot be unpacked: {error}") from error

    def close(self) -> None:
        self._archive.close()


def _unpacked(compressed: BinaryIO) -> BinaryIO:
    target = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115  # the caller closes what it gets
    try:
        with compressed:
            while block := compressed.read(2**20):
                target.write(block)
                if target.tell() > UNPACKED_BYTES_AT_MOST:
                    raise OSError(f"it unpacks to more than {UNPACKED_BYTES_AT_MOST // 2**30} GiB")
    except BaseException:
        target.close()
        raise
    target.seek(0)
    return target


def _moment(seconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):  # no year that a calendar has
        return None


def _zip_moment(info: zipfile.ZipInfo) -> datetime | None:
    try:
        return datetime(*info.date_time, tzinfo=UTC)
    except ValueError:  # many programs leave the date at zero
        return None


def _is_file(info: zipfile.ZipInfo) -> bool:
    return not info.is_dir() and not stat.S_ISLNK(info.external_attr >> 16)


def _refuse(error: OSError) -> NoReturn:
    raise SourceUnavailable(f"{error.filename} cannot be listed: {error.strerror}") from error


def _normal(name: str) -> str:
    return _printable(PurePosixPath(name.replace("\\", "/").lstrip("/")).as_posix())


def _printable(path: str) -> str:
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _hidden(path: str) -> bool:
    return any(part.startswith((".", "~$")) for part in PurePosixPath(path).parts)
