"""The page for what went wrong."""

from http import HTTPStatus

from fastapi import Request, Response

from service.web.phrases import sentence
from service.web.rendering import render

HEADLINES = {
    HTTPStatus.FORBIDDEN: "That was not done",
    HTTPStatus.NOT_FOUND: "Nothing is here",
    HTTPStatus.CONFLICT: "That does not go now",
    HTTPStatus.METHOD_NOT_ALLOWED: "This page can only be read",
    HTTPStatus.UNPROCESSABLE_ENTITY: "That cannot be understood",
    HTTPStatus.SERVICE_UNAVAILABLE: "Not possible now",
    HTTPStatus.INSUFFICIENT_STORAGE: "The disk is full",
}
ADMINISTRATION = "/admin"
NOT_FOUND = "There is no such page, or it is not open to you."


def show_error(request: Request, status: int, detail: str) -> Response:
    """What happened, for people, and the way out."""
    plain = detail == HTTPStatus(status).phrase
    told = NOT_FOUND if plain and status == HTTPStatus.NOT_FOUND else sentence(detail)
    headline = HEADLINES.get(HTTPStatus(status), "Something went wrong")
    administers = request.url.path.startswith(ADMINISTRATION) and status != HTTPStatus.FORBIDDEN
    return render("error.html", status, headline=headline, told=told, administers=administers)
