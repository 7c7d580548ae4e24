"""Prints how fast the parts of Knowwho are, beside what the same machine could do and other ways to do the same."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path

from scripts.benches.common import CACHE, Bench
from scripts.benches.speed import encoding, indexing, people, querying, vectors
from scripts.benches.speed.runs import KEPT, draw

PROTOCOL = (
    "each part says what it does and in which order. What is compared takes turns in one run, on the same machine with "
    "as many threads; figures are medians of wall time, spread is lowest to highest"
)
FIGURES = CACHE / "speed" / "figures"
PARTS: dict[str, Callable[[Bench], None]] = {
    "encoding": encoding.measure,
    "indexing": indexing.measure,
    "querying": querying.measure,
    "people": people.measure,
    "vectors": vectors.measure,
}
SETS = ("kubernetes", "lean-zulip", "mlquestions", "nasa-llis", "slicer-forum")


def main() -> None:
    bench = Bench.start("speed", PROTOCOL, SETS, add_options)
    for part in bench.options.parts:
        PARTS[part](bench)
    FIGURES.mkdir(parents=True, exist_ok=True)
    name = "speed" if set(bench.options.parts) == set(PARTS) else "-".join(bench.options.parts)
    bench.json_file = bench.json_file or FIGURES / f"{name}.json"
    if KEPT in bench.figures:
        draw(FIGURES / f"{name}.png", bench.figures)
        bench.note("plot", FIGURES / f"{name}.png")
    bench.finish()


def add_options(options: argparse.ArgumentParser) -> None:
    options.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="what to measure")
    options.add_argument("--passages", type=int, help="so many passages; each part has its own number")
    options.add_argument("--runs", type=int, default=3, help="so often is everything measured")
    options.add_argument("--peer-passages", type=int, default=2000, help="so many passages does each peer encode")
    options.add_argument("--home-passages", type=int, default=100_000, help="so many passages are asked")
    options.add_argument("--home", type=Path, help="ask the scale home in this folder (knowwho.yaml) instead")
    options.add_argument("--seconds", type=float, default=10, help="so long do 16 clients ask")


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    main()
