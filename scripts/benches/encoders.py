"""What encoding one query alone takes, by Knowwho's encoder and by SentenceTransformer.encode as it comes."""

import time
from collections.abc import Callable, Sequence

from sentence_transformers import SentenceTransformer

from indexer.embedding import open_encoder
from scripts.benches.peers.running import model
from service.settings import ServiceSettings

OURS, ORDINARY = "Knowwho's encoder", "SentenceTransformer.encode"
WARM = 20


class QueryEncoders:
    """Both encoders, in this process."""

    def __init__(self, settings: ServiceSettings) -> None:
        self.ours = open_encoder(settings.encoder)
        ordinary = SentenceTransformer(model(), device="cpu")
        self._encode: dict[str, Callable[[str], object]] = {OURS: self.ours.encode_query, ORDINARY: ordinary.encode}

    def milliseconds(self, questions: Sequence[str]) -> dict[str, list[float]]:
        """How long each takes for each question, the two taking turns."""
        for question in questions[:WARM]:
            self._once(question)
        taken = [self._once(question) for question in questions]
        return {name: [took[name] for took in taken] for name in self._encode}

    def _once(self, question: str) -> dict[str, float]:
        taken = {}
        for name, encode in self._encode.items():
            start = time.perf_counter()
            encode(question)
            taken[name] = 1000 * (time.perf_counter() - start)
        return taken
