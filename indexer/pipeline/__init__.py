"""Reindexing, from sources to a published generation."""

from indexer.pipeline.build import BuildResult, build_generation
from indexer.pipeline.reindex import ReindexResult, SourceResult, reindex, reindex_source

__all__ = ["BuildResult", "ReindexResult", "SourceResult", "build_generation", "reindex", "reindex_source"]
