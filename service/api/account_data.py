"""GET /account/export, POST /account/erase, and the same for an admin: what is held about a person."""

from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from service.api.administration import CONFLICTING, REFUSED, UNKNOWN, Responses
from service.api.shape import Shape
from service.dependencies import UsesDesk, UsesParts, UsesSignIn
from service.privacy import Erasure, erase, export_person, is_surely, own_person

router = APIRouter(tags=["account"], responses=REFUSED)

WORD = "erase"
SIGN_IN_AGAIN = "sign in again and ask within ten minutes, so that it is surely you"
FILE = {"Content-Disposition": 'attachment; filename="knowwho-about-me.json"'}
EXPORTED: Responses = {200: {"content": {"application/json": {"schema": {"type": "object"}}}}}


class ErasureIn(Shape):
    """`confirm` is the word `erase`: what is gone does not come back."""

    confirm: Annotated[str, Field(pattern=f"^{WORD}$")]


class ErasureOut(Shape):
    """Gone from every search and page already; `job` takes them out of the files. Admins are told of `older_copies`
    (folders) that still hold them."""

    documents: int
    accounts: int
    job: str | None
    items_named_after_them: int
    older_copies: list[str]


@router.get("/account/export", operation_id="export_account", responses=EXPORTED)
def export_own(parts: UsesParts, sign_in: UsesSignIn) -> Response:
    """Everything that is held about whoever is signed in."""
    home = parts.home.acting_as(sign_in.account.id)
    return JSONResponse(export_person(home, sign_in.viewer.person, sign_in.account), headers=FILE)


@router.post("/account/erase", operation_id="erase_account", status_code=202, responses={**UNKNOWN, **CONFLICTING})
def erase_own(parts: UsesParts, sign_in: UsesSignIn, _: ErasureIn) -> ErasureOut:
    """Keep nothing of whoever is signed in: their account ends with it."""
    if not is_surely(sign_in):
        raise HTTPException(HTTPStatus.FORBIDDEN, SIGN_IN_AGAIN)
    person, home = own_person(parts.home, sign_in), parts.home.acting_as(sign_in.account.id)
    return _out(erase(home, person, parts.settings, parts.queue), told=[])


@router.get("/people/{person_id}/export", operation_id="export_person", responses={**EXPORTED, **UNKNOWN})
def export_for(desk: UsesDesk, person_id: str) -> Response:
    """Everything that is held about a person, for an admin whom they asked."""
    return JSONResponse(export_person(desk.home, person_id), headers=FILE)


@router.post(
    "/people/{person_id}/erase", operation_id="erase_person", status_code=202, responses={**UNKNOWN, **CONFLICTING}
)
def erase_for(desk: UsesDesk, parts: UsesParts, person_id: str, _: ErasureIn) -> ErasureOut:
    """Keep nothing of a person."""
    done = erase(desk.home, person_id, parts.settings, desk.queue)
    return _out(done, told=list(done.older_copies))


def _out(done: Erasure, told: list[Path]) -> ErasureOut:
    values: dict[str, Any] = {
        "documents": done.at_once.documents,
        "accounts": done.at_once.accounts,
        "job": done.job,
        "items_named_after_them": done.at_once.uris,
        "older_copies": [str(folder) for folder in told],
    }
    return ErasureOut(**values)
