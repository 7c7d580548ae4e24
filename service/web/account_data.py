"""GET /account/data, its download, and POST /account/data/erase: what is held about whoever is signed in."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from indexer.domain.errors import Conflict
from service.browsers import forget_session
from service.dependencies import Parts, UsesParts, UsesSignIn
from service.privacy import erase, export_person, is_surely, own_person
from service.web.forms import expect_own_form, known_visitor, read_fields, token_for
from service.web.rendering import render

router = APIRouter(prefix="/account/data")

WORD = "erase"
MOST_BYTES = 4 * 1024
FILE = {"Content-Disposition": 'attachment; filename="knowwho-about-me.json"'}
TYPE_IT = f"Nothing was erased: type the word “{WORD}” to confirm."
SIGN_IN_AGAIN = "Nothing was erased: sign out, sign in again, and ask within ten minutes, so that it is surely you."


async def posted_fields(request: Request) -> dict[str, str]:
    return await read_fields(request, MOST_BYTES)


@router.get("")
def show(parts: UsesParts, request: Request) -> Response:
    """What can be done with what is held about them."""
    return _page(parts, request, None)


@router.get("/export")
def download(parts: UsesParts, sign_in: UsesSignIn) -> Response:
    """Everything that is held about them, as a file."""
    home = parts.home.acting_as(sign_in.account.id)
    return JSONResponse(export_person(home, sign_in.viewer.person, sign_in.account), headers=FILE)


@router.post("/erase")
def erase_own(
    parts: UsesParts, sign_in: UsesSignIn, request: Request, fields: Annotated[dict[str, str], Depends(posted_fields)]
) -> Response:
    """Keep nothing of them; their account ends with it."""
    expect_own_form(parts, request, fields)
    if fields.get("confirm", "").strip().casefold() != WORD:
        return _page(parts, request, TYPE_IT)
    if not is_surely(sign_in):
        return _page(parts, request, SIGN_IN_AGAIN)
    try:
        person = own_person(parts.home, sign_in)
    except Conflict as error:
        return _page(parts, request, f"Nothing was erased: {error}.")
    erase(parts.home.acting_as(sign_in.account.id), person, parts.settings, parts.queue)
    response = render("account_erased.html")
    forget_session(response, request)
    return response


def _page(parts: Parts, request: Request, told: str | None) -> Response:
    visitor = known_visitor(request) or ""
    response = render("account_data.html", token=token_for(parts, visitor), told=told, word=WORD)
    response.headers["Cache-Control"] = "private, no-cache"
    return response
