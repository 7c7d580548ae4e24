"""Everybody's parts in all documents, held in columns and as current as the database."""

from service.contributed.columns import MICROSECOND, Columns, Parts, first_of_runs, microseconds
from service.contributed.following import Contributed

__all__ = ["MICROSECOND", "Columns", "Contributed", "Parts", "first_of_runs", "microseconds"]
