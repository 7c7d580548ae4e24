"""POST and GET /feedback, DELETE /feedback/{id}: what was useful for a query, and what was not."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from indexer.domain.content import Document
from indexer.domain.errors import QueryInvalid
from indexer.domain.feedback import Judgement, Target, TargetKind
from service.api.schemas import Problem
from service.api.search import Question
from service.api.shape import Shape
from service.dependencies import UsesParts, UsesReading, UsesViewer, home_for
from service.search import (
    JudgedTarget,
    give_judgement,
    judged_targets,
    known_voter,
    new_voter,
    parse_query,
    withdraw_judgement,
)

router = APIRouter(tags=["feedback"])

LONGEST_VOTER = 64
ABOUT_VOTERS = (
    "An id of your own choice that nobody can guess; one judgement per voter, query and target, the latest. Whoever is "
    "signed in votes as their account, whatever they say here"
)


class JudgementIn(Shape):
    """A document or a person, by id, that was useful for the query or was not. Without `voter` one is made for you."""

    query: str = Field(min_length=1, max_length=2000)
    document: str | None = None
    person: str | None = None
    useful: bool
    voter: str | None = Field(default=None, min_length=1, max_length=LONGEST_VOTER, description=ABOUT_VOTERS)


class JudgementOut(Shape):
    """`id` withdraws the judgement: keep it, and the voter, to yourself."""

    id: str
    voter: str
    query: str
    document: str | None
    person: str | None
    useful: bool
    at: datetime


class JudgedOut(Shape):
    """A document or a person with the number of judgements for a query; `own` is the voter's."""

    document: str | None
    person: str | None
    name: str = Field(description="The document's title or the person's name")
    useful: int
    not_useful: int
    own: JudgementOut | None


class FeedbackOut(Shape):
    query: str
    judged: list[JudgedOut]
    bound: float = Field(
        description="The share by which feedback moves a relevance or score at most; 0 is switched off"
    )


@router.post(
    "/feedback", operation_id="give_feedback", status_code=HTTPStatus.CREATED, responses={404: {"model": Problem}}
)
def give(parts: UsesParts, viewer: UsesViewer, judgement: JudgementIn) -> JudgementOut:
    """Say that a document or a person was useful for a query, or was not.

    Relevance and score are multiplied by 1 + bound · tanh(sum of ±similarity) over the judgements for queries that are
    alike, so nothing moves by more than the bound. A later judgement replaces an earlier one of the same voter on the
    same document or person for the same words.
    """
    query = parse_query(judgement.query).text
    voter = known_voter(parts.home, viewer, judgement.voter) or new_voter()
    return _judgement_out(give_judgement(parts.home, viewer, voter, query, _target(judgement), judgement.useful))


@router.get("/feedback", operation_id="get_feedback")
def get(
    parts: UsesParts,
    viewer: UsesViewer,
    reading: UsesReading,
    query: Question,
    voter: Annotated[
        str | None, Query(max_length=LONGEST_VOTER, description="Whose are told as `own`, for whoever has no account")
    ] = None,
) -> FeedbackOut:
    """What was judged for a query (the same words in any order), among what you may read."""
    text = parse_query(query).text
    judged = judged_targets(reading.transaction, text, known_voter(parts.home, viewer, voter), reading.readable)
    return FeedbackOut(query=text, judged=[_judged_out(entry) for entry in judged], bound=parts.settings.feedback.bound)


@router.delete(
    "/feedback/{judgement_id}",
    operation_id="withdraw_feedback",
    status_code=HTTPStatus.NO_CONTENT,
    responses={404: {"model": Problem}},
)
def withdraw(parts: UsesParts, viewer: UsesViewer, judgement_id: str) -> None:
    """Take a judgement of yours back, with its effect. Admins take back anybody's."""
    withdraw_judgement(home_for(parts, viewer), viewer, judgement_id, known_voter(parts.home, viewer, None))


def _target(judgement: JudgementIn) -> Target:
    if judgement.document and not judgement.person:
        return Target(TargetKind.DOCUMENT, judgement.document)
    if judgement.person and not judgement.document:
        return Target(TargetKind.PERSON, judgement.person)
    raise QueryInvalid("name either a document or a person that was useful or not")


def _judgement_out(judgement: Judgement) -> JudgementOut:
    return JudgementOut(
        id=judgement.id,
        voter=judgement.voter,
        query=judgement.query,
        **_ids(judgement.target),
        useful=judgement.useful,
        at=judgement.at,
    )


def _judged_out(entry: JudgedTarget) -> JudgedOut:
    return JudgedOut(
        **_ids(entry.target),
        name=entry.item.title if isinstance(entry.item, Document) else entry.item.name,
        useful=entry.useful,
        not_useful=entry.not_useful,
        own=_judgement_out(entry.own) if entry.own else None,
    )


def _ids(target: Target) -> dict[str, str | None]:
    return {kind: target.id if target.kind is kind else None for kind in TargetKind}
