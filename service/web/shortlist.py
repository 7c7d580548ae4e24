"""GET and POST /shortlist: whom of given people to choose for a text."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from indexer.domain.errors import QueryInvalid
from service.dependencies import Parts, UsesParts, UsesViewer
from service.experts import LONGEST_NAME, MOST_PEOPLE, Shortlist, rank_shortlist
from service.search import LONGEST_TEXT, new_voter
from service.web.forms import known_visitor, read_fields, remember_visitor, sent_by, token_for
from service.web.rendering import render

router = APIRouter()

MOST_BYTES = 2 * 1024 * 1024  # a character may be three bytes, and each byte three in a form
OUTDATED = "This page was open for too long: look over what you typed and send it once more."


@dataclass(frozen=True, slots=True)
class ShortlistForm:
    """What is typed in the form, as it was typed; `people` has one of them a line."""

    text: str = ""
    people: str = ""


@router.get("/shortlist")
def show_form(parts: UsesParts, request: Request, text: str = "", people: str = "") -> Response:
    """The empty form, or with what the link that led here says."""
    return _page(parts, request, ShortlistForm(text, people))


async def posted_fields(request: Request) -> dict[str, str]:
    return await read_fields(request, MOST_BYTES)


@router.post("/shortlist")
def show_ranking(
    parts: UsesParts, viewer: UsesViewer, request: Request, fields: Annotated[dict[str, str], Depends(posted_fields)]
) -> Response:
    """The people ranked, below the form that asked for it. Nothing is kept: what was typed would be too long for an
    address."""
    form = ShortlistForm(fields.get("text", ""), fields.get("people", ""))
    if sent_by(parts, request, fields.get("token", "")) is None:
        return _page(parts, request, form, HTTPStatus.FORBIDDEN, told=OUTDATED)
    try:
        names = form.people.splitlines()
        found = rank_shortlist(parts.home, parts.index, form.text, names, viewer, parts.settings)
    except QueryInvalid as error:
        return _page(parts, request, form, HTTPStatus.UNPROCESSABLE_ENTITY, told=str(error))
    return _page(parts, request, form, found=found)


def _page(
    parts: Parts,
    request: Request,
    form: ShortlistForm,
    status: int = HTTPStatus.OK,
    *,
    told: str | None = None,
    found: Shortlist | None = None,
) -> Response:
    visitor = known_visitor(request) or new_voter()
    page = render(
        "shortlist.html",
        status,
        form=form,
        token=token_for(parts, visitor),
        told=told,
        found=found,
        longest_text=LONGEST_TEXT,
        longest_people=MOST_PEOPLE * (LONGEST_NAME + 2),
    )
    remember_visitor(page, request, visitor)
    return page
