"""Sources over files in a temporary folder."""

import io
import tarfile
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

from indexer.domain.content import SourceItem
from indexer.settings import FieldMapping, FolderSource, TableSource, ThreadsSource
from indexer.sources import Source, open_source

LIMIT = 2**20


def folder(path: Path, **more: Any) -> Source:
    return open_source(FolderSource(name="library", kind="folder", path=path, **more), LIMIT)


def table(path: Path, **more: Any) -> Source:
    columns = {"id": "Id", "text": ("Text",), "fields": FieldMapping(title="Title", authors="Author")}
    return open_source(TableSource(name="lessons", kind="table", path=path, **{**columns, **more}), LIMIT)


def threads(path: Path, **more: Any) -> Source:
    return open_source(ThreadsSource(name="chat", kind="threads", path=path, **more), LIMIT)


def write(file: Path, text: str = "text") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def uris(source: Source) -> list[str]:
    """What the source lists; closes it."""
    with closing(source):
        return [stamp.uri for stamp in source.changes_since({}).to_read]


def revisions(source: Source) -> dict[str, str]:
    with closing(source):
        return {stamp.uri: stamp.revision for stamp in source.changes_since({}).to_read}


def fetch(source: Source, uri: str) -> SourceItem:
    """One item, fetched after a listing as a run does it; closes the source."""
    with closing(source):
        source.changes_since({})
        return source.fetch(uri)


def zipped(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def tarred(path: Path, files: dict[str, bytes], mode: str = "w:xz", **member_fields: Any) -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            for field, value in member_fields.items():
                setattr(member, field, value)
            archive.addfile(member, io.BytesIO(content))
    return path


def with_zip_headers(path: Path, *, local: dict[int, bytes], central: dict[int, bytes]) -> Path:
    """The archive of one member with bytes of its two headers replaced, at offsets from each header's start."""
    content = bytearray(path.read_bytes())
    for signature, changes in ((b"PK\x03\x04", local), (b"PK\x01\x02", central)):
        start = content.index(signature)
        for offset, new in changes.items():
            content[start + offset : start + offset + len(new)] = new
    path.write_bytes(content)
    return path
