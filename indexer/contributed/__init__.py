"""Everybody's parts in all documents as columns of numbers, kept in a file that all processes share."""

from indexer.contributed.arrays import first_of_runs, narrowed, owned_by
from indexer.contributed.columns import Columns, Counted, Layer
from indexer.contributed.ids import Ids
from indexer.contributed.keeping import is_much, keep_columns, open_kept, renew_columns
from indexer.contributed.parts import MICROSECOND, Parts, microseconds

__all__ = [
    "MICROSECOND",
    "Columns",
    "Counted",
    "Ids",
    "Layer",
    "Parts",
    "first_of_runs",
    "is_much",
    "keep_columns",
    "microseconds",
    "narrowed",
    "open_kept",
    "owned_by",
    "renew_columns",
]
