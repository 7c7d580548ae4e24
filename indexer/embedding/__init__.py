"""From texts to vectors."""

from indexer.embedding.base import CrossEncoder, Encoder, Vectors
from indexer.embedding.choice import open_cross_encoder, open_encoder

__all__ = ["CrossEncoder", "Encoder", "Vectors", "open_cross_encoder", "open_encoder"]
