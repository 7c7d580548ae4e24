"""From a parsed document to passages."""

from indexer.passages.boilerplate import block_digests
from indexer.passages.splitter import indexed_text, split

__all__ = ["block_digests", "indexed_text", "split"]
