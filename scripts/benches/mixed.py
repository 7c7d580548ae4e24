"""Readers, a writer and publishes for an hour: whether every question is answered, and whether memory stays."""

import argparse
import asyncio
import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote_plus, urlsplit

import numpy as np
import yaml

from indexer.home import Home
from indexer.settings import load_settings
from scripts.benches.common import CACHE, CHECKOUT, Bench, knowwho
from scripts.benches.load import OK, answer, request
from scripts.benches.questions import TELL, questions
from scripts.benches.serving import Server, knowwho_serving
from service.settings import ServiceSettings

PROTOCOL = (
    "a copy of a home (--config) is served; so many readers ask over HTTP, each on a connection that is kept, one "
    "question after another; a worker does the jobs; a writer changes notes in a source of its own, has them reindexed "
    "through the job queue and waits for that, once a minute, so each time a generation is published. Every ten "
    "seconds the memory of all processes of the server is noted, and how answers went since. Memory grows where a "
    "straight line through what was noted after the first ten minutes (a fifth of a shorter run), and the median of "
    "its last quarter against its first, both rise by more than the limit. Readers and server share the machine. "
    f"{TELL}, but the row begins anew when it has been asked"
)
WORK = CACHE / "mixed"
READERS = 16
EVERY_SECONDS = 10.0
MINUTE = 60.0
NOTES = 40
CHANGED_A_TIME = 5
SOURCE = "changing-notes"
MOST_GROWTH = 0.02
MOST_QUESTIONS = 200_000
SETTLED_AFTER_SECONDS = 600.0


def main() -> None:
    bench = Bench.start("mixed", PROTOCOL, (), add_options)
    config = copied(bench.options.config)
    asking = questions(load_settings(ServiceSettings, config).home / "knowwho.sqlite", MOST_QUESTIONS)
    with knowwho_serving(config, "--processes", str(bench.options.processes)) as server, working(config):
        bench.note("processes of the server", len(server.process.children(recursive=True)) + 1)
        samples, published = run(server, config, asking, bench.options.minutes * MINUTE, bench.options.readers)
    tell(bench, samples, published)
    bench.figures["samples"] = samples
    if bench.options.plot:
        draw(bench.options.plot, samples)
    bench.finish()


def add_options(options: argparse.ArgumentParser) -> None:
    options.add_argument("--config", type=Path, required=True, help="the settings of the home to copy")
    options.add_argument("--minutes", type=float, default=60.0)
    options.add_argument("--readers", type=int, default=READERS)
    options.add_argument("--processes", type=int, default=0, help="as in `knowwho serve`")
    options.add_argument("--plot", type=Path, help="draw the curves into this file")


def copied(config: Path) -> Path:
    """Settings of a fresh copy of the home, with the changing notes beside its sources."""
    settings = load_settings(ServiceSettings, config)
    shutil.rmtree(WORK, ignore_errors=True)
    shutil.copytree(settings.home, WORK / "home", ignore=shutil.ignore_patterns("*.schema-*"))
    told = yaml.safe_load(config.read_text(encoding="utf-8"))
    source = {"name": SOURCE, "kind": "folder", "path": str(WORK / SOURCE), "file_dates": False, "community": SOURCE}
    told["home"] = str(WORK / "home")
    told["sources"] = [*(told.get("sources") or ()), source]
    for one in told["sources"]:
        if "path" in one:
            one["path"] = str(config.parent / one["path"])
    file = WORK / "knowwho.yaml"
    file.write_text(yaml.safe_dump(told), encoding="utf-8")
    Notes(WORK / SOURCE).write(range(NOTES))
    knowwho("--config", file, "index", "--source", SOURCE)
    return file


