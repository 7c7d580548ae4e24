"""The vectors of one segment in 16 bit: a FAISS file, searched and read in place by memory map."""

from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from indexer.domain.errors import IndexCorrupt

SCAN_SHARE = 0.05


def write_vectors(file: Path, vectors: NDArray[np.float32]) -> None:
    """Write unit vectors, (rows, dimension), rounded to 16 bit."""
    index = faiss.IndexScalarQuantizer(vectors.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    # Rounded by numpy first: FAISS rounds ties the other way, and a vector must not depend on the way it came.
    index.add(vectors.astype(np.float16).astype(np.float32))
    # Not by FAISS itself: it does not say when the disk is full.
    file.write_bytes(faiss.serialize_index(index).data)


class VectorIndex:
    """The vectors of one segment, open for reading. Every search is exact."""

    def __init__(self, file: Path) -> None:
        self._index: Any
        try:
            self._index = faiss.read_index(str(file), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise IndexCorrupt(f"{file} cannot be read: {str(error).splitlines()[0]}") from error
        rows, dimension = self._index.ntotal, self._index.d
        codes = faiss.rev_swig_ptr(self._index.codes.data(), rows * dimension * 2) if rows else np.zeros(0, np.uint8)
        self.matrix: NDArray[np.float16] = codes.view(np.float16).reshape(rows, dimension)

    def nearest(
        self, query: NDArray[np.float32], allowed: NDArray[np.bool_] | None, limit: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The rows closest to a unit vector among the allowed ones (all where None), best first, with their cosines."""
        if allowed is None and limit < len(self.matrix):
            return self._search(query, limit, None)
        rows = np.arange(len(self.matrix)) if allowed is None else np.flatnonzero(allowed)
        # FAISS keeps the best in a heap, which is slow where it would hold everything.
        if allowed is None or len(rows) <= max(limit, SCAN_SHARE * len(allowed)):
            cosines = self.cosines(query, rows)
            best = np.argsort(-cosines, kind="stable")[:limit]
            return rows[best], cosines[best]
        bits = np.packbits(allowed, bitorder="little")
        parameters: Any = faiss.SearchParameters()
        parameters.sel = faiss.IDSelectorBitmap(len(bits), faiss.swig_ptr(bits))
        return self._search(query, min(limit, len(rows)), parameters)

    def cosines(self, query: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The cosine of a unit vector with each of the given rows."""
        return np.asarray(self.rows(rows) @ query, np.float32)

    def rows(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors of the given rows, (n, dimension)."""
        return self.matrix[rows].astype(np.float32)

    def _search(
        self, query: NDArray[np.float32], limit: int, parameters: Any
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        limit = min(limit, self._index.ntotal)
        if limit == 0:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        cosines, rows = self._index.search(query[np.newaxis], limit, params=parameters)
        found = rows[0] >= 0
        return rows[0][found], cosines[0][found]
