"""Vectors and keywords on disk: segments, generations, and searching them."""

from indexer.index.crowding import crowding_of
from indexer.index.engine import Candidates, LocalEngine, QueryTerms, RowFilter, SearchEngine
from indexer.index.generation import CURRENT, Generation, GenerationInfo, GenerationManifest, IndexFolder
from indexer.index.journal import EmbeddingJournal
from indexer.index.segment import Row, Segment, write_segment
from indexer.index.spelling import SimilarWord, Spelling

__all__ = [
    "CURRENT",
    "Candidates",
    "EmbeddingJournal",
    "Generation",
    "GenerationInfo",
    "GenerationManifest",
    "IndexFolder",
    "LocalEngine",
    "QueryTerms",
    "Row",
    "RowFilter",
    "SearchEngine",
    "Segment",
    "SimilarWord",
    "Spelling",
    "crowding_of",
    "write_segment",
]
