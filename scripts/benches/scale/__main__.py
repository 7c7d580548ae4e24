"""Prints how Knowwho does on a home of N real passages, and with --grow on smaller ones beside it."""

import argparse
import json
import os
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from scripts.benches.common import Bench
from scripts.benches.encoders import QueryEncoders
from scripts.benches.questions import SETS as QUESTION_SETS
from scripts.benches.questions import TELL, questions
from scripts.benches.scale import corpus
from scripts.benches.scale.arithmetic import growth
from scripts.benches.scale.homes import WORK, Built, home_of
from scripts.benches.scale.measure import RATED, TOLD, Figures, measure, rate_of
from scripts.benches.scale.plot import draw

PROTOCOL = (
    "homes of the first threads of the Lean and Slicer archives, mixed at random, cut into short passages; all are "
    "real and none is repeated. Vectors are the default model's, encoded beforehand where the cache has them; where "
    "it has an approximation instead (scale/approximation.py), that is taken, and how many are is printed. Recall: "
    "the ten best by meaning among a search's candidates against all vectors in numpy (200 questions). Answers: one "
    "client on one connection asks a server for ten passages with people and evidence (630 questions, after 50 by 16 "
    "clients that do not count), beside encoding one question alone in another process while the server rests; p50 "
    "and p95 are compared with its median. People: ranking them, in process, by the clock. Memory: of all the "
    "server's processes after 1,000 questions, 300 of them by 16 clients; resident counts shared pages once, private "
    "are written pages of no file. Disk: the home's files, less the passages' text once. Start: from starting the "
    "process to its first whole answer, files in the page cache. Indexing: reading, splitting, storing and building "
    "the index with vectors at hand, in one process with its parsers; with encoding: that, and all passages at the "
    "rate measured on 2,000 of them. Figures of a server are medians over its runs. " + TELL
)
GROWN = (10_000, 100_000)
FIGURES = WORK / "figures"
BIG = 1_000_000
MB, KB = 1e6, 1e3


def main() -> None:
    bench = Bench.start("scale", PROTOCOL, (*corpus.SETS, *QUESTION_SETS), add_options)
    options = bench.options
    sizes = [size for size in GROWN if size < options.passages] if options.grow else []
    homes = [home_of(size) for size in sizes] + [Built(options.home) if options.home else home_of(options.passages)]
    encoders = QueryEncoders(homes[-1].settings)
    # The same for all sizes: the smallest has its threads in common with the others.
    asked = questions(homes[0].database, TOLD)
    bench.note("threads of each process compared", os.cpu_count())
    bench.note("questions", len(asked))
    # Once for all sizes: it is the same encoder, and its rate varies more from minute to minute than from home to home.
    rate = rate_of(encoders.ours, homes[0].texts()[:RATED], options.runs)
    found = []
    for home in homes:
        bench.note("load of the machine before", os.getloadavg()[0])
        found.append(measure(home, encoders, rate, asked, options.runs))
        tell(bench, found[-1])
        save(found[-1])
    for small, large in pairwise(found):
        compare_indexing(bench, small, large)
    if len(found) > 1:
        compare_answers(bench, found[0], found[-1])
    bench.json_file = bench.json_file or FIGURES / "run.json"
    bench.note("plot", plotted())
    bench.finish()


def add_options(options: argparse.ArgumentParser) -> None:
    options.add_argument("--passages", type=int, default=20_000, help="so many passages, 10,000 to 1,000,000")
    options.add_argument("--home", type=Path, help="measure the home in this folder (knowwho.yaml) instead")
    options.add_argument("--grow", action="store_true", help="measure 10,000 and 100,000 passages, too, and compare")
    options.add_argument("--runs", type=int, default=3, help="so many server processes are measured")


