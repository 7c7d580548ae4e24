"""How many of the nearest vectors a search by codes finds, and what it takes beside comparing all."""

import re
import tempfile
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from indexer.domain.content import DocumentKind
from indexer.embedding import open_encoder
from indexer.index import Generation, IndexFolder, LocalEngine, QueryTerms, Row, RowFilter, write_segment
from indexer.settings import load_settings
from scripts.benches.common import Bench
from scripts.benches.questions import foreign_questions
from scripts.benches.scale import corpus
from scripts.benches.scale.vectors import DIMENSION, VectorStore
from service.settings import ServiceSettings

TELL = (
    "all real vectors of the scale corpus (`python -m scripts.benches.scale.encode`), or the first --passages, in "
    "segments of 100,000, without words. Half of the questions are sentences of messages that end in a question mark, "
    "half are questions of mlquestions. Recall is the share of the nearest of a comparison with all. Time is the "
    "processor's for the candidates, with 600 a list; both ways take turns"
)
ROWS_A_SEGMENT = 100_000
QUESTIONS = 100
THREADS_APART = 40
LISTED = 600
TOPS = (10, 100, 600)
SENTENCE = re.compile(r"[A-Z][^.?!\n`\"\\]{25,180}\?")
EVERYBODY = RowFilter(frozenset({1}))


def measure(bench: Bench) -> None:
    store = VectorStore()
    matrix = store.matrix()[: bench.options.passages]
    bench.note("vectors", TELL)
    bench.note("real vectors searched", len(matrix))
    if len(matrix) < ROWS_A_SEGMENT:
        bench.note("vectors", "too few are encoded to search them by codes")
        return
    with tempfile.TemporaryDirectory() as folder:
        generation = written(Path(folder), matrix, bench)
        compare(bench, generation, asked())


def written(folder: Path, matrix: NDArray[np.float16], bench: Bench) -> Generation:
    index, begun, segments = IndexFolder(folder), time.process_time(), []
    for start in range(0, len(matrix), ROWS_A_SEGMENT):
        vectors = matrix[start : start + ROWS_A_SEGMENT].astype(np.float32)
        numbers = range(start, start + len(vectors))
        rows = [Row(n, n, n.to_bytes(16, "big"), 1, 0, DocumentKind.THREAD, None, "") for n in numbers]
        segments.append(index.new_segment())
        write_segment(segments[-1], rows, vectors, "real")
    bench.note("writing segments with codes, microseconds of the processor a row", seconds_a_row(begun, len(matrix)))
    index.publish(segments, (), fingerprint="real", dimension=DIMENSION, passages=len(matrix), splitter={})
    found = index.open_current()
    assert found is not None
    bench.note("how vectors are searched", index.generations()[0].vectors)
    return found


def seconds_a_row(begun: float, rows: int) -> float:
    return round(1e6 * (time.process_time() - begun) / rows, 1)


def asked() -> NDArray[np.float32]:
    sentences = (SENTENCE.search(line) for line in islice(corpus.threads(), 0, None, THREADS_APART))
    own = islice((found.group() for found in sentences if found), QUESTIONS)
    encoder = open_encoder(load_settings(ServiceSettings, None).encoder)
    texts = [*own, *islice(foreign_questions(), QUESTIONS)]
    return np.stack([encoder.encode_query(text) for text in texts])


def compare(bench: Bench, generation: Generation, questions: Sequence[NDArray[np.float32]]) -> None:
    exact, codes = LocalEngine(generation, "exact"), LocalEngine(generation, "auto")
    took: dict[LocalEngine, list[float]] = {exact: [], codes: []}
    shares: dict[int, list[float]] = {top: [] for top in TOPS}
    for question in questions:
        found = {}
        for engine, times in took.items():
            begun = time.thread_time()
            found[engine] = engine.candidates(question, QueryTerms(), EVERYBODY, LISTED)
            times.append(1e3 * (time.thread_time() - begun))
        order = np.argsort(-found[exact].cosines)
        for top, of_top in shares.items():
            of_top.append(float(np.isin(found[exact].passages[order[:top]], found[codes].passages).mean()))
    by_codes, all_compared = median(took[codes]), median(took[exact])
    bench.note("candidates, all vectors compared, milliseconds", round(all_compared, 2))
    bench.note("candidates by codes, milliseconds", round(by_codes, 2))
    bench.note("all vectors compared / by codes", round(all_compared / by_codes, 1))
    for top in TOPS[1:]:
        bench.note(f"recall@{top} by codes", round(float(np.mean(shares[top])), 4))
    recall = float(np.mean(shares[TOPS[0]]))
    bench.bar("recall@10 by codes", round(recall, 4), "at least .99", recall >= 0.99)
