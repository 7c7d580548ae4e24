"""The index and the model, open for as long as the process runs, and always the generation that serves."""

import logging
import threading
import time

import numpy as np
from numpy.typing import NDArray

from indexer.domain.errors import EncoderUnavailable, IndexCorrupt, IndexOutdated
from indexer.embedding import Encoder
from indexer.home import Home
from indexer.index import LocalEngine, SearchEngine

log = logging.getLogger(__name__)

LOADING = "Meaning search is off while the model loads; showing word matches."
NO_MODEL = "Meaning search is off because the model cannot be loaded; showing word matches."
OTHER_MODEL = "Meaning search is off until the index is rebuilt with the present model; showing word matches."


class OpenIndex:
    """Gives searches their engine and their query vectors. Safe to use from several threads.

    A search takes one engine and keeps it to its end, so a publish in between disturbs nobody.
    """

    def __init__(self, home: Home, encoder: Encoder) -> None:
        self._home = home
        self._encoder = encoder
        self._opening = threading.Lock()
        self._engine: LocalEngine | None = None
        self._fingerprint: str | None = None
        self._model_ready = threading.Event()
        self._model_error: str | None = None

    def load_model(self) -> None:
        """Load the model now; until it is loaded searches go by words alone. Never raises: health tells."""
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
        """The query's vector, or None and a sentence for people that says why there is none."""
        if not self._model_ready.is_set():
            return None, NO_MODEL if self._model_error else LOADING
        if self._fingerprint != self._encoder.fingerprint:
            return None, OTHER_MODEL
        return self._encoder.encode_query(text), None

    @property
    def model_state(self) -> str:
        """`ready`, `loading` or what went wrong."""
        return self._model_error or ("ready" if self._model_ready.is_set() else "loading")

    def _open(self) -> None:
        try:
            generation = self._home.index.open_current()
        except IndexCorrupt as error:
            log.error("%s; the generation before it goes on serving", error, extra={"action": "generation_corrupt"})
            return
        if generation is not None:
            self._engine = LocalEngine(generation)
            self._fingerprint = generation.manifest.fingerprint
