"""Reindexing, from sources to a published generation."""

from indexer.pipeline.build import BuildResult, build_generation, compact_index
from indexer.pipeline.planning import plan_source, sample_source
from indexer.pipeline.reindex import reindex, reindex_source
from indexer.pipeline.results import ReindexResult, SourceResult
from indexer.pipeline.retries import is_passing, next_try

__all__ = [
    "BuildResult",
    "ReindexResult",
    "SourceResult",
    "build_generation",
    "compact_index",
    "is_passing",
    "next_try",
    "plan_source",
    "reindex",
    "reindex_source",
    "sample_source",
]
