"""What is computed over the whole corpus."""

from indexer.analysis.near_duplicates import find_near_duplicates

__all__ = ["find_near_duplicates"]
