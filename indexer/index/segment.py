"""Segments: immutable folders of passages, their vectors and their postings.

Rows are ordered by audience, then community, so that what a viewer may read lies together.
"""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.domain.content import DocumentKind
from indexer.domain.errors import IndexCorrupt, KnowwhoError
from indexer.domain.storage import storage_errors
from indexer.index.codes import Codes, read_codes, write_codes
from indexer.index.files import checksum, head_of, read_json, sync_file, sync_folder, write_atomically
from indexer.index.keywords import KeywordBuilder, KeywordIndex
from indexer.index.vectors import VectorIndex, write_vectors
from indexer.index.words import WordBuilder, WordIndex

KINDS = tuple(DocumentKind)
ROWS_TOLD = 1_000
NO_DAY = np.iinfo(np.int32).min
VECTORS = "vectors.faiss"
COLUMNS = ("passages", "documents", "digests", "audiences", "communities", "kinds", "days")
MANIFEST = "segment.json"


@dataclass(frozen=True, slots=True)
class Row:
    """One passage as the index keeps it. `day` is the document's date in days since 1970, None where unknown."""

    passage: int
    document: int
    digest: bytes
    audience: int
    community: int
    kind: DocumentKind
    moment: datetime | None
    text: str


def write_segment(
    folder: Path,
    rows: Sequence[Row],
    vectors: NDArray[np.float32],
    fingerprint: str,
    tell: Callable[[int], None] = lambda _: None,
    *,
    coded: bool = True,
) -> None:
    """Write a segment; `folder` appears whole or not at all. `vectors` is (len(rows), dimension), unit length. Without
    `coded` every search compares them all. `tell` hears now and then how many rows are done, and may raise a
    KnowwhoError to stop. StorageFull, StorageReadOnly."""
    scratch = folder.with_name(f"{folder.name}.new")
    try:
        with storage_errors(folder):
            _write_files(scratch, rows, vectors, fingerprint, tell, coded)
            scratch.rename(folder)
    except KnowwhoError:
        shutil.rmtree(scratch, ignore_errors=True)  # a full disk needs the room
        raise
    sync_folder(folder.parent)


def _write_files(
    scratch: Path,
    rows: Sequence[Row],
    vectors: NDArray[np.float32],
    fingerprint: str,
    tell: Callable[[int], None],
    coded: bool,
) -> None:
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    columns = _columns(rows)
    order = np.lexsort((columns["passages"], columns["communities"], columns["audiences"]))
    for name, values in columns.items():
        np.save(scratch / f"{name}.npy", values[order])
    vectors = vectors[order]
    write_vectors(scratch / VECTORS, vectors)
    codes = _write_codes(scratch, columns["audiences"][order], vectors) if coded else []
    keywords, words = KeywordBuilder(), WordBuilder()
    for number, row in enumerate(rows):
        keywords.add(row.text)
        if number % ROWS_TOLD == 0:
            tell(number)
    for written in keywords.written():
        words.add(written)
    keywords.write(scratch, order)
    words.write(scratch)
    _seal(scratch, {"fingerprint": fingerprint, "rows": len(rows), "dimension": vectors.shape[1], "codes": codes})


def _write_codes(
    scratch: Path, audiences: NDArray[np.generic], vectors: NDArray[np.float32]
) -> list[dict[str, object]]:
    """Write codes of the rows of each audience that has many; tell for which rows they are, and what they find."""
    found: list[dict[str, object]] = []
    for start, end in pairwise([0, *(np.flatnonzero(np.diff(audiences)) + 1).tolist(), len(audiences)]):
        file = scratch / f"codes-{start}.faiss"
        recall = write_codes(file, vectors[start:end])
        if recall is not None:
            found.append({"file": file.name, "row": start, "rows": end - start, "recall": recall})
    return found


class Segment:
    """A segment open for reading; its codes are by the row that they begin with. IndexCorrupt where its manifest or a
    file cannot be read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        manifest = read_json(folder / MANIFEST)
        self.fingerprint = str(manifest["fingerprint"])
        self.rows = int(manifest["rows"])
        try:
            self.passages, self.documents, self.digests, self.audiences, self.communities, self.kinds, self.days = (
                np.load(folder / f"{name}.npy", mmap_mode="r") for name in COLUMNS
            )
            self.keywords = KeywordIndex(folder)
            self.words = WordIndex(folder)
        except (OSError, ValueError) as error:
            raise IndexCorrupt(f"{folder} cannot be read: {error}") from error
        self.vectors = VectorIndex(folder / VECTORS)
        self.codes: dict[int, Codes] = {
            int(told["row"]): read_codes(folder / told["file"], manifest["files"][told["file"]])
            for told in manifest.get("codes", ())  # an older version had none
        }


def broken_files(folder: Path) -> list[str]:
    """The files of a segment that are missing or differ from their checksums, as sentences."""
    try:
        expected = read_json(folder / MANIFEST)["files"]
    except (IndexCorrupt, KeyError) as error:
        return [str(error)]
    found = []
    for name, digest in expected.items():
        file = folder / name
        if not file.exists():
            found.append(f"{file} is missing")
        elif checksum(file) != digest:
            found.append(f"{file} has changed since it was written")
    return found


def _columns(rows: Sequence[Row]) -> dict[str, NDArray[np.generic]]:
    digests = np.frombuffer(b"".join(row.digest for row in rows), np.uint8).reshape(len(rows), 16)
    return {
        "passages": np.asarray([row.passage for row in rows], np.int64),
        "documents": np.asarray([row.document for row in rows], np.int64),
        "digests": digests,
        "audiences": np.asarray([row.audience for row in rows], np.int32),
        "communities": np.asarray([row.community for row in rows], np.int32),
        "kinds": np.asarray([KINDS.index(row.kind) for row in rows], np.int8),
        "days": np.asarray([NO_DAY if row.moment is None else day_of(row.moment) for row in rows], np.int32),
    }


def day_of(moment: datetime) -> int:
    """Days since 1970 in UTC."""
    return (moment.astimezone(UTC).date() - datetime(1970, 1, 1).date()).days


def _seal(folder: Path, facts: dict[str, object]) -> None:
    files = sorted(folder.iterdir())
    for file in files:
        sync_file(file)
    manifest = {
        **facts,
        "files": {file.name: checksum(file) for file in files},
        "heads": {file.name: head_of(file) for file in files},
    }
    write_atomically(folder / MANIFEST, json.dumps(manifest, indent=1))
