"""Reindexing, from sources to a published generation."""

from indexer.pipeline.build import BuildResult, build_generation
from indexer.pipeline.reindex import ReindexResult, SourceResult, plan_source, reindex, reindex_source, sample_source

__all__ = [
    "BuildResult",
    "ReindexResult",
    "SourceResult",
    "build_generation",
    "plan_source",
    "reindex",
    "reindex_source",
    "sample_source",
]
