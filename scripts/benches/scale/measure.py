"""What is measured of a home: what is found, how fast, in how much memory and on how much disk."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import pairwise
from statistics import mean, median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.embedding import Encoder
from indexer.home import Home
from indexer.index import Generation, LocalEngine, QueryTerms, RowFilter
from scripts.benches.encoders import ORDINARY, OURS, QueryEncoders
from scripts.benches.load import ask
from scripts.benches.scale.arithmetic import best_of_blocks, percentile, recall
from scripts.benches.scale.homes import Built
from scripts.benches.serving import Server, knowwho_serving
from service.auth import ANONYMOUS, readable_audiences
from service.experts import rank_people
from service.search import OpenIndex, parse_query, retrieve_passages

BEST = 10
TIE = 1e-5
BLOCK = 65_536
MEANT = 200
RANKED = 300
ENCODED_ALONE = 200
WARM_UP = 50
TOLD = 1_000
ASKED_TOGETHER = 300
CLIENTS = 16
LOOKED_AT = 20
RATED = 2_000


@dataclass(frozen=True)
class Figures:
    """All figures of one home. Times are milliseconds but for those named seconds, sizes are bytes."""

    passages: int
    documents: int
    recall: float
    answer_p50: float
    answer_p95: float
    answer_processor: float
    encoding_p50: float
    ordinary_encoding_p50: float
    failed: int
    with_people: float
    people_p50: float
    people_p95: float
    people_processor_p95: float
    resident: int
    private: int
    disk: int
    text: int
    ready_seconds: float
    index_seconds: float | None
    index_processor_seconds: float | None
    went_on: bool
    vectors_approximated: int | None
    encoder_rate: float

    @property
    def disk_a_passage(self) -> float:
        """Beyond the text, counted once."""
        return (self.disk - self.text) / self.passages

    @property
    def encoding_seconds(self) -> float:
        """What encoding all passages takes at the measured rate."""
        return self.passages / self.encoder_rate

    def saved(self) -> dict[str, Any]:
        return asdict(self)


def measure(built: Built, encoders: QueryEncoders, encoder_rate: float, questions: Sequence[str], runs: int) -> Figures:
    """Everything, one thing after another, so that nothing is measured beside something else."""
    home = Home(built.settings.home)
    with closing(home):
        generation = home.index.open_current()
        assert generation is not None
        found = recall_of(home, generation, built, encoders.ours, questions[:MEANT])
        ranked = ranking_people(home, built, encoders.ours, questions[:RANKED])
    served = serve(built, encoders, questions, runs)
    walls, processors = ([1000 * took for took in column] for column in zip(*ranked, strict=True))
    record = built.record or {}
    return Figures(
        passages=generation.manifest.passages,
        documents=count(built, "SELECT count(*) FROM documents"),
        recall=found,
        people_p50=median(walls),
        people_p95=percentile(walls, 95),
        people_processor_p95=percentile(processors, 95),
        disk=sum(file.stat().st_size for file in built.settings.home.rglob("*") if file.is_file()),
        text=count(built, "SELECT sum(length(CAST(text AS BLOB))) FROM passages"),
        index_seconds=record.get("seconds"),
        index_processor_seconds=record.get("processor"),
        went_on=bool(record.get("went on after a stop")),
        vectors_approximated=record.get("vectors approximated"),
        encoder_rate=encoder_rate,
        **served,
    )


def recall_of(home: Home, generation: Generation, built: Built, encoder: Encoder, questions: Sequence[str]) -> float:
    """Recall@10 by meaning of what a search takes as candidates, against every vector of the index."""
    queries = np.stack([encoder.encode_query(question) for question in questions])
    exact = np.full((len(queries), BEST), -1, np.float32)
    for block in blocks_of(generation):
        exact = best_of_blocks(exact, block, queries)
    engine = LocalEngine(generation)
    with home.database.read() as transaction:
        rows = RowFilter(readable_audiences(transaction, ANONYMOUS).ids)
    found = np.full_like(exact, -1)
    for place, query in enumerate(queries):
        candidates = engine.candidates(query, QueryTerms(), rows, built.settings.search.candidates)
        best = -np.sort(-candidates.cosines)[:BEST]
        found[place, : len(best)] = best
    return recall(found, exact, TIE)


def blocks_of(generation: Generation) -> Iterator[NDArray[np.float32]]:
    """The vectors of all passages that count."""
    for segment, alive in zip(generation.segments, generation.alive, strict=True):
        rows = np.flatnonzero(alive)
        for start in range(0, len(rows), BLOCK):
            yield np.asarray(segment.vectors.rows(rows[start : start + BLOCK]), np.float32)


def ranking_people(home: Home, built: Built, encoder: Encoder, questions: Sequence[str]) -> list[tuple[float, float]]:
    """Seconds of ranking people, with their evidence, for each question: by the clock and of this thread's work."""
    index, settings, taken = OpenIndex(home, encoder), built.settings, []
    index.load_model()
    with home.database.read() as transaction:
        readable = readable_audiences(transaction, ANONYMOUS)
        for question in questions:
            retrieved = retrieve_passages(transaction, index, parse_query(question), readable, settings.search)
            wall, processor = time.perf_counter(), time.thread_time()
            rank_people(transaction, index.contributed, retrieved, readable, settings.experts)
            taken.append((time.perf_counter() - wall, time.thread_time() - processor))
    return taken[len(taken) // 10 :]


def serve(built: Built, encoders: QueryEncoders, questions: Sequence[str], runs: int) -> dict[str, Any]:
    """What is measured of a server, with each new process of it; the medians."""
    told = []
    for _ in range(runs):
        with knowwho_serving(built.config) as server:
            told.append(answers_of(server, encoders, questions))
    return {name: median(run[name] for run in told) for name in told[0]}


def answers_of(server: Server, encoders: QueryEncoders, questions: Sequence[str]) -> dict[str, Any]:
    """One client asks, encoding alone being measured before and after while the server rests; then several clients do,
    so that all processes of the server have worked when their memory is measured, after a thousand questions."""
    cuts = (WARM_UP, WARM_UP + LOOKED_AT, TOLD - ASKED_TOGETHER)
    warm, looked, asked, rest = (questions[start:end] for start, end in pairwise((0, *cuts, TOLD)))
    ask(server.search, warm, CLIENTS)
    before = encoders.milliseconds(asked[: ENCODED_ALONE // 2])
    worked = server.processor()
    answers = ask(server.search, asked, 1)
    worked = server.processor() - worked
    after = encoders.milliseconds(asked[-ENCODED_ALONE // 2 :])
    named = [[who["evidence"] for who in server.answer(question)["people"]] for question in looked]
    together = ask(server.search, rest, CLIENTS)
    memory = server.memory()
    return {
        "answer_p50": percentile(answers.milliseconds, 50),
        "answer_p95": percentile(answers.milliseconds, 95),
        "answer_processor": 1000 * worked / len(asked),
        "encoding_p50": median(before[OURS] + after[OURS]),
        "ordinary_encoding_p50": median(before[ORDINARY] + after[ORDINARY]),
        "failed": answers.failed + together.failed,
        "with_people": mean(any(evidence) for evidence in named),
        "resident": memory.resident,
        "private": memory.private,
        "ready_seconds": server.ready_after,
    }


def rate_of(encoder: Encoder, texts: Sequence[str], runs: int) -> float:
    """Passages a second, median."""
    rates = []
    for _ in range(runs):
        start = time.perf_counter()
        encoder.encode_passages(texts)
        rates.append(len(texts) / (time.perf_counter() - start))
    return median(rates)


def count(built: Built, query: str) -> int:
    with closing(sqlite3.connect(f"file:{built.database}?mode=ro", uri=True)) as connection:
        (found,) = connection.execute(query).fetchone()
    return int(found)
