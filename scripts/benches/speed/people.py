"""How fast people are ranked over everybody's parts in all documents, and what these take."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from indexer.contributed import keep_columns
from indexer.home import Home
from indexer.settings import load_settings
from indexer.store import Transaction
from scripts.benches.common import Bench
from scripts.benches.speed.made_up import DIMENSION, MadeUp
from service.auth import Viewer, readable_audiences
from service.contributed import Contributed
from service.experts.people import rank_people, score_people
from service.search import Query, Retrieved
from service.settings import ServiceSettings

PASSAGES = 1_000_000
QUESTIONS = 100
CANDIDATES = 1_200
MOST_MILLISECONDS = 5.0
MOST_SECONDS = 5.0
CHANGED = 0.01  # of the documents
ALL_PARTS = Viewer("person-1", frozenset({"c1"}), account="a")

# What a server process does at its start, and what it then keeps for itself.
OPENING = """
import sys, time
from pathlib import Path
from indexer.home import Home
from service.contributed import Contributed

def private():
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))

home = Home(Path(sys.argv[1]))
contributed = Contributed(home)
with home.database.read() as transaction:
    transaction.exec_driver_sql("SELECT 1")
    before, begun = private(), time.perf_counter()
    mapped = contributed.now(transaction).mapped
    print(time.perf_counter() - begun, private() - before, mapped)
"""

Ranks = Callable[[Transaction, Retrieved], object]


def measure(bench: Bench) -> None:
    """Rank people for questions over made-up documents, with everything on but the search itself."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        made = MadeUp(home, bench.options.passages or PASSAGES)
        with home.database.read() as transaction:
            parts = transaction.exec_driver_sql("SELECT count(*) FROM contributions").scalar_one()
        bench.note("made-up passages, documents, parts, people", (made.passages, made.documents, parts, made.people))
        compare_files(bench, home)
        compare_questions(bench, home, made)
        home.close()


def compare_files(bench: Bench, home: Home) -> None:
    begun, busy = time.perf_counter(), time.process_time()
    keep_columns(home, least_parts=0)
    told = f"{time.perf_counter() - begun:.2f} (of the processor {time.process_time() - busy:.2f})"
    bench.note("reading all parts and writing their file, seconds", told)
    (file,) = home.folder.glob("columns/*.columns")
    bench.note("bytes of the file of parts", file.stat().st_size)
    run = [sys.executable, "-c", OPENING, str(home.folder)]
    seconds, kilobytes, mapped = subprocess.run(run, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    bench.note("private memory of a process after opening it, kB", int(kilobytes))
    holds = float(seconds) <= MOST_SECONDS and mapped == "True"
    bench.bar("opening the file of parts, seconds", round(float(seconds), 3), "at most 5", holds)


def compare_questions(bench: Bench, home: Home, made: MadeUp) -> None:
    settings, contributed = load_settings(ServiceSettings, None).experts, Contributed(home)
    questions = [question(made, number) for number in range(QUESTIONS)]
    until = datetime.now(UTC) - timedelta(days=200)
    with home.database.read() as transaction:
        readable = readable_audiences(transaction, ALL_PARTS)

    def score(transaction: Transaction, asked: Retrieved) -> object:
        return score_people(transaction, contributed, asked, readable, settings)

    def show(transaction: Transaction, asked: Retrieved) -> object:
        return rank_people(transaction, contributed, asked, readable, settings)

    typical = tell(bench, "scoring everybody who has a vote", home, score, questions)
    bench.bar("scoring people, 95th percentile", typical, "at most 5 ms of the processor", typical <= MOST_MILLISECONDS)
    tell(bench, "the same with reasons, evidence and everything shown", home, show, questions)
    ended = [question(made, number, until) for number in range(QUESTIONS)]
    tell(bench, "scoring for documents until 200 days ago", home, score, ended)
    count = int(made.documents * CHANGED)
    with home.database.begin() as transaction:
        transaction.exec_driver_sql(f"UPDATE contributions SET likes = likes + 1 WHERE document_id <= {count}")
    begun = time.process_time()
    with home.database.read() as transaction:
        contributed.now(transaction)
    bench.note(f"taking in changes of {count} documents, milliseconds", round(1e3 * (time.process_time() - begun), 1))
    tell(bench, "scoring after these changes", home, score, questions)


def tell(bench: Bench, what: str, home: Home, rank: Ranks, questions: Sequence[Retrieved]) -> float:
    """Note how long it takes for each question; gives the 95th percentile, milliseconds of the processor."""
    took = []
    with home.database.read() as transaction:
        rank(transaction, questions[0])
        for asked in questions:
            begun = time.thread_time()
            rank(transaction, asked)
            took.append(1e3 * (time.thread_time() - begun))
    middle, most = np.percentile(took, (50, 95)).tolist()
    bench.note(f"{what}, milliseconds (median, 95th percentile, longest)", f"{middle:.2f}, {most:.2f}, {max(took):.2f}")
    return float(round(most, 2))


def question(made: MadeUp, number: int, until: datetime | None = None) -> Retrieved:
    """What a search could have found, also by the question's vector."""
    vector = np.random.default_rng(number).standard_normal(DIMENSION).astype(np.float32)
    vector /= np.linalg.norm(vector)
    query = Query("why does it fail after the second start", until=until)
    return Retrieved(query, made.candidates(CANDIDATES), "made up", None, vector)
