"""Columns in one file, which every process maps into its memory instead of keeping them in its own.

The first line says in JSON what follows: the number of the latest change that is in it, and of each column its kind of
numbers, how many, and where they begin. The file has the name of its own checksum.
"""

import json
import logging
import mmap
import os
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.contributed.columns import Columns
from indexer.contributed.ids import Ids
from indexer.contributed.layer import Layer
from indexer.domain.storage import storage_errors
from indexer.index.files import checksum, sync_folder
from indexer.store.parts import ROLES

log = logging.getLogger(__name__)

FORMAT = 2
SUFFIX = ".columns"
ALIGNED = 64
LAYER = tuple(field.name for field in fields(Layer) if field.name != "remembered")
IDS = ("letters", "starts_of_ids")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Columns with everything up to the change of this number."""

    number: int
    columns: Columns


def write_snapshot(folder: Path, snapshot: Snapshot) -> str:
    """Write columns that have nothing but their base; gives the name of the file, which is there whole or not at all.
    StorageFull, StorageReadOnly."""
    columns = _columns(snapshot.columns)
    head = _head(snapshot.number, columns)
    scratch = folder / f"columns-{os.getpid()}.new"
    with storage_errors(folder):
        with scratch.open("wb") as target:
            target.write(head)
            for column in columns.values():
                target.write(column.tobytes())
                target.write(bytes(-target.tell() % ALIGNED))
            target.flush()
            os.fsync(target.fileno())
        name = f"{checksum(scratch)}{SUFFIX}"
        scratch.rename(folder / name)
        sync_folder(folder)
    return name


def open_snapshot(file: Path) -> Snapshot | None:
    """The columns of a file, mapped into memory; None where it is missing, has changed since it was written, or is of
    another version."""
    try:
        if f"{checksum(file)}{SUFFIX}" != file.name:
            log.warning("%s is damaged and is not used", file, extra={"action": "columns_damaged"})
            return None
        with file.open("rb") as opened:
            content = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError:
        return None
    told = json.loads(content[: content.find(b"\n")])
    if (told["format"], told["roles"]) != (FORMAT, list(ROLES)):
        return None
    columns: dict[str, Any] = {
        name: np.frombuffer(content, kind, count, start) for name, (kind, count, start) in told["columns"].items()
    }
    ids = Ids(*(columns[name] for name in IDS))
    return Snapshot(told["number"], Columns.over(ids, Layer(**{name: columns[name] for name in LAYER})))


def _columns(columns: Columns) -> dict[str, NDArray[Any]]:
    ids = zip(IDS, (columns.ids.letters, columns.ids.starts), strict=True)
    return {**dict(ids), **{name: getattr(columns.base, name) for name in LAYER}}


def _head(number: int, columns: dict[str, NDArray[Any]]) -> bytes:
    """The first line, as long as it takes to say where the columns begin behind it."""
    size = ALIGNED
    while True:
        told = {"format": FORMAT, "number": number, "roles": ROLES, "columns": dict(_places(columns, size))}
        line = json.dumps(told).encode()
        if len(line) < size:
            return line.ljust(size - 1) + b"\n"
        size += ALIGNED


def _places(columns: dict[str, NDArray[Any]], start: int) -> Iterator[tuple[str, tuple[str, int, int]]]:
    for name, column in columns.items():
        yield name, (column.dtype.str, len(column), start)
        start += column.nbytes + -column.nbytes % ALIGNED
