"""Prints how fast the parts of Knowwho are, beside what the same machine could do and other ways to do the same."""

import argparse
import os
from collections.abc import Callable

from scripts.benches.common import Bench
from scripts.benches.speed import encoding

PROTOCOL = (
    "each part says what it does and in which order. What is compared takes turns in one run, on the same machine with "
    "as many threads; figures are medians of wall time, spread is lowest to highest"
)
PARTS: dict[str, Callable[[Bench], None]] = {"encoding": encoding.measure}


def main() -> None:
    bench = Bench.start("speed", PROTOCOL, ("nasa-llis",), add_options)
    for part in bench.options.parts:
        PARTS[part](bench)
    bench.finish()


def add_options(options: argparse.ArgumentParser) -> None:
    options.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="what to measure")
    options.add_argument("--passages", type=int, default=2000, help="so many passages are encoded")
    options.add_argument("--runs", type=int, default=3, help="so often is everything measured")


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    main()
