"""What people say of a search: a document or a person was useful for a query, or was not."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class TargetKind(StrEnum):
    DOCUMENT = "document"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Target:
    """What is judged: a document by its public id, or a person by theirs."""

    kind: TargetKind
    id: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """One voter's word on a target for a query. `terms` are the query's distinct tokens in order of the alphabet, which
    say what counts as the same query; `id` cannot be guessed: whoever knows it may withdraw the judgement."""

    id: str
    voter: str
    query: str
    terms: tuple[str, ...]
    target: Target
    useful: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Opinion:
    """All judgements of one query's text on one target, counted; `at` is the latest."""

    query: str
    terms: tuple[str, ...]
    target: Target
    useful: int
    not_useful: int
    at: datetime
