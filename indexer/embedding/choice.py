"""Which encoder the settings ask for."""

from indexer.embedding.base import CrossEncoder, Encoder
from indexer.embedding.hashing import HashingEncoder
from indexer.settings import EncoderSettings


def open_encoder(settings: EncoderSettings) -> Encoder:
    """The encoder of the settings, its model not loaded yet. EncoderUnavailable where it cannot be found."""
    if settings.model == "hashing":
        return HashingEncoder()
    from indexer.embedding.sentence_transformer import SentenceTransformerEncoder  # noqa: PLC0415

    return SentenceTransformerEncoder(settings)


def open_cross_encoder(model: str | None, settings: EncoderSettings) -> CrossEncoder | None:
    """The cross-encoder in a folder or of a hub name, neither looked for nor loaded yet; None where none is asked for.

    Its precision, threads and batches are those of the encoder.
    """
    if model is None:
        return None
    from indexer.embedding.cross_encoder import SentenceTransformerCrossEncoder  # noqa: PLC0415

    return SentenceTransformerCrossEncoder(model, settings)
