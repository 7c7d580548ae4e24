"""What endpoints get from the application: its parts, who is asking, and the desk of whoever may look after it."""

from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, cast

from fastapi import Depends, HTTPException, Request

from indexer.home import Home
from indexer.store import Transaction
from service.admin import Desk
from service.auth import (
    ANONYMOUS,
    TOKEN_PREFIX,
    Approach,
    Provider,
    ReadableAudiences,
    Refusal,
    SignIn,
    Viewer,
    readable_audiences,
    rule_for,
    sign_in_by_session,
    sign_in_by_token,
    why_foreign,
    why_refused,
)
from service.browsers import session_secret
from service.search import OpenIndex
from service.settings import ServiceSettings
from service.stewardship import StewardDesk

if TYPE_CHECKING:  # the job engine takes a third of a second that the commands need not pay
    from indexer.jobs.queue import JobQueue

API = "/api/"
BEARER = "bearer"
BAD_TOKEN = "the token is unknown, has run out or was taken back: make a new one"
# The request that is being answered, so far as it has come to the gate: what every page says of its visitor is there.
answered: ContextVar[Request | None] = ContextVar("answered", default=None)

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="knowwho"'}


@dataclass(frozen=True, slots=True)
class Parts:
    """What the application is made of, put together once at start. `settings` are those it was started with,
    `read_settings` says what their file says now; `listens_on` is the address that it was told to listen on;
    `providers` are those that people sign in with, by their names."""

    home: Home
    index: OpenIndex
    settings: ServiceSettings
    queue: "JobQueue"
    read_settings: Callable[[], ServiceSettings]
    listens_on: str
    providers: Mapping[str, Provider]


@dataclass(frozen=True, slots=True)
class Reading:
    """A view of the database for one request, with what its viewer may read."""

    transaction: Transaction
    readable: ReadableAudiences


def application_parts(request: Request) -> Parts:
    return cast(Parts, request.app.state.parts)


# Dependencies that wait for nothing are coroutines: for every other one FastAPI has a thread take over and hand back.
async def _parts(request: Request) -> Parts:
    return application_parts(request)


def find_sign_in(request: Request, parts: Parts) -> SignIn | None:
    """Who is signed in, by an API token or by the cookie of a browser; None for nobody. 401 for a token that is no
    good: a program must not take what everybody may read for all there is."""
    now = datetime.now(UTC)
    kind, _, told = request.headers.get("authorization", "").partition(" ")
    if kind.casefold() == BEARER:
        found = sign_in_by_token(parts.home, told.strip(), now) if told.startswith(TOKEN_PREFIX) else None
        if found is None:
            raise HTTPException(HTTPStatus.UNAUTHORIZED, BAD_TOKEN, CHALLENGE)
        return found
    secret = session_secret(request)
    return sign_in_by_session(parts.home, secret, now, parts.settings.access) if secret else None


def claims_sign_in(request: Request) -> bool:
    """Whether the request has something by which somebody may be signed in, which the database then has to tell."""
    return "authorization" in request.headers or session_secret(request) is not None


def current_sign_in(request: Request) -> SignIn | None:
    """Who is signed in; the gate (service/gate.py) has found it out."""
    return cast("SignIn | None", request.state.sign_in)


async def _sign_in(request: Request) -> SignIn | None:
    return current_sign_in(request)


def current_viewer(sign_in: SignIn | None) -> Viewer:
    """Who is asking."""
    return sign_in.viewer if sign_in else ANONYMOUS


async def _viewer(sign_in: Annotated[SignIn | None, Depends(_sign_in)]) -> Viewer:
    return current_viewer(sign_in)


def judge(request: Request, parts: Parts, sign_in: SignIn | None, path: str) -> None:
    """Let through only what the matrix (service/auth/matrix.py) allows on the route that was declared with this path:
    401 where signing in may help, else 403."""
    rule = rule_for(request.method, path)
    refusal = why_refused(rule, current_viewer(sign_in), parts.settings.access.anonymous)
    if refusal is Refusal.SIGN_IN:
        raise HTTPException(HTTPStatus.UNAUTHORIZED, refusal, CHALLENGE)
    if refusal is not None:
        raise HTTPException(HTTPStatus.FORBIDDEN, refusal)
    # Whoever is not signed in has nothing that a stranger's page could use, and programs send no cookies.
    foreign = why_foreign(approach_of(request)) if sign_in and sign_in.session else None
    if foreign is not None:
        raise HTTPException(HTTPStatus.FORBIDDEN, foreign)


class Guard:
    """Judges once more, where the router has said which route it is: the gate foretells that. The routes of each face
    depend on one; `prefix` is where the face is mounted."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    async def __call__(
        self,
        request: Request,
        parts: Annotated[Parts, Depends(_parts)],
        sign_in: Annotated[SignIn | None, Depends(_sign_in)],
    ) -> None:
        judge(request, parts, sign_in, self._prefix + request.scope["route"].path)


def approach_of(request: Request) -> Approach:
    headers = request.headers
    return Approach(
        request.method,
        headers.get("host"),
        headers.get("origin"),
        headers.get("sec-fetch-site"),
        headers.get("content-type"),
        is_form=not request.scope["path"].startswith(API),
    )


def current_reading(
    parts: Annotated[Parts, Depends(_parts)], viewer: Annotated[Viewer, Depends(_viewer)]
) -> Iterator[Reading]:
    with parts.home.database.read() as transaction:
        yield Reading(transaction, readable_audiences(transaction, viewer))


def signed_in(sign_in: SignIn | None) -> SignIn:
    """Who is signed in, on routes for which the matrix asks for that."""
    if sign_in is None:
        raise HTTPException(HTTPStatus.UNAUTHORIZED, Refusal.SIGN_IN, CHALLENGE)
    return sign_in


async def _signed_in(sign_in: Annotated[SignIn | None, Depends(_sign_in)]) -> SignIn:
    return signed_in(sign_in)


async def current_desk(
    parts: Annotated[Parts, Depends(_parts)], sign_in: Annotated[SignIn, Depends(_signed_in)]
) -> Desk:
    """The desk of an admin; the guard has let nobody else through, and here it is seen to again."""
    if not sign_in.viewer.admin:
        raise HTTPException(HTTPStatus.FORBIDDEN, Refusal.ADMIN)
    account = sign_in.account
    return Desk(parts.home.acting_as(account.id), parts.queue.acting_as(account.id), parts.read_settings, account.name)


def home_for(parts: Parts, viewer: Viewer) -> Home:
    """The home; in the name of an admin, whose deeds come into the audit trail wherever they are done."""
    return parts.home.acting_as(viewer.account) if viewer.administers and viewer.account else parts.home


async def current_steward(
    parts: Annotated[Parts, Depends(_parts)], sign_in: Annotated[SignIn, Depends(_signed_in)]
) -> StewardDesk:
    """The desk of whoever may decide something; what, the use cases see to."""
    account = sign_in.account
    home, queue = parts.home.acting_as(account.id), parts.queue.acting_as(account.id)
    return StewardDesk(home, sign_in.viewer, queue, account.name)


UsesParts = Annotated[Parts, Depends(_parts)]
UsesSignIn = Annotated[SignIn, Depends(_signed_in)]
MaybeSignedIn = Annotated[SignIn | None, Depends(_sign_in)]
UsesViewer = Annotated[Viewer, Depends(_viewer)]
UsesReading = Annotated[Reading, Depends(current_reading)]
UsesDesk = Annotated[Desk, Depends(current_desk)]
UsesSteward = Annotated[StewardDesk, Depends(current_steward)]
