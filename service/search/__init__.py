"""Passages for a question: candidates, relevance, extracts."""

from service.search.engine import OpenIndex
from service.search.query import Query, parse_query
from service.search.results import Hit, Page, load_page, rank_documents
from service.search.retrieve import Retrieved, retrieve_passages

__all__ = [
    "Hit",
    "OpenIndex",
    "Page",
    "Query",
    "Retrieved",
    "load_page",
    "parse_query",
    "rank_documents",
    "retrieve_passages",
]
