"""GET and POST /account/profile: how one is found, with forms to decide it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from indexer.domain.accounts import SubjectChoice
from indexer.domain.errors import ChoiceInvalid
from service.auth import SignIn
from service.dependencies import Parts, Reading, UsesParts, UsesReading, UsesSignIn
from service.profile import (
    LONGEST_SUBJECT,
    MOST_QUESTIONS,
    change_choices,
    choose_subject,
    disown_identity,
    forget_subject,
    own_identity_again,
    view_own_profile,
)
from service.search import new_voter
from service.web.forms import expect_own_form, known_visitor, read_fields, remember_visitor, token_for
from service.web.rendering import render

router = APIRouter()

PAGE = "/account/profile"
MOST_BYTES = 16 * 1024
DIRECTORY = "directory"
# The part of the page where each button is.
PLACES = {
    "hidden": "found",
    "away": "away",
    "limit": "questions",
    "forget": "subjects",
    "choice": "subjects",
    "disown": "identities",
    "own": "identities",
}


@router.get(PAGE)
def show(parts: UsesParts, reading: UsesReading, sign_in: UsesSignIn, request: Request) -> Response:
    """How one is found, and what is held to be one's own."""
    return _page(parts, reading, sign_in, request)


async def posted_fields(request: Request) -> dict[str, str]:
    return await read_fields(request, MOST_BYTES)


@router.post(PAGE)
def change(
    parts: UsesParts,
    reading: UsesReading,
    sign_in: UsesSignIn,
    request: Request,
    fields: Annotated[dict[str, str], Depends(posted_fields)],
) -> Response:
    """Do what the pressed button names, and come back to its place on the page."""
    expect_own_form(parts, request, fields)
    place = next((place for name, place in PLACES.items() if name in fields), "")
    try:
        _decide(parts, sign_in, fields)
    except ChoiceInvalid as error:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return _page(parts, reading, sign_in, request, status, wrong={place: str(error)}, fields=fields)
    return RedirectResponse(f"{PAGE}#{place}", HTTPStatus.SEE_OTHER)


def _decide(parts: Parts, sign_in: SignIn, fields: Mapping[str, str]) -> None:
    """Do what a form asks for."""
    home, placeholders = parts.home, parts.settings.identity.placeholders
    if "hidden" in fields:
        change_choices(home, sign_in, hidden=fields["hidden"] == "yes")
    elif "away" in fields:
        begin, end = (_day(fields, name) for name in ("away_from", "away_until"))
        away = {"away_from": begin, "away_until": end} if fields["away"] == "yes" else {"away_until": None}
        change_choices(home, sign_in, **away)
    elif "limit" in fields:
        change_choices(home, sign_in, questions_a_week=_number(fields.get("questions_a_week", "")))
    elif "forget" in fields:
        forget_subject(home, sign_in, fields["forget"])
    elif (choice := fields.get("choice", "")) in set(SubjectChoice):
        subject = fields.get("subject", "")
        choose_subject(home, sign_in, subject, SubjectChoice(choice))
        parts.index.query_vectors([subject])  # so that the next searches need not
    elif "disown" in fields:
        disown_identity(home, sign_in, fields["disown"], placeholders)
    elif "own" in fields:
        own_identity_again(home, sign_in, fields["own"], placeholders)
    else:
        raise ChoiceInvalid("the form asks for nothing that can be done here: load the page again")


def _day(fields: Mapping[str, str], name: str) -> date | None:
    told = fields.get(name, "").strip()
    try:
        return date.fromisoformat(told) if told else None
    except ValueError as error:
        raise ChoiceInvalid(f"“{told[:40]}” is not a date like 2025-03-02") from error


def _number(told: str) -> int | None:
    if not told.strip():
        return None
    try:
        return int(told[:10])
    except ValueError as error:
        raise ChoiceInvalid(f"“{told[:40]}” is not a number of questions") from error


def _page(
    parts: Parts,
    reading: Reading,
    sign_in: SignIn,
    request: Request,
    status: int = HTTPStatus.OK,
    *,
    wrong: Mapping[str, str] | None = None,
    fields: Mapping[str, str] | None = None,
) -> Response:
    """`wrong` says what is wrong, by the part of the page where; `fields` are shown as they were sent."""
    profile = view_own_profile(reading.transaction, sign_in, reading.readable)
    visitor = known_visitor(request) or new_voter()
    page = render(
        "profile.html",
        status,
        profile=profile,
        person=profile.view.person,
        choices=profile.view.choices,
        spoken_of=_spoken_of(profile.view.choices.subjects),
        measured=[subject for subject in profile.view.subjects if not subject.claimed],
        directories=[source.name for source in parts.settings.sources if source.kind == DIRECTORY],
        token=token_for(parts, visitor),
        today=datetime.now(UTC).date(),
        wrong=wrong or {},
        fields=fields or {},
        longest_subject=LONGEST_SUBJECT,
        most_questions=MOST_QUESTIONS,
    )
    remember_visitor(page, request, visitor)
    return page


def _spoken_of(subjects: Mapping[str, SubjectChoice]) -> list[tuple[str, str]]:
    """What one said of subjects, in words."""
    words = {
        SubjectChoice.CLAIMED: "you say you know this",
        SubjectChoice.REMOVED: "you say this is not yours",
        SubjectChoice.HIDDEN: "you do not want to be found for this",
    }
    return [(subject, words[choice]) for subject, choice in sorted(subjects.items())]
