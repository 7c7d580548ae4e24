"""The page for what went wrong."""

from http import HTTPStatus

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from service.web.phrases import sentence
from service.web.places import SIGN_IN, sign_in_href
from service.web.rendering import render

HEADLINES = {
    HTTPStatus.UNAUTHORIZED: "Sign in first",
    HTTPStatus.FORBIDDEN: "That was not done",
    HTTPStatus.NOT_FOUND: "Nothing is here",
    HTTPStatus.CONFLICT: "That does not go now",
    HTTPStatus.METHOD_NOT_ALLOWED: "This page can only be read",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "That is too much at once",
    HTTPStatus.MISDIRECTED_REQUEST: "This is not our address",
    HTTPStatus.UNPROCESSABLE_ENTITY: "That cannot be understood",
    HTTPStatus.TOO_MANY_REQUESTS: "That was tried too often",
    HTTPStatus.SERVICE_UNAVAILABLE: "Not possible now",
    HTTPStatus.INSUFFICIENT_STORAGE: "The disk is full",
}
ADMINISTRATION = "/admin"
READING = ("GET", "HEAD")
NOT_OPEN = "This is not open to you"
NOT_FOUND = "There is no such page, or it is not open to you."


def show_error(request: Request, status: int, detail: str) -> Response:
    """What happened, for people, and the way out; whoever wants to read what asks for signing in is led there."""
    path = request.scope["path"]
    if status == HTTPStatus.UNAUTHORIZED and request.method in READING and path != SIGN_IN:
        return RedirectResponse(sign_in_href(path, request.url.query), HTTPStatus.SEE_OTHER)
    plain = detail == HTTPStatus(status).phrase
    told = NOT_FOUND if plain and status == HTTPStatus.NOT_FOUND else "" if plain else sentence(detail)
    headline = HEADLINES.get(HTTPStatus(status), "Something went wrong")
    if status == HTTPStatus.FORBIDDEN and request.method in READING:
        headline = NOT_OPEN
    administers = path.startswith(ADMINISTRATION) and status not in (HTTPStatus.FORBIDDEN, HTTPStatus.UNAUTHORIZED)
    return render("error.html", status, headline=headline, told=told, administers=administers)
