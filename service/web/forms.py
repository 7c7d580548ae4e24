"""Plain forms: who sends them, and that they come from one of our own pages."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import parse_qsl

from fastapi import HTTPException, Request, Response

from indexer.home import home_secret
from service.auth import form_token, is_form_token
from service.dependencies import Parts, current_sign_in

COOKIE = "knowwho_voter"
VISITOR = re.compile(r"[\w-]{16,64}", re.ASCII)
YEAR_SECONDS = 365 * 24 * 3600
OUTDATED_FORM = "This page has become too old to take that: go back, load it again, and choose once more."


def known_visitor(request: Request) -> str | None:
    """Whose forms these are: the session's where somebody is signed in, so that no form outlives it, else those of the
    id that an earlier page gave the visitor."""
    sign_in = current_sign_in(request)
    if sign_in and sign_in.session:
        return f"session:{sign_in.session.id}"  # no cookie has a colon: see VISITOR
    told = request.cookies.get(COOKIE, "")
    return told if VISITOR.fullmatch(told) else None


def token_for(parts: Parts, visitor: str) -> str:
    """What a form has to send back so that it is taken."""
    return form_token(home_secret(parts.home.folder), visitor)


def sent_by(parts: Parts, request: Request, token: str) -> str | None:
    """The visitor who sent a form with this token; None where it comes from elsewhere or was made for another."""
    visitor = known_visitor(request)
    if visitor is None or not is_form_token(home_secret(parts.home.folder), visitor, token):
        return None
    return visitor


def expect_own_form(parts: Parts, request: Request, fields: Mapping[str, str]) -> str:
    """The visitor who sent these fields; 403 where the form comes from elsewhere or from a page that is too old."""
    visitor = sent_by(parts, request, fields.get("token", ""))
    if visitor is None:
        raise HTTPException(HTTPStatus.FORBIDDEN, OUTDATED_FORM)
    return visitor


def remember_visitor(response: Response, request: Request, visitor: str) -> None:
    """Keep the visitor's id in a cookie, and the page with their token out of shared caches."""
    response.headers["Cache-Control"] = "private, no-cache"
    if known_visitor(request) != visitor:
        secure = request.url.scheme == "https"
        response.set_cookie(COOKIE, visitor, YEAR_SECONDS, secure=secure, httponly=True, samesite="lax")


async def read_fields(request: Request, most_bytes: int) -> dict[str, str]:
    """The fields of a plain form; a longer one is refused as soon as that is known."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most_bytes:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return dict(parse_qsl(body.decode("utf-8", "replace")))
