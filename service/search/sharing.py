"""Queries that are asked at the same time are encoded together, which takes half the time a query."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from itertools import islice
from threading import Condition

import numpy as np
from numpy.typing import NDArray

MOST_TOGETHER = 16
Vector = NDArray[np.float32]
Waiting = dict[str, "Future[Vector]"]


class SharedBatches:
    """Gives the vectors of texts to many threads. `encode` gives each of a few texts the vector, (n, dimension), that
    it gives it alone.

    Whoever comes while nobody encodes does it at once, for all who wait by then; the others wait for that. So nobody
    waits for company, and a text is encoded with those that came during the batch before.
    """

    def __init__(self, encode: Callable[[Sequence[str]], NDArray[np.float32]]) -> None:
        self._encode = encode
        self._changed = Condition()
        self._waiting: Waiting = {}
        self._encoding: Waiting = {}

    def vectors(self, texts: Sequence[str]) -> list[Vector]:
        """The vectors of texts, in their order. Raises what encoding one of them by itself raises."""
        with self._changed:
            wanted = [self._wanted(text) for text in texts]
            while not all(future.done() for future in wanted):
                if self._encoding:
                    self._changed.wait()
                else:
                    self._encode_waiting()
        return [future.result() for future in wanted]

    def _wanted(self, text: str) -> "Future[Vector]":
        return self._encoding.get(text) or self._waiting.setdefault(text, Future())

    def _encode_waiting(self) -> None:
        """Encode the first who wait. The caller holds the condition, which is let go meanwhile."""
        self._encoding = {text: self._waiting.pop(text) for text in list(islice(self._waiting, MOST_TOGETHER))}
        self._changed.release()
        try:
            self._settle(self._encoding)
        finally:
            self._changed.acquire()
            self._encoding = {}
            self._changed.notify_all()

    def _settle(self, batch: Waiting) -> None:
        try:
            vectors = self._encode(list(batch))
        except Exception as error:  # each of those who asked raises it
            if len(batch) == 1:
                batch.popitem()[1].set_exception(error)
            for text, future in batch.items():
                self._settle({text: future})
            return
        for future, vector in zip(batch.values(), vectors, strict=True):
            future.set_result(np.array(vector, np.float32))
