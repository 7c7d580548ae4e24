"""How fast passages and questions are encoded, beside SentenceTransformer.encode and the processor's limit."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from torch.nn.functional import linear

from indexer.embedding import Encoder, open_encoder
from indexer.embedding.models import model_folder
from indexer.settings import load_settings
from scripts.benches.common import Bench
from scripts.benches.speed.runs import keep
from scripts.benches.speed.texts import lessons
from scripts.benches.speed.timing import Took, alternating, busy
from service.settings import ServiceSettings

PROTOCOL = (
    "passages that the default settings make of NASA's lessons (title, abstract and lesson), drawn at "
    "random, with the default model. In turn, several times over: bf16 matrices of 2,048 x 2,048 multiplied (on "
    "all threads together, and on each alone; the faster counts), the passages encoded by "
    "SentenceTransformer.encode as it comes (fp32, batches of 32) and by Knowwho, and single queries by both. "
    "Figures are medians of wall time, spread is lowest to highest. The arithmetic of a model is twice its "
    "multiply-adds in matrices and attention, for the tokens that the passages have"
)
PASSAGES = 2000
SIDE = 2048
MULTIPLIED = 40
QUERIES = (
    "battery failed in vacuum test",
    "who has solved leaking valves before launch",
    "software did not reset after power loss",
    "contamination of optics during assembly, how was it cleaned and what did the review board recommend",
)
QUERIES_A_RUN = 40


def measure(bench: Bench) -> None:
    bench.note("protocol of encoding", PROTOCOL)
    settings = load_settings(ServiceSettings, None)
    texts = lessons(settings, bench.options.passages or PASSAGES)
    encoder = open_encoder(settings.encoder)
    folder = model_folder(settings.encoder.model, "encoder.model", "sentence-transformers")
    ordinary = SentenceTransformer(str(folder), device="cpu")
    found = ordinary.tokenizer(texts, truncation=True, max_length=ordinary.max_seq_length)["input_ids"]
    lengths = [len(tokens) for tokens in found]
    bench.note("threads", torch.get_num_threads())
    bench.note("passages", len(texts))
    bench.note("characters", sum(map(len, texts)))
    bench.note("tokens (10th, 50th and 90th percentile)", f"{sum(lengths)} ({np.percentile(lengths, (10, 50, 90))})")
    bench.note("load of the machine before", os.getloadavg()[0])
    for warm in (lambda: ordinary.encode(texts[:64]), lambda: encoder.encode_passages(texts[:64]), multiply_together):
        warm()
    tasks: dict[str, Callable[[], object]] = {
        "multiplying on all threads together": multiply_together,
        "multiplying on each thread alone": multiply_alone,
        "SentenceTransformer.encode": lambda: ordinary.encode(texts),
        "Knowwho": lambda: encoder.encode_passages(texts),
        "queries by SentenceTransformer.encode": lambda: ask(ordinary.encode),
        "queries by Knowwho": lambda: ask(encoder.encode_query),
    }
    took = alternating(tasks, bench.options.runs)
    for name, runs in took.items():
        walls = [run.wall for run in runs]
        spread = f"{min(walls):.3f} to {max(walls):.3f}"
        bench.note(f"{name}, seconds (spread; of the processor)", f"{median(walls):.3f} ({spread}; {busy(runs):.3f})")
    rates = {name: [len(texts) / run.wall for run in took[name]] for name in ("Knowwho", "SentenceTransformer.encode")}
    keep(bench, "encoding, passages a second", rates)
    compare_rates(bench, took, arithmetic(ordinary[0].auto_model.config, lengths), len(texts))
    compare_vectors(bench, encoder, ordinary, texts)


def compare_rates(bench: Bench, took: dict[str, list[Took]], operations: float, passages: int) -> None:
    typical = {name: median(run.wall for run in runs) for name, runs in took.items()}
    multiplying = min((name for name in took if name.startswith("multiplying")), key=typical.__getitem__)
    possible, reached = 2 * SIDE**3 * MULTIPLIED / typical[multiplying], operations / typical["Knowwho"]
    bench.note("bf16 multiplication, Gflop/s", round(possible / 1e9))
    bench.note("encoding, Gflop/s", round(reached / 1e9))
    by_processor = operations / busy(took["Knowwho"]) / (2 * SIDE**3 * MULTIPLIED / busy(took[multiplying]))
    bench.note("encoding / bf16 multiplication, by time of the processor", round(by_processor, 3))
    for name in ("SentenceTransformer.encode", "Knowwho"):
        bench.note(f"{name}, passages a second", round(passages / typical[name], 1))
        bench.note(f"one query by {name}, milliseconds", round(1e3 * typical[f"queries by {name}"] / QUERIES_A_RUN, 2))
    times = typical["SentenceTransformer.encode"] / typical["Knowwho"]
    bench.bar("encoding / SentenceTransformer.encode", round(times, 2), "at least 3; stretch 4", times >= 3)
    share = reached / possible
    bench.bar("encoding / bf16 multiplication", round(share, 3), "at least .55; stretch .7", share >= 0.55)
    query = typical["queries by Knowwho"] / typical["queries by SentenceTransformer.encode"]
    bench.bar("time of a query / SentenceTransformer.encode", round(query, 3), "at most 1", query <= 1)


def compare_vectors(bench: Bench, encoder: Encoder, ordinary: Any, texts: Sequence[str]) -> None:
    vectors, wanted = encoder.encode_passages(texts), ordinary.encode(list(texts), normalize_embeddings=True)
    cosines = (vectors * wanted).sum(axis=1)
    bench.note("mean cosine to SentenceTransformer.encode", round(float(cosines.mean()), 6))
    lowest = float(cosines.min())
    bench.bar("lowest cosine to SentenceTransformer.encode", round(lowest, 5), "at least .998", lowest >= 0.998)
    alone = np.stack([encoder.encode_passages([text])[0] for text in texts[:200]])
    apart = float(np.abs(alone - vectors[:200]).max())
    bench.bar("largest difference of a text alone and among others", apart, "at most .004", apart <= 0.004)


def multiply_together() -> None:
    matrix = torch.randn(SIDE, SIDE).bfloat16()
    for _ in range(MULTIPLIED):
        linear(matrix, matrix)


def multiply_alone() -> None:
    """The same work, a share of the rows for each thread."""
    threads = torch.get_num_threads()
    matrix = torch.randn(SIDE, SIDE).bfloat16()

    def multiply(rows: torch.Tensor) -> None:
        torch.set_num_threads(1)
        for _ in range(MULTIPLIED):
            linear(rows, matrix)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(multiply, matrix.chunk(threads)))
    torch.set_num_threads(threads)


def ask(encode: Callable[[str], object]) -> None:
    for number in range(QUERIES_A_RUN):
        encode(QUERIES[number % len(QUERIES)])


def arithmetic(config: Any, lengths: Sequence[int]) -> float:
    """Floating-point operations of a BERT model for texts of so many tokens."""
    tokens, pairs = float(sum(lengths)), float(sum(length**2 for length in lengths))
    matrices = 4 * config.hidden_size**2 + 2 * config.hidden_size * config.intermediate_size
    return 2 * config.num_hidden_layers * (matrices * tokens + 2 * config.hidden_size * pairs)
