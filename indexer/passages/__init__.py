"""From a parsed document to passages."""

from indexer.passages.splitter import indexed_text, split

__all__ = ["indexed_text", "split"]
