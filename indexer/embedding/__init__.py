"""From texts to vectors."""

from indexer.embedding.base import Encoder, Vectors
from indexer.embedding.choice import open_encoder

__all__ = ["Encoder", "Vectors", "open_encoder"]
