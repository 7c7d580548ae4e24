"""POST /feedback: what a visitor says of a passage or a person, and takes back."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from indexer.domain.errors import NotFound, QueryInvalid
from indexer.domain.feedback import Target, TargetKind
from indexer.home import Home
from service.auth import Viewer
from service.dependencies import Parts, Reading, UsesParts, UsesViewer, home_for
from service.search import (
    JudgedTarget,
    give_judgement,
    judged_targets,
    known_voter,
    new_voter,
    parse_query,
    withdraw_judgement,
)
from service.web.forms import expect_own_form, known_visitor, read_fields, token_for
from service.web.places import result_anchor, result_href

router = APIRouter()

MOST_BYTES = 128 * 1024


@dataclass(frozen=True, slots=True)
class FeedbackForm:
    """What a page of results needs to take feedback: `results` is the page's own query string, to come back to."""

    visitor: str
    token: str
    results: str
    judged: Mapping[Target, JudgedTarget]

    def on_document(self, public_id: str) -> JudgedTarget | None:
        return self.judged.get(Target(TargetKind.DOCUMENT, public_id))

    def on_person(self, person_id: str) -> JudgedTarget | None:
        return self.judged.get(Target(TargetKind.PERSON, person_id))


def make_form(
    parts: Parts, viewer: Viewer, reading: Reading, request: Request, question: str, results: str
) -> FeedbackForm | None:
    """The form for the answer to a question; None where feedback is switched off: no button without an effect."""
    if not parts.settings.feedback.bound:
        return None
    visitor = known_visitor(request) or new_voter()
    voter = known_voter(parts.home, viewer, visitor)
    judged = judged_targets(reading.transaction, question, voter, reading.readable)
    return FeedbackForm(visitor, token_for(parts, visitor), results, {entry.target: entry for entry in judged})


async def posted_fields(request: Request) -> dict[str, str]:
    return await read_fields(request, MOST_BYTES)


@router.post("/feedback")
def take_feedback(
    parts: UsesParts, viewer: UsesViewer, request: Request, fields: Annotated[dict[str, str], Depends(posted_fields)]
) -> Response:
    """Keep a judgement (`useful` or `not_useful` names its target) or take one back (`undo`), and return to the
    results."""
    visitor = expect_own_form(parts, request, fields)
    voter = known_voter(parts.home, viewer, visitor) or visitor
    results = fields.get("results", "")
    if "undo" in fields:
        place = _withdraw(home_for(parts, viewer), viewer, fields["undo"], voter)
    else:
        useful = "useful" in fields
        target = _target(fields.get("useful" if useful else "not_useful", ""))
        question = parse_query(dict(parse_qsl(results)).get("q", "")).text
        give_judgement(parts.home, viewer, voter, question, target, useful)
        place = result_anchor(target)
    return RedirectResponse(result_href(results, place), HTTPStatus.SEE_OTHER)


def _withdraw(home: Home, viewer: Viewer, judgement_id: str, voter: str) -> str:
    try:
        return result_anchor(withdraw_judgement(home, viewer, judgement_id, voter).target)
    except NotFound:  # taken back already, perhaps by a second click, or not theirs
        return ""


def _target(text: str) -> Target:
    kind, _, target_id = text.partition(":")
    if kind not in set(TargetKind):
        raise QueryInvalid("the form names nothing that was useful or not")
    return Target(TargetKind(kind), target_id)
