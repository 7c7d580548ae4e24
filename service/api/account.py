"""GET /account, GET and POST /account/tokens, DELETE …/{id}, GET /account/sessions, DELETE …/{id}."""

from http import HTTPStatus

from fastapi import APIRouter, Response

from indexer.store import accounts, people
from service.api.account_schemas import (
    AccountOut,
    NewTokenOut,
    SessionsOut,
    TokenIn,
    TokensOut,
    account_out,
    session_out,
    token_out,
)
from service.api.administration import CONFLICTING, REFUSED, UNKNOWN
from service.auth.sign_in import end_session
from service.auth.tokens import add_token, remove_token
from service.dependencies import UsesParts, UsesReading, UsesSignIn

router = APIRouter(tags=["account"], responses=REFUSED)


@router.get("/account", operation_id="get_account")
def get(reading: UsesReading, who: UsesSignIn) -> AccountOut:
    """Who you are here."""
    own = who.viewer.person
    person = people.shown_person(reading.transaction, own, reading.readable.ids) if own else None
    return account_out(who, person)


@router.get("/account/tokens", operation_id="list_tokens")
def list_tokens(parts: UsesParts, who: UsesSignIn) -> TokensOut:
    """Your API tokens, newest first, without their secrets: those are kept nowhere."""
    with parts.home.database.read() as transaction:
        found = accounts.tokens_of(transaction, who.account.id)
    return TokensOut(tokens=[token_out(token) for token in found])


@router.post("/account/tokens", operation_id="add_token", status_code=HTTPStatus.CREATED, responses=CONFLICTING)
def add(parts: UsesParts, who: UsesSignIn, asked: TokenIn, response: Response) -> NewTokenOut:
    """Make a token. Only people in a browser may: no program gives another one, or itself, more time or more rights."""
    token, secret = add_token(parts.home, who, asked.label, frozenset(asked.scopes), asked.days, parts.settings.access)
    response.headers["Cache-Control"] = "no-store"
    return NewTokenOut(**token_out(token).model_dump(), secret=secret)


@router.delete(
    "/account/tokens/{token_id}",
    operation_id="remove_token",
    status_code=HTTPStatus.NO_CONTENT,
    responses=UNKNOWN,
)
def remove(parts: UsesParts, who: UsesSignIn, token_id: str) -> None:
    """Take a token back: it is worth nothing from now on."""
    remove_token(parts.home, who, token_id)


@router.get("/account/sessions", operation_id="list_sessions")
def list_sessions(parts: UsesParts, who: UsesSignIn) -> SessionsOut:
    """Where you are signed in, latest used first."""
    with parts.home.database.read() as transaction:
        found = accounts.sessions_of(transaction, who.account.id)
    present = who.session.id if who.session else None
    return SessionsOut(sessions=[session_out(session, present) for session in found])


@router.delete(
    "/account/sessions/{session_id}",
    operation_id="end_session",
    status_code=HTTPStatus.NO_CONTENT,
    responses=UNKNOWN,
)
def end(parts: UsesParts, who: UsesSignIn, session_id: str) -> None:
    """Sign out in one browser."""
    end_session(parts.home, who, session_id)
