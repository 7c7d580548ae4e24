"""The model of a generation, as searches use it."""

import logging
import threading
import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from indexer.domain.errors import EncoderUnavailable
from indexer.embedding import Encoder
from service.search.query import LONGEST_QUESTION

log = logging.getLogger(__name__)

REMEMBERED_QUERIES = 10_000

LOADING = "Meaning search is off while the model loads; showing word matches."
NO_MODEL = "Meaning search is off because the model cannot be loaded; showing word matches."
OTHER_MODEL = "Meaning search is off until the index is rebuilt with the present model; showing word matches."


class QueryModel:
    """Turns questions into vectors once it is loaded. Safe to use from several threads.

    `opening` gives the encoder or raises EncoderUnavailable; `unavailable` is what people are told then. The vectors of
    the latest questions are remembered: pages of one answer and stored feedback ask again.
    """

    def __init__(self, opening: Callable[[], Encoder], unavailable: str = NO_MODEL) -> None:
        self._opening = opening
        self._unavailable = unavailable
        self._loading = threading.Lock()
        self._encoder: Encoder | None = None
        self._remembering = threading.Lock()
        self._vectors: dict[str, NDArray[np.float32]] = {}
        self.error: str | None = None

    @property
    def ready(self) -> bool:
        return self._encoder is not None

    @property
    def settled(self) -> bool:
        """Whether it is known if the model can be had."""
        return self.ready or self.error is not None

    @property
    def state(self) -> str:
        """`ready`, `loading` or what went wrong."""
        return self.error or ("ready" if self.ready else "loading")

    def load(self) -> None:
        """Load the model, unless that has been done. Never raises: `error` tells."""
        with self._loading:
            if self.settled:
                return
            start = time.monotonic()
            try:
                encoder = self._opening()
                encoder.encode_query("ready")
            except EncoderUnavailable as error:
                log.error("%s", error, extra={"action": "model_unavailable"})
                self.error = str(error)
                return
            self._encoder = encoder
            log.info("model ready after %.1f s", time.monotonic() - start, extra={"action": "model_ready"})

    def query_vector(self, text: str) -> tuple[NDArray[np.float32] | None, str | None]:
        """The query's vector, or None and a sentence for people that says why there is none."""
        if self._encoder is None:
            return None, self._unavailable if self.error else LOADING
        return self._vector(self._encoder, text), None

    def query_vectors(self, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """The vectors of queries, by text; none where the model is not ready."""
        if self._encoder is None:
            return {}
        return {text: self._vector(self._encoder, text) for text in texts}

    def _vector(self, encoder: Encoder, text: str) -> NDArray[np.float32]:
        with self._remembering:
            known = self._vectors.get(text)
        if known is not None:
            return known
        vector = encoder.encode_query(text)
        if len(text) > LONGEST_QUESTION:  # whole abstracts, ten thousand of them, would fill the memory
            return vector
        with self._remembering:
            self._vectors[text] = vector
            if len(self._vectors) > REMEMBERED_QUERIES:
                self._vectors.pop(next(iter(self._vectors)))
        return vector
