"""Reads PDFs that were made to break readers: each must end in a state, within bounded time and memory."""

import resource
import tarfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil

from indexer.domain.content import ItemState, SourceItem
from indexer.domain.errors import DocumentUnreadable
from indexer.parsing import ParserPool
from indexer.settings import Settings, load_settings
from scripts.benches.common import DATA, Bench

PROTOCOL = "parse every file of the set in child processes with the default limits; memory sampled every 20 ms"
SET = "pdf-torture"
SAMPLE_SECONDS = 0.02
MEGABYTE = 2**20


def main() -> None:
    bench = Bench.start("pdf", PROTOCOL, (SET,))
    settings = load_settings(Settings, None).parsing
    items = list(read_items(DATA / SET / "pdfs.tar.xz"))
    states: Counter[ItemState] = Counter()
    unexplained = []
    start = time.monotonic()
    with PeakMemory() as children, ParserPool(settings) as parsers:
        for item, outcome in parsers.parse_all(items):
            states[outcome.state] += 1
            if outcome.state is not ItemState.OK and not outcome.reason:
                unexplained.append(item.uri)
            if isinstance(outcome, DocumentUnreadable) and outcome.state is ItemState.FAILED:
                print(f"  failed: {item.uri}: {outcome.reason}")
    bench.note("files", len(items))
    bench.note("states", {str(state): count for state, count in states.items()})
    bench.note("seconds", round(time.monotonic() - start, 1))
    bench.note("peak memory of this process, MB", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
    bench.bar("files without a state", len(items) - sum(states.values()), "0", sum(states.values()) == len(items))
    bench.bar("not ok without a reason", len(unexplained), "0", not unexplained)
    limit = settings.memory_megabytes
    peak = children.peak_bytes // MEGABYTE
    bench.bar("peak memory of one child, MB", peak, f"at most {limit} beyond its start", peak <= limit + 100)
    bench.finish()


def read_items(archive: Path) -> Iterator[SourceItem]:
    with tarfile.open(archive) as members:
        for member in members:
            content = members.extractfile(member)
            if content is not None and member.name.endswith(".pdf"):
                yield SourceItem(member.name, "1", content.read())


class PeakMemory:
    """The most resident memory that any child of this process had while the block ran."""

    def __init__(self) -> None:
        self.peak_bytes = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "PeakMemory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        own = psutil.Process()
        while not self._stop.wait(SAMPLE_SECONDS):
            for child in own.children(recursive=True):
                try:
                    self.peak_bytes = max(self.peak_bytes, child.memory_info().rss)
                except psutil.NoSuchProcess:
                    continue


if __name__ == "__main__":
    main()
