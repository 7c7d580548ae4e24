"""The model of a generation, as searches use it."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from indexer.domain.errors import EncoderUnavailable
from indexer.embedding import Encoder
from service.search.query import LONGEST_QUESTION
from service.search.sharing import SharedBatches

log = logging.getLogger(__name__)

REMEMBERED_QUERIES = 4_000

LOADING = "Meaning search is off while the model loads; showing word matches."
NO_MODEL = "Meaning search is off because the model cannot be loaded; showing word matches."
OTHER_MODEL = "Meaning search is off until the index is rebuilt with the present model; showing word matches."


class QueryModel:
    """Turns questions into vectors once it is loaded. Safe to use from several threads.

    `opening` gives the encoder or raises EncoderUnavailable; `unavailable` is what people are told then. The vectors of
    the latest questions are remembered: pages of one answer and stored feedback ask again. What several threads ask at
    the same time is encoded together.
    """

    def __init__(self, opening: Callable[[], Encoder], unavailable: str = NO_MODEL) -> None:
        self._opening = opening
        self._unavailable = unavailable
        self._loading = threading.Lock()
        self._batches: SharedBatches | None = None
        self._remembering = threading.Lock()
        self._vectors: dict[str, NDArray[np.float32]] = {}
        self.error: str | None = None

    @property
    def ready(self) -> bool:
        return self._batches is not None

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
            self._batches = SharedBatches(encoder.encode_queries)
            log.info("model ready after %.1f s", time.monotonic() - start, extra={"action": "model_ready"})

    def query_vector(self, text: str) -> tuple[NDArray[np.float32] | None, str | None]:
        """The query's vector, or None and a sentence for people that says why there is none."""
        if self._batches is None:
            return None, self._unavailable if self.error else LOADING
        return self._known_vectors(self._batches, [text])[text], None

    def query_vectors(self, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """The vectors of queries, by text; none where the model is not ready."""
        return {} if self._batches is None else self._known_vectors(self._batches, texts)

    def _known_vectors(self, batches: SharedBatches, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        with self._remembering:
            known = {text: self._vectors[text] for text in texts if text in self._vectors}
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            made = dict(zip(new, batches.vectors(new), strict=True))
            known |= made
            self._remember(made)
        return {text: known[text] for text in texts}

    def _remember(self, made: Mapping[str, NDArray[np.float32]]) -> None:
        with self._remembering:
            # Whole abstracts, thousands of them, would fill the memory.
            self._vectors |= {text: vector for text, vector in made.items() if len(text) <= LONGEST_QUESTION}
            while len(self._vectors) > REMEMBERED_QUERIES:
                self._vectors.pop(next(iter(self._vectors)))
