"""Which encoder the settings ask for."""

from indexer.embedding.base import Encoder
from indexer.embedding.hashing import HashingEncoder
from indexer.settings import EncoderSettings


def open_encoder(settings: EncoderSettings) -> Encoder:
    """The encoder of the settings, its model not loaded yet. EncoderUnavailable where it cannot be found."""
    if settings.model == "hashing":
        return HashingEncoder()
    from indexer.embedding.sentence_transformer import SentenceTransformerEncoder  # noqa: PLC0415

    return SentenceTransformerEncoder(settings)
