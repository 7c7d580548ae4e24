"""The vectors of one segment in 16 bit: a FAISS file, searched and read in place by memory map."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from indexer.domain.errors import IndexCorrupt
from indexer.index.stretches import Stretches

# Below so many rows and such a share of a stretch it takes longer to let FAISS scan than to fetch the rows: measured
# on 100,000 x 384, where a row scanned takes 25 ns, one passed over 1.3 ns, one fetched 600 ns and a call 10 us.
FETCHED_ROWS = 16
FETCHED_SHARE = 0.002
SPARE = 32
MORE = 4
EXPONENT = 0x7C00
SIGN_AND_NUMBER = -0x70002000  # 0x8FFFE000, signed
SAME = 1e-4  # FAISS and numpy add in another order: up to 384 roundings of 2^-24, four times over

Heap = tuple[NDArray[np.float32], NDArray[np.int64]]
Scan = Callable[[NDArray[np.float16], NDArray[np.int64], Heap], None]


def write_vectors(file: Path, vectors: NDArray[np.float32]) -> None:
    """Write unit vectors, (rows, dimension), rounded to 16 bit."""
    index = faiss.IndexScalarQuantizer(vectors.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    # Rounded by numpy first: FAISS rounds ties the other way, and a vector must not depend on the way it came.
    index.add(vectors.astype(np.float16).astype(np.float32))
    # Not by FAISS itself: it does not say when the disk is full.
    file.write_bytes(faiss.serialize_index(index).data)


class VectorIndex:
    """The vectors of one segment, open for reading. Every comparison is exact."""

    def __init__(self, file: Path) -> None:
        self._index: Any
        try:
            self._index = faiss.read_index(str(file), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise IndexCorrupt(f"{file} cannot be read: {str(error).splitlines()[0]}") from error
        rows, dimension = self._index.ntotal, self._index.d
        codes = faiss.rev_swig_ptr(self._index.codes.data(), rows * dimension * 2) if rows else np.zeros(0, np.uint8)
        self.matrix: NDArray[np.float16] = codes.view(np.float16).reshape(rows, dimension)

    def near(
        self, query: NDArray[np.float32], stretches: Stretches, allowed: NDArray[np.bool_] | None, limit: int
    ) -> NDArray[np.int64]:
        """The places of the rows closest to a unit vector among those allowed (by place; all where None), in no order:
        at least `limit` where there are as many, and every row that is as close as one of these."""
        present = stretches.rows if allowed is None else int(np.count_nonzero(allowed))
        wanted = limit + SPARE
        # FAISS keeps the best in a heap, which is slow where it would hold nearly everything.
        while wanted * 2 < present:
            places, found = self._scan(query, stretches, allowed, wanted)
            if len(found) <= limit:
                return places
            close = found >= np.partition(found, -limit)[-limit] - SAME
            # Where all that came are close, some that did not may be, too.
            if not close.all() or len(found) < wanted:
                return np.asarray(places[close])
            wanted *= MORE
        return np.arange(present) if allowed is None else np.flatnonzero(allowed)

    def closest(
        self, query: NDArray[np.float32], rows: NDArray[np.int64], limit: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Which of some rows, (n,), are closest to a unit vector, by their positions, with their cosines up to
        rounding, in no order. A few more than `limit`."""
        heap, near = _heap(limit + SPARE), self.matrix[rows]
        with self._scanner(query, None) as scan:
            scan(near, np.arange(len(rows)), heap)
        there = np.isfinite(heap[0])
        return heap[1][there], heap[0][there]

    def rows(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors of the given rows, (n, dimension)."""
        return widened(self.matrix[rows])  # not by `take`, which copies all of what stands at an odd address

    def _scan(
        self, query: NDArray[np.float32], stretches: Stretches, allowed: NDArray[np.bool_] | None, limit: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The places of the `limit` closest rows, with their cosines up to rounding, in no order."""
        lengths = stretches.ends - stretches.starts
        counts = lengths if allowed is None else np.add.reduceat(allowed, stretches.offsets, dtype=np.int64)
        few = counts < FETCHED_ROWS + FETCHED_SHARE * lengths
        fetched = np.flatnonzero(np.repeat(few, lengths) & (True if allowed is None else allowed))
        heap = _heap(limit)
        self._fill(heap, query, stretches, np.flatnonzero(~few), allowed)
        places = np.concatenate([heap[1], fetched])
        found = np.concatenate([heap[0], cosines_of(query, self.rows(stretches.rows_at(fetched)))])
        places, found = places[np.isfinite(found)], found[np.isfinite(found)]
        if len(found) <= limit:
            return places, found
        best = np.argpartition(-found, limit)[:limit]
        return places[best], found[best]

    def _fill(
        self,
        heap: Heap,
        query: NDArray[np.float32],
        stretches: Stretches,
        scanned: NDArray[np.int64],
        allowed: NDArray[np.bool_] | None,
    ) -> None:
        """Keep the closest rows of some stretches in a heap of cosines and places. This is the scan within FAISS's own
        search, given a run of rows: the search itself goes over all rows of the segment and asks of each."""
        bits = None if allowed is None else np.packbits(allowed, bitorder="little")
        selector = None if bits is None else faiss.IDSelectorBitmap(len(bits), faiss.swig_ptr(bits))
        places = np.arange(stretches.rows)
        with self._scanner(query, selector) as scan:
            for stretch in scanned.tolist():
                start, end, offset = (int(v[stretch]) for v in (stretches.starts, stretches.ends, stretches.offsets))
                scan(self.matrix[start:end], places[offset : offset + end - start], heap)

    @contextmanager
    def _scanner(self, query: NDArray[np.float32], selector: Any) -> Iterator[Scan]:
        """A function that compares vectors in 16 bit, one after another in memory, and keeps the closest in a heap,
        under the numbers given for them."""
        query = np.ascontiguousarray(query, np.float32)
        scanner = self._index.sq.select_InvertedListScanner(faiss.METRIC_INNER_PRODUCT, None, False, selector)

        def scan(vectors: NDArray[np.float16], numbers: NDArray[np.int64], heap: Heap) -> None:
            arrays = (vectors.view(np.uint8), numbers, *heap)
            scanner.scan_codes(len(vectors), *(faiss.swig_ptr(array) for array in arrays), len(heap[0]))

        try:
            scanner.set_query(faiss.swig_ptr(query))
            scanner.set_list(0, 0.0)
            yield scan
        finally:
            scanner.__swig_destroy__(scanner)  # FAISS has made it, and Python is not told to free it


def _heap(limit: int) -> Heap:
    return np.full(limit, -np.inf, np.float32), np.full(limit, -1, np.int64)


def widened(numbers: NDArray[np.float16]) -> NDArray[np.float32]:
    """The same numbers in 32 bit. numpy converts them one by one, which takes four times as long as moving the bits:
    the exponent of 32 bit begins 112 lower."""
    bits = numbers.view(np.int16)
    if bits.size and int((bits & EXPONENT).max()) == EXPONENT:  # infinite or no number: there has been damage
        return numbers.astype(np.float32)
    found = ((bits.astype(np.int32) << 13) & SIGN_AND_NUMBER).view(np.float32)
    found *= 2.0**112
    return found


def cosines_of(query: NDArray[np.float32], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The cosine of a unit vector with each of some, (n,). Each is worked out alone: a matrix product rounds a row in a
    way that depends on which rows stand around it."""
    return np.asarray(np.einsum("rd,d->r", vectors, query), np.float32)
