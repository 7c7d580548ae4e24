"""Encodes the passages of the scale corpus, to be stopped and started again at will.

`python -m scripts.benches.scale.encode [--passages N]` goes on where the last run stopped. `--approximate` gives all
passages that are not encoded yet an approximate vector, kept apart, in minutes instead of an hour.
"""

import argparse
import time
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import TypeVar

import numpy as np

from indexer.embedding import open_encoder
from indexer.settings import load_settings
from scripts.benches.scale import corpus
from scripts.benches.scale.approximation import Approximation
from scripts.benches.scale.vectors import APPROXIMATIONS, VectorStore, digest_of
from service.settings import ServiceSettings

AT_ONCE = 1024
LEARNT_FROM = 40_000
T = TypeVar("T")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--passages", type=int, help="stop at so many; default: all")
    options.add_argument("--approximate", action="store_true", help="approximate the rest")
    chosen = options.parse_args()
    if chosen.approximate:
        approximate()
    else:
        encode(chosen.passages)


def encode(most: int | None) -> None:
    """Encode the first so many passages of the corpus that are not in the store yet."""
    store = VectorStore()
    store.cut()
    known = store.digests()
    encoder = open_encoder(load_settings(ServiceSettings, None).encoder)
    texts = islice((text for text in passages() if digest_of(text) not in known), most and max(most - len(known), 0))
    start = time.monotonic()
    done = 0
    while batch := list(dict.fromkeys(islice(texts, AT_ONCE))):
        digests = [digest_of(text) for text in batch]
        store.add(digests, encoder.encode_passages(batch))
        known.update(digests)
        done += len(batch)
        rate = done / (time.monotonic() - start)
        print(f"{len(store):,} passages, {rate:.0f} a second in this run", flush=True)


def approximate() -> None:
    """Keep an approximate vector of every passage that has no real one."""
    real, store = VectorStore(), VectorStore(APPROXIMATIONS)
    store.cut()
    places, known = real.places(), store.digests()
    fitted, rows, rest = [], [], []
    for text in passages():
        row = int(places.of([digest_of(text)])[0])
        if row < 0:
            rest.append(text)
        elif len(fitted) < LEARNT_FROM:
            fitted.append(text)
            rows.append(row)
    approximation = Approximation(load_settings(ServiceSettings, None).encoder.model)
    likeness = approximation.fit(fitted, real.matrix()[rows].astype(np.float32))
    print(f"{len(rest):,} passages to approximate; mean cosine to real vectors {likeness:.3f}", flush=True)
    wanted = {digest_of(text): text for text in rest}
    for batch in batched((item for item in wanted.items() if item[0] not in known), AT_ONCE):
        store.add([digest for digest, _ in batch], approximation.encode([text for _, text in batch]))


def batched(elements: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(elements)
    while batch := list(islice(rest, size)):
        yield batch


def passages() -> Iterator[str]:
    """What is embedded of the corpus, thread after thread."""
    yield from chain.from_iterable(map(corpus.indexed_texts, corpus.threads()))


if __name__ == "__main__":
    main()
