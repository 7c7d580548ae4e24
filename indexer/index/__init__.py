"""Vectors and keywords on disk: segments, generations, and searching them."""

from indexer.index.engine import Candidates, LocalEngine, QueryTerms, RowFilter, SearchEngine
from indexer.index.generation import Generation, GenerationManifest, IndexFolder
from indexer.index.journal import EmbeddingJournal
from indexer.index.segment import Row, Segment, write_segment

__all__ = [
    "Candidates",
    "EmbeddingJournal",
    "Generation",
    "GenerationManifest",
    "IndexFolder",
    "LocalEngine",
    "QueryTerms",
    "Row",
    "RowFilter",
    "SearchEngine",
    "Segment",
    "write_segment",
]
