"""The index and its model, open for as long as the process runs, and always the generation that serves."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from indexer.domain.errors import EncoderUnavailable, IndexCorrupt, IndexOutdated, KnowwhoError
from indexer.embedding import CrossEncoder, Encoder, reopen_encoder
from indexer.home import Home
from indexer.index import CURRENT, GenerationManifest, LocalEngine, SearchEngine
from indexer.index.nearest import VectorSearch
from indexer.settings import EncoderSettings
from service.contributed import Contributed
from service.search.models import OTHER_MODEL, QueryModel
from service.search.withdrawn import Withdrawn

log = logging.getLogger(__name__)

ATTEMPTS = 10  # a generation that is removed while it is being opened has been replaced: take that one
LOOK_AGAIN_SECONDS = 30.0
ANSWERS_AT_ONCE = 3  # more are no faster, and each takes memory that grows with the index
DAMAGE = (IndexError, ValueError, OverflowError)  # what reading a damaged file comes to

SECOND_LOADING = "The first passages are in a rougher order while the model that reads them again loads."
NO_SECOND = "The first passages are in a rougher order because the model that reads them again cannot be loaded."
EARLIER = "The newest index is damaged; this comes from an earlier one, so what is newer may be missing."
IN_PART = "A part of the index is damaged; what it held is missing here."

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Serving:
    """A generation with the model that it was made with: a search takes both at once and keeps them to its end. `note`
    says, in a sentence for people, what is missing where this is not the newest generation or not all of it."""

    manifest: GenerationManifest
    engine: SearchEngine
    model: QueryModel
    note: str | None = None


@dataclass(frozen=True, slots=True)
class _Opened:
    """A generation that can be searched, what people are told of it, what the admin is, and the damage to the newest,
    which names files and is for the log."""

    manifest: GenerationManifest
    engine: SearchEngine
    note: str | None = None
    problem: str | None = None
    damage: str = ""


class OpenIndex:
    """Gives searches their engine and their query vectors. Safe to use from several threads.

    A search takes one generation and keeps it to its end, so a publish in between disturbs nobody. A generation that is
    damaged is replaced by the last good one, and that is said. One that was made with another model serves from when
    that model is loaded; the one before serves until then. `settings` say how such a model is run; without them only
    generations made with `encoder` are searched by meaning. `vectors` is the setting
    `index.vectors`. `turn` is to be held while an answer is worked out.
    """

    def __init__(
        self,
        home: Home,
        encoder: Encoder,
        cross_encoder: CrossEncoder | None = None,
        settings: EncoderSettings | None = None,
        vectors: VectorSearch = "auto",
    ) -> None:
        self.turn = BoundedSemaphore(ANSWERS_AT_ONCE)
        self.withdrawn = Withdrawn()
        self.contributed = Contributed(home)
        self._home = home
        self._encoder = encoder
        self._settings = settings
        self._vectors = vectors
        self._own_model = QueryModel(lambda: encoder)
        self._models: dict[str, QueryModel] = {}
        self._models_wanted = False
        self._cross_encoder = cross_encoder
        self._cross_encoder_ready = threading.Event()
        self._cross_encoder_error: str | None = None
        self._opening = threading.Lock()
        self._seen: object = None
        self._looked = 0.0
        self._serving: Serving | None = None
        self._waiting: Serving | None = None
        self._problem: str | None = None
        self._held_up: str | None = None

    def load_model(self) -> None:
        """Load the model now, then the cross-encoder if there is one; until they are loaded searches do without. Never
        raises: health tells."""
        self._models_wanted = True
        self._present_model().load()
        if self._cross_encoder is not None:
            self._load_cross_encoder(self._cross_encoder)

    def read_contributions(self) -> None:
        """Read everybody's parts in documents now, so that no search need wait for it. Never raises: searches do."""
        with suppress(KnowwhoError), self._home.database.read() as transaction:
            self.contributed.columns(transaction)

    def serving(self) -> Serving:
        """What serves now. IndexOutdated where nothing has been indexed yet, IndexCorrupt where nothing can be read."""
        known = self._serving
        if known is not None and not self._is_outdated():
            return known
        # While one thread opens the next generation the others go on with this one.
        if self._opening.acquire(blocking=known is None):
            try:
                if self._serving is None or self._is_outdated():
                    self._refresh()
            finally:
                self._opening.release()
        if self._serving is not None:
            return self._serving
        if self._problem:
            raise IndexCorrupt(self._problem)
        raise IndexOutdated("nothing has been indexed yet: run `knowwho index`")

    def ask(self, search: Callable[[Serving], Found]) -> Found:
        """What a search comes to. Where it fails because a file turns out to be damaged, it is done again on the last
        good generation. IndexOutdated, IndexCorrupt."""
        serving = self.serving()
        try:
            return search(serving)
        except DAMAGE:
            if not self._home.index.inspect(serving.manifest):
                raise
        try:
            return search(self.serving())
        except DAMAGE as error:
            raise IndexCorrupt(f"generation {serving.manifest.name} cannot be searched: run `knowwho index`") from error

    def engine(self) -> SearchEngine:
        """The engine over the generation that serves. IndexOutdated, IndexCorrupt."""
        return self.serving().engine

    def query_vector(self, text: str) -> tuple[NDArray[np.float32] | None, str | None]:
        """The query's vector, or None and a sentence for people that says why there is none."""
        return self._present_model().query_vector(text)

    def query_vectors(self, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """The vectors of queries, by text; none where the model is not ready."""
        return self._present_model().query_vectors(texts)

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

    @property
    def model_state(self) -> str:
        """`ready`, `loading` or what went wrong."""
        return self._present_model().state

    @property
    def problems(self) -> list[str]:
        """Why something else serves than the newest generation, for the admin."""
        return [problem for problem in (self._problem, self._held_up) if problem]

    def _present_model(self) -> QueryModel:
        try:
            return self.serving().model
        except (IndexOutdated, IndexCorrupt):
            return self._own_model

    def _load_cross_encoder(self, cross_encoder: CrossEncoder) -> None:
        try:
            cross_encoder.score("ready", ["ready"])
        except EncoderUnavailable as error:
            log.error("%s", error, extra={"action": "cross_encoder_unavailable"})
            self._cross_encoder_error = str(error)
            return
        self._cross_encoder_ready.set()

    def _is_outdated(self) -> bool:
        troubled = self._problem is not None or self._held_up is not None
        if troubled and time.monotonic() > self._looked + LOOK_AGAIN_SECONDS:
            return True
        return self._home.index.stamp() != self._seen

    def _refresh(self) -> None:
        """Open what should serve now. A caller holds the lock."""
        for _ in range(ATTEMPTS):
            stamp = self._home.index.stamp()
            opened = next(self._usable(stamp[0]), None)
            if (opened is not None and opened.problem is None) or self._home.index.stamp() == stamp:
                break
        self._seen, self._looked = stamp, time.monotonic()
        if opened is None:
            root = self._home.index.root
            told = "the index is damaged and nothing of it can be read: run `knowwho index`"
            self._tell(told if self._home.index.names() else None, str(root))
            return
        self._tell(opened.problem, opened.damage)
        self._take(Serving(opened.manifest, opened.engine, self._model_of(opened.manifest), opened.note))

    def _usable(self, name: str | None) -> Iterator[_Opened]:
        """Generations that can serve, best first: the newest, the last good one, what is left of a damaged one."""
        index = self._home.index
        named = name in index.names()
        names = ([name] if name and named else []) + index.fallbacks(name)
        newest = f"generation {name}" if named else "the note of which generation is the newest"
        problem = None if named or not names else f"{index.root / CURRENT} names no generation"
        for other in names:
            try:
                opened = self._open(other)
            except IndexCorrupt as error:
                problem = problem or str(error)
                continue
            # Before the first source is read an empty generation is published, which is no use in place of another.
            if problem is None or opened.manifest.passages:
                yield _in_place_of(newest, opened, problem)
        if (known := self._serving) is not None and not index.damaged().keys() & known.manifest.segments.keys():
            yield _in_place_of(newest, _Opened(known.manifest, known.engine), problem)
        for other in names:
            yield from self._open_in_part(other)

    def _open(self, name: str) -> _Opened:
        known = self._serving
        if known is not None and known.manifest.name == name and known.note is None and not self._home.index.damaged():
            return _Opened(known.manifest, known.engine)
        generation = self._home.index.open(name)
        return _Opened(generation.manifest, LocalEngine(generation, self._vectors))

    def _open_in_part(self, name: str) -> Iterator[_Opened]:
        try:
            generation = self._home.index.open(name, partial=True)
        except IndexCorrupt:
            return
        if generation.segments:
            damage = "; ".join(generation.left_out.values())
            told = f"generation {name} is damaged and serves in part: run `knowwho index`"
            yield _Opened(generation.manifest, LocalEngine(generation, self._vectors), IN_PART, told, damage)

    def _model_of(self, manifest: GenerationManifest) -> QueryModel:
        if manifest.fingerprint == self._encoder.fingerprint:
            return self._own_model
        if manifest.fingerprint not in self._models:
            self._models[manifest.fingerprint] = QueryModel(lambda: self._reopened(manifest), OTHER_MODEL)
        return self._models[manifest.fingerprint]

    def _reopened(self, manifest: GenerationManifest) -> Encoder:
        if self._settings is None:
            raise EncoderUnavailable("the index was made with another model: run `knowwho index`")
        return reopen_encoder(manifest.encoder, manifest.fingerprint, self._settings)

    def _take(self, new: Serving) -> None:
        """Let a generation serve; one of another model once that is loaded."""
        known = self._serving
        self._waiting = None
        if known is None or new.model is known.model or new.model.settled or not self._models_wanted:
            self._switch(new)
            return
        self._waiting = new
        threading.Thread(target=self._switch_when_loaded, args=(new,), name="load-model", daemon=True).start()

    def _switch_when_loaded(self, new: Serving) -> None:
        new.model.load()
        with self._opening:
            if self._waiting is new:
                self._waiting = None
                self._switch(new)

    def _switch(self, new: Serving) -> None:
        known = self._serving
        if new.model.error and known is not None and known.model.ready:
            self._held_up = (
                f"generation {known.manifest.name} goes on serving, because the model of {new.manifest.name} cannot be "
                f"loaded: {new.model.error}"
            )
            log.error("%s", self._held_up, extra={"action": "model_unavailable"})
            return
        self._held_up = None
        self._serving = new
        used = {new.manifest.fingerprint}
        self._models = {fingerprint: model for fingerprint, model in self._models.items() if fingerprint in used}

    def _tell(self, problem: str | None, damage: str) -> None:
        if problem and problem != self._problem:
            log.error("%s (%s)", problem, damage, extra={"action": "generation_corrupt"})
        self._problem = problem


def _in_place_of(newest: str, opened: _Opened, damage: str | None) -> _Opened:
    """What is told where another generation serves than the newest."""
    if damage is None:
        return opened
    told = f"{newest} is damaged; generation {opened.manifest.name} serves: run `knowwho index`"
    return _Opened(opened.manifest, opened.engine, EARLIER, told, damage)
