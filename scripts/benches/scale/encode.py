"""Encodes the passages of the scale corpus, to be stopped and started again at will.

`python -m scripts.benches.scale.encode [--passages N]` goes on where the last run stopped.
"""

import argparse
import time
from collections.abc import Iterator
from itertools import islice

from indexer.embedding import open_encoder
from indexer.parsing.base import ParseHints
from indexer.parsing.thread import ThreadParser
from indexer.passages import split
from indexer.settings import PassageSettings, load_settings
from scripts.benches.scale import corpus
from scripts.benches.scale.vectors import VectorStore, digest_of
from service.settings import ServiceSettings

AT_ONCE = 1024


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--passages", type=int, help="stop at so many; default: all")
    encode(options.parse_args().passages)


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


def passages() -> Iterator[str]:
    """What is embedded of the corpus, thread after thread."""
    settings = load_settings(ServiceSettings, None).passages
    cut = PassageSettings.model_validate({**settings.model_dump(), **corpus.PASSAGES})
    parser = ThreadParser()
    for line in corpus.threads():
        document = parser.parse(line.encode(), ParseHints("thread.json"))
        yield from (passage.indexed_text for passage in split(document, cut))


if __name__ == "__main__":
    main()