def tell(bench: Bench, found: Figures) -> None:
    """Print the figures of one home."""
    at = f"at {found.passages:,}"
    bench.note(f"documents {at}", found.documents)
    approximated = found.vectors_approximated
    bench.note(f"vectors that are approximations {at}", "not written down" if approximated is None else approximated)
    bench.bar(f"recall@10 by meaning {at}", round(found.recall, 4), "at least .99", found.recall >= 0.99)
    tell_answers(bench, found, at)
    for name, size, most in (("resident", found.resident, 1_200), ("private", found.private, 600)):
        bench.bar(f"MB of the server, {name}, {at}", round(size / MB), f"at most {most}", size <= most * MB)
    beyond = found.disk_a_passage
    bench.note(f"bytes of text a passage {at}", round(found.text / found.passages))
    bench.bar(f"kB on disk a passage beyond the text {at}", round(beyond / KB, 3), "at most 2", beyond <= 2 * KB)
    ready = found.ready_seconds
    bench.bar(f"seconds from start to the first answer {at}", round(ready, 2), "at most 5", ready <= 5)
    if found.index_seconds is not None:
        stopped = ", went on after a stop: not to be compared" if found.went_on else ""
        bench.note(f"seconds of indexing without encoding {at}", f"{found.index_seconds:.1f}{stopped}")
        bench.note(
            f"seconds of encoding {at}, by rate", f"{found.encoding_seconds:.1f} ({found.encoder_rate:.1f} a second)"
        )


def tell_answers(bench: Bench, found: Figures, at: str) -> None:
    bench.note(f"answers that were none {at}", found.failed)
    bench.note(f"share of answers with people and evidence {at}", found.with_people)
    bench.note(f"milliseconds of an answer {at}, p50 and p95", f"{found.answer_p50:.2f} {found.answer_p95:.2f}")
    bench.note(f"milliseconds of the processor an answer {at}", round(found.answer_processor, 2))
    for name, alone in (("Knowwho", found.encoding_p50), ("SentenceTransformer.encode", found.ordinary_encoding_p50)):
        bench.note(f"milliseconds of encoding one query by {name} {at}", round(alone, 2))
        for share, taken, most in ((50, found.answer_p50, 1.5), (95, found.answer_p95, 3)):
            times = taken / alone
            bench.bar(f"p{share} / encoding by {name} {at}", round(times, 2), f"at most {most}", times <= most)
    bench.note(f"milliseconds of ranking people {at}, p50", round(found.people_p50, 2))
    bench.note(f"milliseconds of the processor for ranking people {at}, p95", round(found.people_processor_p95, 2))
    people = found.people_p95
    bench.bar(f"milliseconds of ranking people {at}, p95", round(people, 2), "at most 5", people <= 5)


def compare_indexing(bench: Bench, small: Figures, large: Figures) -> None:
    if small.index_seconds is None or large.index_seconds is None:
        return
    sizes, between = (small.passages, large.passages), f"{small.passages:,} to {large.passages:,}"
    if small.index_processor_seconds and large.index_processor_seconds:
        worked = growth(sizes, (small.index_processor_seconds, large.index_processor_seconds))
        bench.note(f"growth of the processor's time of indexing without encoding, {between}", round(worked, 3))
    alone = growth(sizes, (small.index_seconds, large.index_seconds))
    bench.bar(f"growth of indexing without encoding, {between}", round(alone, 3), "at most 1.1", alone <= 1.1)
    whole = growth(sizes, (small.index_seconds + small.encoding_seconds, large.index_seconds + large.encoding_seconds))
    bench.bar(f"growth of indexing with encoding by rate, {between}", round(whole, 3), "at most 1.1", whole <= 1.1)


def compare_answers(bench: Bench, small: Figures, large: Figures) -> None:
    times, between = large.answer_p50 / small.answer_p50, f"{small.passages:,} to {large.passages:,}"
    bench.bar(f"growth of the p50 of answers, {between}", round(times, 3), "at most 1.5", times <= 1.5)


def save(found: Figures) -> None:
    """Keep the figures of this size, in place of earlier ones."""
    FIGURES.mkdir(parents=True, exist_ok=True)
    (FIGURES / f"{found.passages}.json").write_text(json.dumps(found.saved(), indent=2))


def plotted() -> Path:
    """Draw the latest figures of every size."""
    runs: Sequence[dict[str, float]] = [json.loads(file.read_text()) for file in FIGURES.glob("[0-9]*.json")]
    draw(FIGURES / "scale.png", runs)
    return FIGURES / "scale.png"


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    main()
