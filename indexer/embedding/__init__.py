"""From texts to vectors."""

from indexer.embedding.base import CrossEncoder, Encoder, Vectors
from indexer.embedding.choice import (
    encoder_spec,
    import_libraries,
    open_cross_encoder,
    open_encoder,
    reopen_encoder,
    slow_because,
)

__all__ = [
    "CrossEncoder",
    "Encoder",
    "Vectors",
    "encoder_spec",
    "import_libraries",
    "open_cross_encoder",
    "open_encoder",
    "reopen_encoder",
    "slow_because",
]
