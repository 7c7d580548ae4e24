"""The index and the model, open for as long as the process runs, and always the generation that serves."""

import logging
import threading
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from indexer.domain.errors import EncoderUnavailable, IndexCorrupt, IndexOutdated
from indexer.embedding import CrossEncoder, Encoder
from indexer.home import Home
from indexer.index import LocalEngine, SearchEngine
from service.search.query import LONGEST_QUESTION

log = logging.getLogger(__name__)

REMEMBERED_QUERIES = 10_000

LOADING = "Meaning search is off while the model loads; showing word matches."
NO_MODEL = "Meaning search is off because the model cannot be loaded; showing word matches."
SECOND_LOADING = "The first passages are in a rougher order while the model that reads them again loads."
NO_SECOND = "The first passages are in a rougher order because the model that reads them again cannot be loaded."
OTHER_MODEL = "Meaning search is off until the index is rebuilt with the present model; showing word matches."


class OpenIndex:
    """Gives searches their engine and their query vectors. Safe to use from several threads.

    A search takes one engine and keeps it to its end, so a publish in between disturbs nobody.
    """

    def __init__(self, home: Home, encoder: Encoder, cross_encoder: CrossEncoder | None = None) -> None:
        self._home = home
        self._encoder = encoder
        self._cross_encoder = cross_encoder
        self._cross_encoder_ready = threading.Event()
        self._cross_encoder_error: str | None = None
        self._remembering = threading.Lock()
        self._vectors: dict[str, NDArray[np.float32]] = {}
        self._opening = threading.Lock()
        self._engine: LocalEngine | None = None
        self._fingerprint: str | None = None
        self._model_ready = threading.Event()
        self._model_error: str | None = None

    def load_model(self) -> None:
        """Load the model now, then the cross-encoder if there is one; until they are loaded searches do without. Never
        raises: health tells."""
        self._load_encoder()
        if self._cross_encoder is not None:
            self._load_cross_encoder(self._cross_encoder)

    def _load_encoder(self) -> None:
        start = time.monotonic()
        try:
            self._encoder.encode_query("ready")
        except EncoderUnavailable as error:
            log.error("%s", error, extra={"action": "model_unavailable"})
            self._model_error = str(error)
            return
        self._model_ready.set()
        log.info("model ready after %.1f s", time.monotonic() - start, extra={"action": "model_ready"})

    def engine(self) -> SearchEngine:
        """The engine over the generation that serves. IndexOutdated where nothing has been indexed yet.

        A generation that cannot be opened leaves the one before it serving.
        """
        name = self._home.index.current_name()
        with self._opening:
            if self._engine is None or self._engine.generation != name:
                self._open()
            if self._engine is None:
                raise IndexOutdated("nothing has been indexed yet: run `knowwho index`")
            return self._engine

    def query_vector(self, text: str) -> tuple[NDArray[np.float32] | None, str | None]:
        """The query's vector, or None and a sentence for people that says why there is none.

        The vectors of the latest queries are remembered: pages of one answer and stored feedback ask again.
        """
        if not self._model_ready.is_set():
            return None, NO_MODEL if self._model_error else LOADING
        if self._fingerprint != self._encoder.fingerprint:
            return None, OTHER_MODEL
        return self._vector(text), None

    def cross_encoder(self) -> tuple[CrossEncoder | None, str | None]:
        """The cross-encoder, or None; and a sentence for people where one is wanted but cannot be had."""
        if self._cross_encoder is None:
            return None, None
        if not self._cross_encoder_ready.is_set():
            return None, NO_SECOND if self._cross_encoder_error else SECOND_LOADING
        return self._cross_encoder, None

    @property
    def cross_encoder_error(self) -> str | None:
        """Why the cross-encoder cannot be loaded."""
        return self._cross_encoder_error

    def query_vectors(self, texts: Sequence[str], most_new: int) -> dict[str, NDArray[np.float32]]:
        """The vectors, by text, of those of the queries that are remembered and of the first `most_new` others. To be
        asked only where `query_vector` gives one."""
        with self._remembering:
            new = [text for text in texts if text not in self._vectors]
        left_out = set(new[most_new:])
        return {text: self._vector(text) for text in texts if text not in left_out}

    @property
    def model_state(self) -> str:
        """`ready`, `loading` or what went wrong."""
        return self._model_error or ("ready" if self._model_ready.is_set() else "loading")

    def _load_cross_encoder(self, cross_encoder: CrossEncoder) -> None:
        try:
            cross_encoder.score("ready", ["ready"])
        except EncoderUnavailable as error:
            log.error("%s", error, extra={"action": "cross_encoder_unavailable"})
            self._cross_encoder_error = str(error)
            return
        self._cross_encoder_ready.set()

    def _vector(self, text: str) -> NDArray[np.float32]:
        with self._remembering:
            known = self._vectors.get(text)
        if known is not None:
            return known
        vector = self._encoder.encode_query(text)
        if len(text) > LONGEST_QUESTION:  # whole abstracts, ten thousand of them, would fill the memory
            return vector
        with self._remembering:
            self._vectors[text] = vector
            if len(self._vectors) > REMEMBERED_QUERIES:
                self._vectors.pop(next(iter(self._vectors)))
        return vector

    def _open(self) -> None:
        try:
            generation = self._home.index.open_current()
        except IndexCorrupt as error:
            log.error("%s; the generation before it goes on serving", error, extra={"action": "generation_corrupt"})
            return
        if generation is not None:
            self._engine = LocalEngine(generation)
            self._fingerprint = generation.manifest.fingerprint
