"""Makes documents of bytes, whatever format they are in, in processes that a hostile file cannot leave."""

from indexer.parsing.pool import ParserPool
from indexer.parsing.registry import known_endings

__all__ = ["ParserPool", "known_endings"]
