"""Whether a search finds what a viewer may read, however little of the index that is, and how long it takes."""

import os
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.embedding import open_encoder
from indexer.home import Home
from indexer.index import Generation, IndexFolder, LocalEngine, QueryTerms, Row, RowFilter, write_segment
from indexer.index.tokens import tokens
from indexer.passages import indexed_text
from indexer.settings import load_settings
from indexer.store import passages
from scripts.benches.common import CACHE, Bench
from scripts.benches.incremental import BaseEncoder, prepare
from service.search import Query, Retrieved
from service.settings import ServiceSettings

PROTOCOL = (
    "the passages of the incremental bench (all Slicer threads, then Lean threads; vectors are hashed words in the "
    "default model's dimension) in four segments of 80, 15, 4 and 1 %, a hundredth of the rows dead. Each thread has "
    "one of 200 audiences, so that a viewer may read 0.01 % of the threads (one audience), 1 % (three), 50 % (every "
    "other one) or all. Titles of threads taken at random are asked of each viewer. The ten best passages by the "
    "default fusion, of the candidates that are listed, are compared with those of an exact search in numpy over every "
    "readable passage: cosine, crowding and BM25 worked out from vectors and texts, without the index. Times are "
    "medians of candidates and their ranking, one thread, each viewer in turn"
)
WORK = CACHE / "filters"
QUESTIONS = 60
BEST = 10
SEED = 20_250_302
SEGMENTS = (0.8, 0.15, 0.04, 0.01)
AUDIENCES = 200
TINY, SMALL = 1, (1, 2, 3)
VIEWERS = {
    "0.01 %": frozenset({TINY}),
    "1 %": frozenset(SMALL),
    "50 %": frozenset({*SMALL, *range(4, AUDIENCES + 1, 2)}),
    "100 %": frozenset(range(1, AUDIENCES + 1)),
}
TIE = 1e-5
K1, B, NEIGHBOURS, SURROUNDINGS = 1.2, 0.75, 10, 200


@dataclass(frozen=True)
class Corpus:
    """Every passage that counts, each (n,): ids of passage, document and audience, number of tokens; and its unit
    vector, (n, dimension). `occurrences` says by term which of them have it, and how often."""

    passages: NDArray[np.int64]
    documents: NDArray[np.int64]
    audiences: NDArray[np.int64]
    lengths: NDArray[np.int64]
    vectors: NDArray[np.float32]
    occurrences: dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]]


