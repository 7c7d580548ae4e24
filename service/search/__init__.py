"""Passages for a question: candidates, relevance, extracts."""

from service.search.engine import OpenIndex
from service.search.feedback import (
    JudgedTarget,
    give_judgement,
    judged_targets,
    known_voter,
    list_judgements,
    new_voter,
    with_feedback,
    withdraw_judgement,
)
from service.search.influence import Effect
from service.search.query import LONGEST_TEXT, Query, parse_query, parse_text
from service.search.ranked import RankedPassage
from service.search.reasons import HitReasons, feedback_in_words
from service.search.results import Hit, Page, load_page, rank_documents
from service.search.retrieve import Retrieved, retrieve_passages
from service.search.spelling import Suggestion

__all__ = [
    "LONGEST_TEXT",
    "Effect",
    "Hit",
    "HitReasons",
    "JudgedTarget",
    "OpenIndex",
    "Page",
    "Query",
    "RankedPassage",
    "Retrieved",
    "Suggestion",
    "feedback_in_words",
    "give_judgement",
    "judged_targets",
    "known_voter",
    "list_judgements",
    "load_page",
    "new_voter",
    "parse_query",
    "parse_text",
    "rank_documents",
    "retrieve_passages",
    "with_feedback",
    "withdraw_judgement",
]
