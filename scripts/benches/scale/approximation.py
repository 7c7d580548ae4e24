"""Vectors for passages of the scale corpus that nobody had the hours to encode, fitted on those that are encoded.

A text's vector is a linear map of the mean of its words' input embeddings, rare words counting more (S. Arora et al.,
"A simple but tough-to-beat baseline for sentence embeddings", 2017), the map being the least-squares fit to real
vectors. They spread over the space as real ones do; a bench that uses them says how many there are.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from indexer.embedding.base import Vectors
from indexer.embedding.models import model_folder

RARITY = 1e-3
LONGEST = 128  # tokens
AT_ONCE = 1024
TABLE = "embeddings.word_embeddings.weight"


class Approximation:
    """Looks like the model in `fit`'s texts and vectors, at a hundredth of the time."""

    def __init__(self, model: str) -> None:
        folder = model_folder(model, "encoder.model", "sentence-transformers")
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(LONGEST)
        weights = load_file(folder / "model.safetensors")
        self._embeddings = next(np.asarray(w, np.float32) for name, w in weights.items() if name.endswith(TABLE))
        self._rarity: NDArray[np.float32] = np.ones(len(self._embeddings), np.float32)
        self._map: NDArray[np.float32] = np.zeros((0, 0), np.float32)

    def fit(self, texts: Sequence[str], vectors: Vectors) -> float:
        """Learn from texts with their real vectors, (n, dimension); the mean cosine to those of the last tenth, which
        are not learnt from."""
        learnt = len(texts) * 9 // 10
        counts = np.bincount(np.concatenate(self._tokens(texts[:learnt])), minlength=len(self._embeddings))
        self._rarity = np.asarray(RARITY / (RARITY + counts / counts.sum()), np.float32)
        means = self._means(texts[:learnt])
        self._map = np.linalg.lstsq(means, vectors[:learnt], rcond=None)[0].astype(np.float32)
        return float((self.encode(texts[learnt:]) * vectors[learnt:]).sum(axis=1).mean())

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, (len(texts), dimension)."""
        made = self._means(texts) @ self._map
        return np.asarray(made / np.maximum(np.linalg.norm(made, axis=1, keepdims=True), 1e-9), np.float32)

    def _means(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """What is mapped, (len(texts), dimension + 1): weighted means, and a constant."""
        starts = range(0, len(texts), AT_ONCE)
        means = np.concatenate([self._weighted(texts[start : start + AT_ONCE]) for start in starts])
        return np.hstack([means, np.ones((len(texts), 1), np.float32)])

    def _weighted(self, texts: Sequence[str]) -> NDArray[np.float32]:
        found = self._tokens(texts)
        starts = np.cumsum([0, *map(len, found[:-1])])
        tokens = np.concatenate(found)
        weights = self._rarity[tokens, np.newaxis]
        summed = np.add.reduceat(self._embeddings[tokens] * weights, starts)
        return np.asarray(summed / np.add.reduceat(weights, starts), np.float32)

    def _tokens(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        return [np.asarray(encoding.ids, np.int64) for encoding in self._tokenizer.encode_batch_fast(list(texts))]
