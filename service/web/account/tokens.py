"""POST /account/tokens, POST /account/tokens/{id}/remove."""

from http import HTTPStatus

from fastapi import APIRouter, Response

from indexer.domain.accounts import Scope
from indexer.domain.errors import AccountInvalid, Conflict
from service.auth.tokens import add_token, remove_token
from service.web.account.overview import show_account
from service.web.account.page import UsesAccountForm, go_to

router = APIRouter(prefix="/account/tokens")

LONGEST_NUMBER = 9
NOT_DAYS = "say in a number for how many days"


@router.post("")
def add(form: UsesAccountForm) -> Response:
    """Make a token, and show its secret this once."""
    scopes = {scope for scope in Scope if form.get(f"scope-{scope}")}
    try:
        days = _days(form.get("days"))
        token, secret = add_token(form.parts.home, form.who, form.get("label"), scopes, days, form.settings)
    except AccountInvalid as error:
        return show_account(form, HTTPStatus.UNPROCESSABLE_ENTITY, about_tokens=str(error))
    except Conflict as error:
        return show_account(form, HTTPStatus.CONFLICT, about_tokens=str(error))
    return form.show("token.html", made=token, secret=secret)


@router.post("/{token}/remove")
def remove(form: UsesAccountForm, token: str) -> Response:
    remove_token(form.parts.home, form.who, token)
    return go_to("/account#tokens")


def _days(text: str) -> int:
    if not (text.strip().isascii() and text.strip().isdigit()) or len(text) > LONGEST_NUMBER:
        raise AccountInvalid(NOT_DAYS)
    return int(text)
