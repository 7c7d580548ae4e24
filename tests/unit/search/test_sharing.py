"""Queries that come at the same time are encoded together, and nobody notices but the clock."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

import numpy as np
import pytest

from indexer.embedding import open_encoder
from indexer.embedding.base import Vectors
from indexer.embedding.hashing import HashingEncoder
from indexer.settings import Settings, load_settings
from service.search.models import QueryModel
from service.search.sharing import MOST_TOGETHER, SharedBatches

ENCODER = HashingEncoder(32)
SPOILT = "spoilt"


class Gate:
    """Encodes with the real encoder, and notes what it was asked; the first batch is held up until `open`."""

    def __init__(self, encode: Callable[[Sequence[str]], Vectors] = ENCODER.encode_queries) -> None:
        self.open = Event()
        self.entered = Event()
        self.batches: list[list[str]] = []
        self._encode = encode

    def __call__(self, texts: Sequence[str]) -> Vectors:
        self.batches.append(list(texts))
        self.entered.set()
        assert self.open.wait(20)
        if SPOILT in texts:
            raise ValueError(f"{SPOILT} among {len(texts)}")
        return self._encode(texts)


def ask_while_busy(gate: Gate, batches: SharedBatches, asked: Sequence[Sequence[str]]) -> list["Future[list[Vectors]]"]:
    """Asks for one text, then for the others while that is encoded; ends when all have what they asked for."""
    with ThreadPoolExecutor(len(asked) + 1) as pool:
        futures = [pool.submit(batches.vectors, ["first"])]
        assert gate.entered.wait(20)
        futures += [pool.submit(batches.vectors, texts) for texts in asked]
        eventually_waiting(batches, len({text for texts in asked for text in texts} - {"first"}))
        gate.open.set()
    return futures


def eventually_waiting(batches: SharedBatches, count: int) -> None:
    for _ in range(2000):
        if len(batches._waiting) == count:
            return
        Event().wait(0.005)
    raise AssertionError(f"{len(batches._waiting)} texts wait, not {count}")


def test_what_comes_while_another_is_encoded_is_encoded_together() -> None:
    gate = Gate()
    asked = [[f"query {number}"] for number in range(10)]
    found = ask_while_busy(gate, SharedBatches(gate), asked)
    assert gate.batches[0] == ["first"]
    assert sorted(gate.batches[1]) == sorted(text for texts in asked for text in texts)
    assert len(gate.batches) == 2
    for texts, future in zip([["first"], *asked], found, strict=True):
        assert np.array_equal(future.result(), ENCODER.encode_queries(texts))


def test_a_lone_query_does_not_wait_for_others() -> None:
    gate = Gate()
    gate.open.set()
    batches = SharedBatches(gate)
    for number in range(3):
        batches.vectors([str(number)])
    assert gate.batches == [["0"], ["1"], ["2"]]


def test_no_batch_is_larger_than_allowed() -> None:
    gate = Gate()
    texts = [f"text {number}" for number in range(MOST_TOGETHER * 2 + 3)]
    found = ask_while_busy(gate, SharedBatches(gate), [texts, ["another"]])
    assert max(map(len, gate.batches)) == MOST_TOGETHER
    assert sum(map(len, gate.batches)) == 1 + len(texts) + 1
    assert np.array_equal(found[1].result(), ENCODER.encode_queries(texts))


def test_the_same_text_is_encoded_once_for_all_who_ask_at_the_same_time() -> None:
    gate = Gate()
    found = ask_while_busy(gate, SharedBatches(gate), [["same"], ["same", "first"], ["same"]])
    assert gate.batches == [["first"], ["same"]]
    assert np.array_equal(found[2].result(), ENCODER.encode_queries(["same", "first"]))


def test_a_text_that_cannot_be_encoded_harms_only_who_asked_for_it() -> None:
    gate = Gate()
    found = ask_while_busy(gate, SharedBatches(gate), [["one"], [SPOILT], ["two"], ["three", SPOILT]])
    assert np.array_equal(found[1].result(), ENCODER.encode_queries(["one"]))
    assert np.array_equal(found[3].result(), ENCODER.encode_queries(["two"]))
    for place in (2, 4):
        with pytest.raises(ValueError, match="spoilt among 1"):
            found[place].result()


def test_after_an_error_the_next_query_is_encoded() -> None:
    gate = Gate()
    gate.open.set()
    batches = SharedBatches(gate)
    with pytest.raises(ValueError, match=SPOILT):
        batches.vectors([SPOILT])
    assert np.array_equal(batches.vectors(["next"]), ENCODER.encode_queries(["next"]))


def test_many_threads_get_the_vectors_of_the_default_model_that_each_text_has_alone() -> None:
    encoder = open_encoder(load_settings(Settings, None).encoder)
    gate = Gate(encoder.encode_queries)
    gate.open.set()
    batches = SharedBatches(gate)
    texts = [f"who has solved problem {number} with the {'very ' * (number % 7)}old pumps?" for number in range(200)]
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda text: batches.vectors([text])[0], texts))
    assert len(gate.batches) < len(texts) / 2
    assert np.array_equal(np.stack(found), np.stack([encoder.encode_query(text) for text in texts]))


def test_a_model_remembers_what_it_encoded_and_answers_in_the_order_asked() -> None:
    model = QueryModel(lambda: ENCODER)
    model.load()
    first = model.query_vector("two")[0]
    found = model.query_vectors(["one", "two", "one"])
    assert list(found) == ["one", "two"]
    assert found["two"] is first
    assert np.array_equal(found["one"], ENCODER.encode_query("one"))
