"""Any sentence-transformers cross-encoder, by folder or hub name."""

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from indexer.domain.errors import EncoderUnavailable
from indexer.embedding.models import LOADING_ERRORS, loading_arguments, model_folder
from indexer.settings import EncoderSettings

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

SETTING = "search.cross_encoder"


class SentenceTransformerCrossEncoder:
    """A `CrossEncoder` over one model, found and loaded when first used. Safe to use from several threads."""

    def __init__(self, model: str, settings: EncoderSettings) -> None:
        self._name = model
        self._settings = settings
        self._loading = threading.Lock()
        self._loaded: CrossEncoder | None = None

    def score(self, question: str, texts: Sequence[str]) -> NDArray[np.float32]:
        from torch.nn import Sigmoid  # noqa: PLC0415  # takes seconds to import

        if not texts:
            return np.zeros(0, np.float32)
        pairs = [(question, text) for text in texts]
        # The sigmoid is said, because models differ in whether they bring it along.
        scores = self._model().predict(
            pairs,
            batch_size=self._settings.batch_passages,
            show_progress_bar=False,
            activation_fn=Sigmoid(),
        )
        return np.asarray(scores, np.float32)

    def _model(self) -> "CrossEncoder":
        with self._loading:
            if self._loaded is None:
                self._loaded = _load(self._name, self._settings)
            return self._loaded


def _load(name: str, settings: EncoderSettings) -> "CrossEncoder":
    folder = model_folder(name, SETTING, "cross-encoder")
    arguments = loading_arguments(settings)
    from sentence_transformers import CrossEncoder  # noqa: PLC0415

    try:
        model: CrossEncoder = CrossEncoder(str(folder), **arguments)
        scoring = len(model) > 1 or not _lacks_head(folder)
    except LOADING_ERRORS as error:
        raise EncoderUnavailable(f"the model in {folder} cannot be loaded: {error}; check {SETTING}") from error
    if not scoring or model.num_labels != 1:
        raise EncoderUnavailable(f"the model in {folder} does not give one score for a pair of texts: check {SETTING}")
    return model


def _lacks_head(folder: Path) -> bool:
    """Whether the model was trained without a layer that scores: the library would make one up at random."""
    told = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("architectures") or ()
    return any(str(name).endswith("Model") for name in told)
