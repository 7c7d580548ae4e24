"""POST /feedback: what a visitor says of a passage or a person, and takes back."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from indexer.domain.errors import NotFound, QueryInvalid
from indexer.domain.feedback import Target, TargetKind
from service.auth import form_token, home_secret, is_form_token
from service.dependencies import Parts, Reading, UsesParts, UsesViewer
from service.search import JudgedTarget, give_judgement, judged_targets, new_voter, parse_query, withdraw_judgement
from service.web.places import result_anchor, result_href

router = APIRouter()

COOKIE = "knowwho_voter"
VOTER = re.compile(r"[\w-]{16,64}", re.ASCII)
YEAR_SECONDS = 365 * 24 * 3600
MOST_BYTES = 128 * 1024
OUTDATED_FORM = "This page has become too old to take that: go back, load it again, and choose once more."


@dataclass(frozen=True, slots=True)
class FeedbackForm:
    """What a page of results needs to take feedback: `results` is the page's own query string, to come back to."""

    voter: str
    token: str
    results: str
    judged: Mapping[Target, JudgedTarget]

    def on_document(self, public_id: str) -> JudgedTarget | None:
        return self.judged.get(Target(TargetKind.DOCUMENT, public_id))

    def on_person(self, person_id: str) -> JudgedTarget | None:
        return self.judged.get(Target(TargetKind.PERSON, person_id))


def make_form(parts: Parts, reading: Reading, request: Request, question: str, results: str) -> FeedbackForm | None:
    """The form for the answer to a question; None where feedback is switched off: no button without an effect."""
    if not parts.settings.feedback.bound:
        return None
    voter = _voter(request) or new_voter()
    judged = judged_targets(reading.transaction, question, voter, reading.readable)
    token = form_token(home_secret(parts.home.folder), voter)
    return FeedbackForm(voter, token, results, {entry.target: entry for entry in judged})


def remember_voter(response: Response, request: Request, form: FeedbackForm) -> None:
    """Keep the voter's id in a cookie, and the page with their token out of shared caches."""
    response.headers["Cache-Control"] = "private, no-cache"
    if _voter(request) != form.voter:
        secure = request.url.scheme == "https"
        response.set_cookie(COOKIE, form.voter, YEAR_SECONDS, secure=secure, httponly=True, samesite="lax")


async def posted_fields(request: Request) -> dict[str, str]:
    """The fields of a plain form."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return dict(parse_qsl(body.decode("utf-8", "replace")))


@router.post("/feedback")
def take_feedback(
    parts: UsesParts, viewer: UsesViewer, request: Request, fields: Annotated[dict[str, str], Depends(posted_fields)]
) -> Response:
    """Keep a judgement (`useful` or `not_useful` names its target) or take one back (`undo`), and return to the
    results."""
    voter = _voter(request)
    secret = home_secret(parts.home.folder)
    if voter is None or not is_form_token(secret, voter, fields.get("token", "")):
        raise HTTPException(HTTPStatus.FORBIDDEN, OUTDATED_FORM)
    results = fields.get("results", "")
    if "undo" in fields:
        place = _withdraw(parts, fields["undo"])
    else:
        useful = "useful" in fields
        target = _target(fields.get("useful" if useful else "not_useful", ""))
        question = parse_query(dict(parse_qsl(results)).get("q", "")).text
        give_judgement(parts.home, viewer, voter, question, target, useful)
        place = result_anchor(target)
    return RedirectResponse(result_href(results, place), HTTPStatus.SEE_OTHER)


def _voter(request: Request) -> str | None:
    told = request.cookies.get(COOKIE, "")
    return told if VOTER.fullmatch(told) else None


def _withdraw(parts: Parts, judgement_id: str) -> str:
    try:
        return result_anchor(withdraw_judgement(parts.home, judgement_id).target)
    except NotFound:  # taken back already, perhaps by a second click
        return ""


def _target(text: str) -> Target:
    kind, _, target_id = text.partition(":")
    if kind not in set(TargetKind):
        raise QueryInvalid("the form names nothing that was useful or not")
    return Target(TargetKind(kind), target_id)