def main() -> None:
    bench = Bench.start("filters", PROTOCOL, ("slicer-forum", "lean-zulip"))
    settings = load_settings(ServiceSettings, prepare(bench))
    encoder = BaseEncoder(open_encoder(settings.encoder))
    rows, vectors = read_home(Home(settings.home))
    random = np.random.default_rng(SEED)
    dead = random.choice(len(rows), len(rows) // 100, replace=False)
    engine = LocalEngine(written(rows, vectors, dead))
    titles = sorted({row.text.partition("\n")[0].partition(": ")[0] for row in rows})
    questions = [str(title) for title in random.choice(titles, QUESTIONS, replace=False)]
    corpus = corpus_of(
        [row for n, row in enumerate(rows) if n not in set(dead)], np.delete(vectors, dead, 0), questions
    )
    took: dict[str, float] = {}
    for name, audiences in VIEWERS.items():
        took[name] = measure(bench, engine, encoder, settings, corpus, questions, name, audiences)
    for name, milliseconds in took.items():
        unfiltered = took["100 %"]
        bench.note(f"milliseconds at {name}, median (unfiltered)", f"{milliseconds:.2f} ({unfiltered:.2f})")
    bench.finish()


def measure(
    bench: Bench,
    engine: LocalEngine,
    encoder: BaseEncoder,
    settings: ServiceSettings,
    corpus: Corpus,
    questions: Sequence[str],
    name: str,
    audiences: frozenset[int],
) -> float:
    """Ask all questions for one viewer; gives the median time in milliseconds."""
    readable = np.flatnonzero(np.isin(corpus.audiences, list(audiences)))
    documents = len(np.unique(corpus.documents))
    share = len(np.unique(corpus.documents[readable])) / documents
    bench.note(f"readable at {name}", f"{len(readable):,} passages, {share:.4%} of {documents:,} threads")
    found = expected = short = 0
    taken = []
    for question in questions:
        vector, terms = encoder.encode_query(question), QueryTerms.of(question)
        start = time.perf_counter()
        candidates = engine.candidates(vector, terms, RowFilter(audiences), settings.search.candidates)
        listed = Retrieved(Query(question), candidates, "", None, vector).listed(settings.search.listed)
        relevance = listed.relevance(settings.search.fusion)
        best = listed.candidates.passages[np.argsort(-relevance, kind="stable")[:BEST]]
        taken.append(time.perf_counter() - start)
        exact = exact_relevance(corpus, readable, vector, terms, settings)
        least = np.sort(exact)[-min(BEST, len(exact))]
        theirs = exact[np.isin(corpus.passages[readable], best)]
        found += int((theirs >= least - TIE).sum())
        expected += min(BEST, len(readable))
        short += len(best) < min(BEST, len(readable))
    recall = round(found / expected, 4)
    bench.bar(f"recall@10 at {name}", recall, "at least 0.99", recall >= 0.99)
    bench.bar(f"searches at {name} with fewer than ten results where there are ten", short, "0", not short)
    return float(np.median(taken)) * 1000


def read_home(home: Home) -> tuple[list[Row], NDArray[np.float32]]:
    """Every passage of a home as the index keeps it, its thread in one of the audiences, and the vectors."""
    generation = home.index.open_current()
    assert generation is not None
    with home.database.read() as transaction:
        stored = list(passages.indexable_passages(transaction, generation.passage_ids().tolist()))
    home.close()
    audience_of = draw_audiences(sorted({passage.document for passage in stored}))
    rows = [
        Row(
            passage.id,
            passage.document,
            passage.digest,
            audience_of[passage.document],
            passage.community,
            passage.kind,
            passage.moment,
            indexed_text(passage.title, passage.heading, passage.text),
        )
        for passage in stored
    ]
    return rows, vectors_of(generation)


def draw_audiences(documents: Sequence[int]) -> dict[int, int]:
    """An audience for each document: 0.01 % of all in the first, 1 % in the first three, the others spread evenly."""
    drawn = np.random.default_rng(SEED).permutation(documents)
    tiny, small = max(round(len(drawn) / 10_000), 1), round(len(drawn) / 100)
    others = np.arange(len(drawn)) % (AUDIENCES - len(SMALL)) + len(SMALL) + 1
    others[:small] = 2 + np.arange(small) % 2
    others[:tiny] = TINY
    return dict(zip(drawn.tolist(), others.tolist(), strict=True))


def vectors_of(generation: Generation) -> NDArray[np.float32]:
    """The vectors of all passages that count, in order of id."""
    pairs = list(zip(generation.segments, generation.alive, strict=True))
    ids = np.concatenate([segment.passages[alive] for segment, alive in pairs])
    vectors = np.concatenate([segment.vectors.rows(np.flatnonzero(alive)) for segment, alive in pairs])
    return np.asarray(vectors[np.argsort(ids)], np.float32)


def written(rows: Sequence[Row], vectors: NDArray[np.float32], dead: NDArray[np.int64]) -> Generation:
    """A generation of the rows in several segments."""
    shutil.rmtree(WORK, ignore_errors=True)
    index = IndexFolder(WORK / "index")
    cuts = np.cumsum([0, *(round(share * len(rows)) for share in SEGMENTS[:-1])])
    folders: list[Path] = []
    for start, end in zip(cuts, [*cuts[1:], len(rows)], strict=True):
        folders.append(index.new_segment())
        write_segment(folders[-1], rows[start:end], vectors[start:end], "base")
    gone = [rows[number].passage for number in dead]
    index.publish(folders, gone, fingerprint="base", dimension=vectors.shape[1], passages=len(rows), splitter={})
    generation = index.open_current()
    assert generation is not None
    return generation


def corpus_of(rows: Sequence[Row], vectors: NDArray[np.float32], questions: Sequence[str]) -> Corpus:
    wanted = {token for question in questions for token in tokens(question)}
    found: dict[str, list[tuple[int, int]]] = {term: [] for term in wanted}
    lengths = np.zeros(len(rows), np.int64)
    for number, row in enumerate(rows):
        counts = Counter(tokens(row.text))
        lengths[number] = counts.total()
        for term in wanted & counts.keys():
            found[term].append((number, counts[term]))
    return Corpus(
        np.asarray([row.passage for row in rows], np.int64),
        np.asarray([row.document for row in rows], np.int64),
        np.asarray([row.audience for row in rows], np.int64),
        lengths,
        vectors,
        {term: columns_of(pairs) for term, pairs in found.items()},
    )


def columns_of(pairs: Sequence[tuple[int, int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    table = np.asarray(pairs, np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def exact_relevance(
    corpus: Corpus,
    readable: NDArray[np.int64],
    vector: NDArray[np.float32],
    terms: QueryTerms,
    settings: ServiceSettings,
) -> NDArray[np.float64]:
    """The relevance of every readable passage by the default fusion, in double precision."""
    fusion = settings.search.fusion
    vectors, documents = corpus.vectors[readable], corpus.documents[readable]
    cosines = vectors @ vector
    around = np.argsort(-cosines, kind="stable")[:SURROUNDINGS]
    crowded = np.concatenate([*blocks_of_neighbours(vectors, documents, around)])
    neighbours = np.where(np.isnan(crowded), cosines, crowded)
    meaning = cosines + fusion.crowding * (cosines - neighbours)
    words = np.minimum(1, fusion.word_scale * share_of_words(corpus, readable, terms))
    return np.asarray((1 - fusion.word_weight) * meaning + fusion.word_weight * words, np.float64)


def blocks_of_neighbours(
    vectors: NDArray[np.float32], documents: NDArray[np.int64], around: NDArray[np.int64]
) -> Iterator[NDArray[np.float64]]:
    """The mean cosine of each passage to its ten nearest of other documents among those around; NaN where none is."""
    for start in range(0, len(vectors), 16_384):
        near = (vectors[start : start + 16_384] @ vectors[around].T).astype(np.float64)
        near[documents[start : start + 16_384, np.newaxis] == documents[around]] = -np.inf
        best = -np.sort(-near, axis=1)[:, :NEIGHBOURS]
        counts = np.isfinite(best).sum(axis=1)
        sums = np.where(np.isfinite(best), best, 0).sum(axis=1)
        yield np.where(counts, sums / np.maximum(counts, 1), np.nan)


def share_of_words(corpus: Corpus, readable: NDArray[np.int64], terms: QueryTerms) -> NDArray[np.float64]:
    """BM25 of every readable passage over the most that the question could get, counted over these alone."""
    place = np.full(len(corpus.passages), -1)
    place[readable] = np.arange(len(readable))
    mean_length = corpus.lengths[readable].mean()
    scores, most = np.zeros(len(readable)), 0.0
    for term, weight in terms.weights.items():
        rows, counts = corpus.occurrences[term]
        rows, counts = rows[place[rows] >= 0], counts[place[rows] >= 0]
        idf = np.log(1 + (len(readable) - len(rows) + 0.5) / (len(rows) + 0.5))
        penalty = K1 * (1 - B + B * corpus.lengths[rows] / mean_length)
        scores[place[rows]] += weight * idf * counts * (K1 + 1) / (counts + penalty)
        most += weight * idf * (K1 + 1)
    return scores / (most or 1.0)


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    main()
