"""Writing files that are whole or absent."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from indexer.domain.errors import IndexCorrupt
from indexer.domain.storage import storage_errors

HEAD_BYTES = 4096


def checksum(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def head_of(file: Path) -> tuple[int, str]:
    """The size of a file in bytes and a checksum of its first 4 KiB: what can be told without reading all of it."""
    with file.open("rb") as content:
        head = content.read(HEAD_BYTES)
    return file.stat().st_size, hashlib.blake2b(head, digest_size=8).hexdigest()


def write_atomically(file: Path, text: str) -> None:
    """Replace a small file in one step; after a crash it holds the old text or the new one. StorageFull,
    StorageReadOnly."""
    scratch = file.with_name(f"{file.name}.new")
    with storage_errors(file):
        with scratch.open("w", encoding="utf-8") as target:
            target.write(text)
            target.flush()
            os.fsync(target.fileno())
        scratch.replace(file)
    sync_folder(file.parent)


def sync_folder(folder: Path) -> None:
    """Force the names in a folder to disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file(file: Path) -> None:
    with file.open("rb") as content:
        os.fsync(content.fileno())


def read_json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise IndexCorrupt(f"{file} cannot be read: {error}") from error
