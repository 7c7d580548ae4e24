"""Any sentence-transformers model, by folder or hub name; the default model comes inside a package."""

import hashlib
import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from indexer.domain.errors import EncoderUnavailable
from indexer.embedding.base import Vectors
from indexer.embedding.models import (
    LOADING_ERRORS,
    device_of,
    loading_arguments,
    model_folder,
    set_threads,
    wants_16_bit,
)
from indexer.settings import EncoderSettings

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from indexer.embedding.packed import PackedModel

log = logging.getLogger(__name__)

SETTING = "encoder.model"
SLOW = "the model is run as its library runs it, which is slower, because a library has changed"
SAMPLE_BYTES = 2**20


class SentenceTransformerEncoder:
    """An `Encoder` over one model, loaded when first used. Safe to use from several threads."""

    def __init__(self, settings: EncoderSettings) -> None:
        self._settings = settings
        self._folder = model_folder(settings.model, SETTING, "sentence-transformers")
        self._loading = threading.Lock()
        self._ordinary: SentenceTransformer | None = None
        self._packed: PackedModel | None = None
        self._tried_packing = False
        self._slow_because: str | None = None

    @cached_property
    def fingerprint(self) -> str:
        """The model's files and the prompts. Precision is left out: 16-bit and 32-bit vectors of one model agree.

        A weight file counts by its size and its ends: training changes all of it, and reading gigabytes at every start
        would take longer than opening the index.
        """
        digest = hashlib.blake2b(digest_size=12)
        files = (file for file in self._folder.rglob("*") if file.suffix in (".json", ".safetensors", ".bin", ".txt"))
        for file in sorted(files):
            digest.update(f"{file.relative_to(self._folder)} {file.stat().st_size}".encode())
            digest.update(_ends(file))
        digest.update(f"{self._settings.query_prompt}\0{self._settings.passage_prompt}".encode())
        return f"{Path(self._settings.model).name}-{digest.hexdigest()}"

    @cached_property
    def dimension(self) -> int:
        packed = self._packed_model()
        found = packed.dimension if packed else self._ordinary_model().get_embedding_dimension()
        if found is None:
            raise EncoderUnavailable(f"{self._settings.model} does not say how long its vectors are: use another model")
        return int(found)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        return self._encode(texts, self._settings.passage_prompt)

    def encode_query(self, text: str) -> Vectors:
        return np.asarray(self.encode_queries([text])[0], np.float32)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        if self._packed_model() is None:  # padding would make a vector depend on the longest text beside
            vectors = [self._encode([text], self._settings.query_prompt) for text in texts]
            return np.concatenate(vectors) if vectors else self._encode([], "")
        return self._encode(texts, self._settings.query_prompt)

    def slow_because(self) -> str | None:
        """Why the model is run more slowly than it could be, None where it is not; loads it."""
        self._packed_model()
        return self._slow_because

    def _encode(self, texts: Sequence[str], prompt: str) -> Vectors:
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        packed = self._packed_model()
        if packed is None:
            vectors = self._encode_ordinarily(texts, prompt)
        else:
            vectors = packed.encode([prompt + text for text in texts])
            odd = np.flatnonzero(~np.isfinite(vectors).all(axis=1)).tolist()
            if odd:
                vectors[odd] = self._encode_ordinarily([texts[number] for number in odd], prompt)
        # Normalised here, in 32 bit: the model's own normalisation in 16 bit leaves lengths off by half a percent.
        return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9), np.float32)

    def _encode_ordinarily(self, texts: Sequence[str], prompt: str) -> Vectors:
        encoded = self._ordinary_model().encode(
            list(texts), prompt=prompt or None, batch_size=self._settings.batch_passages, show_progress_bar=False
        )
        return np.asarray(encoded, np.float32)

    def _packed_model(self) -> "PackedModel | None":
        """A faster way to run the model, if there is one."""
        with self._loading:
            if not self._tried_packing:
                self._packed = self._pack() if self._may_pack() else None
                self._tried_packing = True
            return self._packed

    def _may_pack(self) -> bool:
        return device_of(self._settings) == "cpu" and wants_16_bit(self._settings)

    def _pack(self) -> "PackedModel | None":
        from indexer.embedding.packed import PackingError  # noqa: PLC0415  # takes torch along

        set_threads(self._settings)
        try:
            return self._kept_model() or self._new_packed_model()
        except PackingError as error:
            self._slow_because = f"{SLOW}: {error}"
            log.warning("%s", self._slow_because, extra={"action": "model_not_packed"})
            return None

    def _kept_model(self) -> "PackedModel | None":
        from indexer.embedding.kept import kept_parts  # noqa: PLC0415
        from indexer.embedding.packed import PackingError, packed  # noqa: PLC0415

        kept = kept_parts(self.fingerprint)
        with suppress(PackingError):  # the model's own files are there for a kept one that is damaged
            return packed(kept) if kept else None
        return None

    def _new_packed_model(self) -> "PackedModel | None":
        from indexer.embedding.kept import keep_parts  # noqa: PLC0415
        from indexer.embedding.packed import packed, parts_of  # noqa: PLC0415

        parts = parts_of(self._loaded())
        made = packed(parts) if parts else None
        if parts and made:
            keep_parts(self.fingerprint, parts)
            self._ordinary = None  # takes as much memory again, and is hardly ever wanted now
        return made

    def _ordinary_model(self) -> "SentenceTransformer":
        """The model as its library runs it."""
        with self._loading:
            return self._loaded()

    def _loaded(self) -> "SentenceTransformer":
        if self._ordinary is None:
            self._ordinary = _load(self._folder, self._settings)
        return self._ordinary


def _load(folder: Path, settings: EncoderSettings) -> "SentenceTransformer":
    arguments = loading_arguments(settings)
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415

    try:
        return SentenceTransformer(str(folder), **arguments)
    except LOADING_ERRORS as error:
        raise EncoderUnavailable(f"the model in {folder} cannot be loaded: {error}; check {SETTING}") from error


def _ends(file: Path) -> bytes:
    with file.open("rb") as content:
        start = content.read(SAMPLE_BYTES)
        content.seek(max(file.stat().st_size - SAMPLE_BYTES, 0))
        return start + content.read(SAMPLE_BYTES)
