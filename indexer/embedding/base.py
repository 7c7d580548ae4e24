"""What every encoder can do."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class Encoder(Protocol):
    """Turns texts into unit vectors whose inner product says how close their meanings are."""

    @property
    def fingerprint(self) -> str:
        """Names everything that decides a vector; vectors of equal fingerprints may be compared. Cheap to get."""
        ...

    @property
    def dimension(self) -> int: ...

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, (len(texts), dimension). Raises EncoderUnavailable where the model cannot be loaded."""
        ...

    def encode_query(self, text: str) -> Vectors:
        """One unit vector, (dimension,)."""
        ...

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """The vectors, (len(texts), dimension), that `encode_query` gives each of a few texts by itself."""
        ...


class CrossEncoder(Protocol):
    """Reads a question and a text together, which tells more than comparing their vectors, and takes longer."""

    def score(self, question: str, texts: Sequence[str]) -> Vectors:
        """How well each text answers the question, from 0 to 1, (len(texts),).

        Raises EncoderUnavailable where the model cannot be loaded.
        """
        ...
