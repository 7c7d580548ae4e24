"""Indexes the home of a scale run with vectors that are known, and writes down what that took: a process of its own.

`python -m scripts.benches.scale.build FOLDER`; a killed build goes on where it stopped when it is started again.
"""

import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from indexer.embedding import open_encoder
from indexer.embedding.base import Vectors
from indexer.home import Home
from indexer.pipeline import reindex
from indexer.settings import load_settings
from scripts.benches.scale.vectors import APPROXIMATIONS, CachedEncoder, VectorStore
from service.settings import ServiceSettings

RECORD = "built.json"
BEGUN = "begun"


class Timed(CachedEncoder):
    """Knows how long it took."""

    seconds = 0.0
    processor = 0.0

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        wall, processor = time.perf_counter(), time.process_time()
        vectors = super().encode_passages(texts)
        self.seconds += time.perf_counter() - wall
        self.processor += time.process_time() - processor
        return vectors


def main() -> None:
    folder = Path(sys.argv[1])
    settings = load_settings(ServiceSettings, folder / "knowwho.yaml")
    again = (folder / BEGUN).exists()
    (folder / BEGUN).touch()
    encoder = Timed(open_encoder(settings.encoder), VectorStore(), VectorStore(APPROXIMATIONS))
    start, worked = time.perf_counter(), processor_seconds()
    result = reindex(Home(settings.home), encoder, settings, settings.sources)
    wall = time.perf_counter() - start
    errors = [source.error for source in result.sources if source.error]
    if errors:
        raise SystemExit(f"{folder} cannot be indexed: {errors}")
    record = {
        "went on after a stop": again,
        "seconds": wall - encoder.seconds,
        "processor": processor_seconds() - worked - encoder.processor,
    }
    if not again:  # else the run before took most of them
        record |= {
            "vectors kept": encoder.kept,
            "vectors approximated": encoder.approximated,
            "vectors encoded": encoder.encoded,
        }
    (folder / RECORD).write_text(json.dumps(record))


def processor_seconds() -> float:
    """Of this process and of those that it started."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


if __name__ == "__main__":
    main()
