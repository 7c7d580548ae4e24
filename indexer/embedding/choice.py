"""Which encoder the settings ask for, and which one a generation was made with."""

import re
from collections.abc import Mapping
from typing import Any

from indexer.domain.errors import EncoderUnavailable
from indexer.embedding.base import CrossEncoder, Encoder
from indexer.embedding.hashing import DIMENSION, HashingEncoder
from indexer.embedding.models import PACKAGED
from indexer.settings import EncoderSettings

HASHING = re.compile(r"hashing(?:-([1-9]\d{0,4}))?")
DECIDING = ("model", "precision", "query_prompt", "passage_prompt")


def open_encoder(settings: EncoderSettings) -> Encoder:
    """The encoder of the settings, its model not loaded yet. EncoderUnavailable where it cannot be found."""
    if hashing := HASHING.fullmatch(settings.model):
        return HashingEncoder(int(hashing[1] or DIMENSION))
    from indexer.embedding.sentence_transformer import SentenceTransformerEncoder  # noqa: PLC0415

    return SentenceTransformerEncoder(settings)


def import_libraries(settings: EncoderSettings) -> None:
    """Import what runs the model that the settings ask for, so that copies of this process share it."""
    if not HASHING.fullmatch(settings.model):
        from indexer.embedding import kept  # noqa: F401, PLC0415


def slow_because(encoder: Encoder) -> str | None:
    """Why an encoder is slower than it could be here, None where it is not. EncoderUnavailable where its model cannot
    be loaded."""
    if isinstance(encoder, HashingEncoder):
        return None
    from indexer.embedding.sentence_transformer import SentenceTransformerEncoder  # noqa: PLC0415

    return encoder.slow_because() if isinstance(encoder, SentenceTransformerEncoder) else None


def encoder_spec(settings: EncoderSettings) -> dict[str, Any]:
    """What a generation notes of its encoder, so that it can be opened again after the settings have changed."""
    return settings.model_dump(include=set(DECIDING))


def reopen_encoder(spec: Mapping[str, Any], fingerprint: str, settings: EncoderSettings) -> Encoder:
    """The encoder with this fingerprint, on as many threads and in batches as the settings say.

    An older version of Knowwho noted no spec: then a model that comes with the package is known by its fingerprint.
    EncoderUnavailable where the model is not there any more, or has other files now.
    """
    told = {name: spec[name] for name in DECIDING if name in spec} or _guessed(fingerprint)
    encoder = open_encoder(settings.model_copy(update=told))
    if encoder.fingerprint != fingerprint:
        raise EncoderUnavailable(
            f"the model {told['model']} is not the one that the index was made with any more: put its files back, or "
            "run `knowwho index`"
        )
    return encoder


def _guessed(fingerprint: str) -> dict[str, Any]:
    name = fingerprint.rpartition("-")[0]
    if name in PACKAGED or HASHING.fullmatch(name):
        return {"model": name, "query_prompt": "", "passage_prompt": ""}
    raise EncoderUnavailable(
        f"the index does not say where the model {name} is that it was made with: set encoder.model back, or run "
        "`knowwho index`"
    )


def open_cross_encoder(model: str | None, settings: EncoderSettings) -> CrossEncoder | None:
    """The cross-encoder in a folder or of a hub name, neither looked for nor loaded yet; None where none is asked for.

    Its precision, threads and batches are those of the encoder.
    """
    if model is None:
        return None
    from indexer.embedding.cross_encoder import SentenceTransformerCrossEncoder  # noqa: PLC0415

    return SentenceTransformerCrossEncoder(model, settings)
