"""What endpoints get from the application: its parts, who is asking, and the desk of whoever may look after it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, cast

from fastapi import Depends, HTTPException, Request

from indexer.home import Home
from indexer.store import Transaction
from service.admin import Desk
from service.auth import ANONYMOUS, Approach, ReadableAudiences, Viewer, readable_audiences, why_not_administer
from service.search import OpenIndex
from service.settings import ServiceSettings

if TYPE_CHECKING:  # the job engine takes a third of a second that the commands need not pay
    from indexer.jobs.queue import JobQueue

API = "/api/"
TOLD_BY_PROXIES = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Parts:
    """What the application is made of, put together once at start. `settings` are those it was started with,
    `read_settings` says what their file says now; `listens_on` is the address that it was told to listen on."""

    home: Home
    index: OpenIndex
    settings: ServiceSettings
    queue: "JobQueue"
    read_settings: Callable[[], ServiceSettings]
    listens_on: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A view of the database for one request, with what its viewer may read."""

    transaction: Transaction
    readable: ReadableAudiences


def application_parts(request: Request) -> Parts:
    return cast(Parts, request.app.state.parts)


def current_viewer() -> Viewer:
    """Who is asking. There are no accounts yet, so everybody is anonymous and reads what is public."""
    return ANONYMOUS


def current_reading(
    parts: Annotated[Parts, Depends(application_parts)], viewer: Annotated[Viewer, Depends(current_viewer)]
) -> Iterator[Reading]:
    with parts.home.database.read() as transaction:
        yield Reading(transaction, readable_audiences(transaction, viewer))


def current_administrator(request: Request, parts: Annotated[Parts, Depends(application_parts)]) -> str:
    """The name of whoever looks after the home with this request; 403 with the reason where they may not. Every route
    of administration depends on this."""
    told = why_not_administer(approach_of(request, parts))
    if told is not None:
        raise HTTPException(HTTPStatus.FORBIDDEN, told)
    return ADMIN


def approach_of(request: Request, parts: Parts) -> Approach:
    headers = request.headers
    return Approach(
        parts.listens_on,
        request.client.host if request.client else None,
        request.method,
        headers.get("host"),
        headers.get("origin"),
        headers.get("sec-fetch-site"),
        headers.get("content-type"),
        # A proxy may send no header that tells of it: nginx does not, but it speaks HTTP/1.0, as no browser does.
        forwarded=request.scope.get("http_version") == "1.0" or any(name in headers for name in TOLD_BY_PROXIES),
        is_form=not request.url.path.startswith(API),
    )


def current_desk(
    parts: Annotated[Parts, Depends(application_parts)], administrator: Annotated[str, Depends(current_administrator)]
) -> Desk:
    return Desk(parts.home, parts.queue, parts.read_settings, administrator)


UsesParts = Annotated[Parts, Depends(application_parts)]
UsesViewer = Annotated[Viewer, Depends(current_viewer)]
UsesReading = Annotated[Reading, Depends(current_reading)]
UsesDesk = Annotated[Desk, Depends(current_desk)]