class Notes:
    """A folder of short notes, of which some are changed again and again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._drawn = random.Random(1)
        folder.mkdir(parents=True, exist_ok=True)

    def change(self) -> None:
        self.write(self._drawn.sample(range(NOTES), CHANGED_A_TIME))

    def write(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            word = self._drawn.randrange(10**6)
            text = (
                f"# Note {number}\n\nIn round {word} part {number} was measured again, and tool {word % 97} fits it.\n"
            )
            (self._folder / f"note-{number}.md").write_text(text, encoding="utf-8")


@contextmanager
def working(config: Path) -> Iterator[None]:
    """A worker, a process of its own."""
    command = [sys.executable, "-m", "service.cli", "--config", str(config), "worker"]
    with subprocess.Popen(command, cwd=CHECKOUT, env={**os.environ, "OMP_NUM_THREADS": "1"}) as worker:
        try:
            yield
        finally:
            worker.terminate()


def run(
    server: Server, config: Path, asking: Sequence[str], seconds: float, readers: int
) -> tuple[list[dict[str, Any]], tuple[int, int]]:
    """A sample for each ten seconds, and how many publishes went well and how many did not."""
    over, samples = threading.Event(), list[dict[str, Any]]()
    reading = Reading(server.search, asking, readers)
    with ThreadPoolExecutor(2) as pool:
        read, publishing = pool.submit(reading.run, seconds), pool.submit(publish_again, config, over)
        start = time.monotonic()
        while not read.done():
            time.sleep(EVERY_SECONDS)
            memory = server.memory()
            held = {"resident": memory.resident, "private": memory.private}
            samples.append({"second": round(time.monotonic() - start), **held, **reading.since_last()})
            print(json.dumps(samples[-1]), flush=True)
        over.set()
        read.result()
        return samples, publishing.result()


class Reading:
    """Readers that ask as long as they are told to."""

    def __init__(self, search: str, asking: Sequence[str], readers: int) -> None:
        address = urlsplit(search)
        path = f"{address.path}?{address.query}"
        self._host, self._port = str(address.hostname), int(address.port or 80)
        self._requests = cycle([request(path.replace("{}", quote_plus(text)), address.netloc) for text in asking])
        self._readers = readers
        self._taken: list[float] = []
        self._failed = 0

    def run(self, seconds: float) -> None:
        asyncio.run(self._run(time.monotonic() + seconds))

    def since_last(self) -> dict[str, Any]:
        """How answers went since this was asked last."""
        taken, failed = self._taken, self._failed
        self._taken, self._failed = [], 0
        found = [1000 * float(value) for value in np.percentile(taken, (50, 95))] if taken else [0.0, 0.0]
        return {"answers": len(taken), "failed": failed, "p50": round(found[0], 1), "p95": round(found[1], 1)}

    async def _run(self, end: float) -> None:
        await asyncio.gather(*(self._ask_until(end) for _ in range(self._readers)))

    async def _ask_until(self, end: float) -> None:
        while time.monotonic() < end:
            try:
                await self._ask_on_one_connection(end)
            except (OSError, EOFError):  # the connection broke: that answer is missing, and another one is opened
                self._failed += 1

    async def _ask_on_one_connection(self, end: float) -> None:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            while time.monotonic() < end:
                start = time.perf_counter()
                writer.write(next(self._requests))
                status, _ = await answer(reader)
                self._taken.append(time.perf_counter() - start)
                self._failed += status != OK
        finally:
            writer.close()


def publish_again(config: Path, over: threading.Event) -> tuple[int, int]:
    """Change a few notes a minute, and have them published; how often that went well, and how often not."""
    notes, home = Notes(WORK / SOURCE), Home(load_settings(ServiceSettings, config).home)
    done, failed = 0, 0
    while not over.wait(MINUTE):
        notes.change()
        before = home.index.current_name()
        ended = knowwho("--config", config, "jobs", "run", "reindex", "--source", SOURCE, "--watch")
        good = ended.returncode == 0 and home.index.current_name() != before
        done, failed = done + good, failed + (not good)
    home.close()
    return done, failed


def tell(bench: Bench, samples: Sequence[dict[str, Any]], published: tuple[int, int]) -> None:
    answers, failed = (sum(sample[name] for sample in samples) for name in ("answers", "failed"))
    bench.note("answers", answers)
    bench.note("answers a second", round(answers / samples[-1]["second"], 1))
    bench.note("milliseconds of an answer, p50 (median of all ten seconds)", median(s["p50"] for s in samples))
    bench.note("milliseconds of an answer, p95 (median of all ten seconds)", median(s["p95"] for s in samples))
    bench.note("generations published", published[0])
    bench.bar("answers and publishes that failed", failed + published[1], "0", failed + published[1] == 0)
    first = min(SETTLED_AFTER_SECONDS, samples[-1]["second"] / 5)
    settled = [sample for sample in samples if sample["second"] > first]
    for kind in ("resident", "private"):
        bench.note(f"{kind} megabytes, first and most", [round(samples[0][kind] / 1e6), megabytes(samples, kind, max)])
        grows = min(growths(settled, kind))
        told = f"at most {MOST_GROWTH} of it, by the line or by the quarters"
        bench.bar(f"growth of {kind} memory after {first:.0f} seconds", round(grows, 4), told, grows <= MOST_GROWTH)


def megabytes(samples: Sequence[dict[str, Any]], kind: str, choose: Any) -> int:
    return round(choose(sample[kind] for sample in samples) / 1e6)


def growths(samples: Sequence[dict[str, Any]], kind: str) -> tuple[float, float]:
    """By which share of its median a kind of memory grew: along the straight line that fits best, and from the median
    of the first quarter of the samples to that of the last."""
    seconds = np.array([sample["second"] for sample in samples], float)
    held = np.array([sample[kind] for sample in samples], float)
    slope = float(np.polyfit(seconds, held, 1)[0])
    quarter = max(len(held) // 4, 1)
    middle = float(np.median(held))
    rise = float(np.median(held[-quarter:]) - np.median(held[:quarter]))
    return slope * float(seconds[-1] - seconds[0]) / middle, rise / middle


def draw(file: Path, samples: Sequence[dict[str, Any]]) -> None:
    """Memory and the time of answers against time."""
    import matplotlib as mpl  # noqa: PLC0415  # of the extra `bench`

    mpl.use("agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    minutes = [sample["second"] / MINUTE for sample in samples]
    figure, (memory, answers) = plt.subplots(2, 1, figsize=(10, 7), sharex=True, layout="constrained")
    for kind in ("resident", "private"):
        memory.plot(minutes, [sample[kind] / 1e6 for sample in samples], label=kind)
    for kind in ("p50", "p95"):
        answers.plot(minutes, [sample[kind] for sample in samples], label=kind)
    memory.set(title="memory of all processes of the server, MB", ylim=(0, None))
    answers.set(title="answers over HTTP, milliseconds", xlabel="minutes", ylim=(0, None))
    memory.legend()
    answers.legend()
    figure.savefig(file, dpi=120)
    plt.close(figure)


if __name__ == "__main__":
    main()
