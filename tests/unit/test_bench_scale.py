import os
import random
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from scripts.benches.load import ask
from scripts.benches.questions import gaps, mixed
from scripts.benches.scale.arithmetic import best_of_blocks, growth, percentile, recall
from scripts.benches.serving import Memory, pages_of, together


def test_percentiles_are_values_that_were_measured() -> None:
    taken = [5.0, 1.0, 4.0, 2.0, 3.0, 6.0, 7.0, 8.0, 9.0, 10.0]
    assert percentile(taken, 50) == 5
    assert percentile(taken, 95) == 10
    assert percentile([7.0], 95) == 7


def test_growth_in_proportion_is_one() -> None:
    assert growth((10, 1000), (2.0, 200.0)) == pytest.approx(1)
    assert growth((10, 100), (2.0, 30.0)) == pytest.approx(1.5)


def test_recall_counts_what_is_as_near_as_the_last_of_the_best() -> None:
    exact = np.asarray([[0.9, 0.8], [0.7, 0.7]], np.float32)
    assert recall(exact, exact, 1e-6) == 1
    assert recall(np.asarray([[0.9, 0.5], [0.7, 0.7]], np.float32), exact, 1e-6) == 0.75
    assert recall(np.asarray([[0.8, -1], [0.7, 0.6]], np.float32), exact, 1e-6) == 0.5


def test_the_best_of_blocks_are_the_best_of_all() -> None:
    vectors = np.random.default_rng(1).normal(size=(100, 4)).astype(np.float32)
    queries = np.random.default_rng(2).normal(size=(3, 4)).astype(np.float32)
    best = np.full((3, 5), -np.inf, np.float32)
    for start in range(0, 100, 30):
        best = best_of_blocks(best, vectors[start : start + 30], queries)
    np.testing.assert_allclose(best, -np.sort(-(queries @ vectors.T))[:, :5], rtol=1e-5)


def test_pages_that_processes_share_count_once() -> None:
    parent = {"Rss": 100, "Anonymous": 40, "Private_Dirty": 30, "Private_Clean": 5}
    child = {"Rss": 90, "Anonymous": 35, "Private_Dirty": 20, "Private_Clean": 2}
    assert together([child, parent]) == Memory(resident=100 + 22, private=40 + 20)
    assert together([parent]) == Memory(resident=100, private=40)


def test_the_pages_of_a_process_are_bytes() -> None:
    pages = pages_of(os.getpid())
    assert pages["Rss"] % 1024 == 0
    assert pages.keys() >= {"Rss", "Anonymous", "Private_Dirty", "Private_Clean"}


def test_of_five_questions_four_are_the_homes_own_and_none_comes_twice() -> None:
    own = [f"own {number}" for number in range(8)]
    found = list(mixed(own, ["a", "OWN 1", "b"]))
    assert found == ["own 0", "own 1", "own 2", "own 3", "a", "own 4", "own 5", "own 6", "own 7", "b"]


def test_an_inner_word_of_a_title_is_left_out() -> None:
    (question,) = gaps(["too short here", "first second third last"], random.Random(1))
    assert question in {"first third last", "first second last"}


class Answering(BaseHTTPRequestHandler):
    """Answers what it was asked, and what begins with "bad" with an error."""

    protocol_version = "HTTP/1.1"
    asked: ClassVar[Counter[str]] = Counter()
    connections: ClassVar[Counter[int]] = Counter()

    def do_GET(self) -> None:
        (question,) = parse_qs(urlsplit(self.path).query)["q"]
        self.asked[question] += 1
        self.connections[self.client_address[1]] += 1
        self.send_response(500 if question.startswith("bad") else 200)
        self.send_header("Content-Length", str(len(question.encode())))
        self.end_headers()
        self.wfile.write(question.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    Answering.asked.clear()
    Answering.connections.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/search?q={{}}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_every_question_is_asked_once_over_connections_that_are_kept(address: str) -> None:
    questions = [f"wie & wo #{number}?" for number in range(20)]
    asked = ask(address, [*questions, "bad one"], 3)
    assert Answering.asked == Counter([*questions, "bad one"])
    assert len(Answering.connections) <= 3
    assert len(asked.milliseconds) == 21
    assert asked.failed == 1
    assert asked.rate == pytest.approx(20 / asked.seconds)
    assert min(asked.milliseconds) > 0


def test_asking_ends_when_its_time_is_over(address: str) -> None:
    asked = ask(address, [str(number) for number in range(100_000)], 2, seconds=0.2)
    assert 0 < len(asked.milliseconds) < 100_000
    assert len(asked.milliseconds) == Answering.asked.total()
