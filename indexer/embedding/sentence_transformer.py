"""Any sentence-transformers model, by folder or hub name; the default model comes inside a package."""

import hashlib
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from indexer.domain.errors import EncoderUnavailable
from indexer.embedding.base import Vectors
from indexer.embedding.models import LOADING_ERRORS, loading_arguments, model_folder
from indexer.settings import EncoderSettings

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from indexer.embedding.packed import PackedModel

SETTING = "encoder.model"
SAMPLE_BYTES = 2**20


class SentenceTransformerEncoder:
    """An `Encoder` over one model, loaded when first used. Safe to use from several threads."""

    def __init__(self, settings: EncoderSettings) -> None:
        self._settings = settings
        self._folder = model_folder(settings.model, SETTING, "sentence-transformers")
        self._loading = threading.Lock()
        self._loaded: tuple[SentenceTransformer, PackedModel | None] | None = None

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
        found = self._models()[0].get_embedding_dimension()
        if found is None:
            raise EncoderUnavailable(f"{self._settings.model} does not say how long its vectors are: use another model")
        return int(found)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        return self._encode(texts, self._settings.passage_prompt)

    def encode_query(self, text: str) -> Vectors:
        return np.asarray(self._encode([text], self._settings.query_prompt)[0], np.float32)

    def _encode(self, texts: Sequence[str], prompt: str) -> Vectors:
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        model, packed = self._models()
        if packed is None:
            vectors = self._ordinary(model, texts, prompt)
        else:
            vectors = packed.encode([prompt + text for text in texts])
            odd = np.flatnonzero(~np.isfinite(vectors).all(axis=1)).tolist()
            if odd:
                vectors[odd] = self._ordinary(model, [texts[number] for number in odd], prompt)
        # Normalised here, in 32 bit: the model's own normalisation in 16 bit leaves lengths off by half a percent.
        return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9), np.float32)

    def _ordinary(self, model: "SentenceTransformer", texts: Sequence[str], prompt: str) -> Vectors:
        encoded = model.encode(
            list(texts), prompt=prompt or None, batch_size=self._settings.batch_passages, show_progress_bar=False
        )
        return np.asarray(encoded, np.float32)

    def _models(self) -> "tuple[SentenceTransformer, PackedModel | None]":
        """The model, and a faster way to run it if there is one."""
        with self._loading:
            if self._loaded is None:
                self._loaded = _load(self._folder, self._settings)
            return self._loaded


def _load(folder: Path, settings: EncoderSettings) -> "tuple[SentenceTransformer, PackedModel | None]":
    arguments = loading_arguments(settings)
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415

    from indexer.embedding.packed import packed  # noqa: PLC0415

    try:
        model: SentenceTransformer = SentenceTransformer(str(folder), **arguments)
        return model, packed(model)
    except LOADING_ERRORS as error:
        raise EncoderUnavailable(f"the model in {folder} cannot be loaded: {error}; check {SETTING}") from error


def _ends(file: Path) -> bytes:
    with file.open("rb") as content:
        start = content.read(SAMPLE_BYTES)
        content.seek(max(file.stat().st_size - SAMPLE_BYTES, 0))
        return start + content.read(SAMPLE_BYTES)
