"""Errors as problem documents (RFC 9457) for programs and as a page for people."""

import logging
from collections.abc import Callable
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from indexer.domain.errors import (
    AccountInvalid,
    AudienceInvalid,
    BackupInvalid,
    ChoiceInvalid,
    Conflict,
    DatabaseDamaged,
    EncoderUnavailable,
    HomeBusy,
    HomeOutdated,
    IndexCorrupt,
    IndexOutdated,
    JobInvalid,
    JobsUnavailable,
    KnowwhoError,
    LockedOut,
    NotAllowed,
    NotFound,
    ProviderUnavailable,
    QueryInvalid,
    SettingsInvalid,
    SignInRefused,
    SourceUnavailable,
    StorageFull,
    StorageReadOnly,
)

STATUS = {
    NotFound: HTTPStatus.NOT_FOUND,
    NotAllowed: HTTPStatus.FORBIDDEN,
    AudienceInvalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    ProviderUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    QueryInvalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    AccountInvalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    ChoiceInvalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    JobInvalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    Conflict: HTTPStatus.CONFLICT,
    SignInRefused: HTTPStatus.FORBIDDEN,
    LockedOut: HTTPStatus.TOO_MANY_REQUESTS,
    JobsUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    SettingsInvalid: HTTPStatus.SERVICE_UNAVAILABLE,
    BackupInvalid: HTTPStatus.SERVICE_UNAVAILABLE,
    EncoderUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    SourceUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    IndexOutdated: HTTPStatus.SERVICE_UNAVAILABLE,
    IndexCorrupt: HTTPStatus.SERVICE_UNAVAILABLE,
    DatabaseDamaged: HTTPStatus.SERVICE_UNAVAILABLE,
    HomeBusy: HTTPStatus.SERVICE_UNAVAILABLE,
    HomeOutdated: HTTPStatus.SERVICE_UNAVAILABLE,
    StorageReadOnly: HTTPStatus.SERVICE_UNAVAILABLE,
    StorageFull: HTTPStatus.INSUFFICIENT_STORAGE,
}
# What only the admin can mend: the error itself names files and commands, and goes to the log.
TOLD_TO_ADMIN = {
    DatabaseDamaged: "The database is damaged",
    HomeBusy: "The database is locked at the moment: try again",
    IndexCorrupt: "The index is damaged",
    StorageFull: "Nothing can be saved now, because the disk is full",
    StorageReadOnly: "Nothing can be saved now, because the service may only read its files",
}
API = "/api/"

log = logging.getLogger(__name__)

Respond = Callable[[Request, int, str], Response]


def error_responder(show_page: Respond) -> Respond:
    """Makes the answer to an error: a problem document below /api/, elsewhere what `show_page` makes of it."""

    def respond(request: Request, status: int, detail: str) -> Response:
        if not request.scope["path"].startswith(API):
            return show_page(request, status, detail)
        problem = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
        return JSONResponse(problem, status, media_type="application/problem+json")

    return respond


def add_error_handlers(app: FastAPI, respond: Respond) -> None:
    """Answer every error by `respond`."""

    def on_own(request: Request, error: Exception) -> Response:
        known = (status for kind, status in STATUS.items() if isinstance(error, kind))
        status = next(known, HTTPStatus.INTERNAL_SERVER_ERROR)
        told = next((told for kind, told in TOLD_TO_ADMIN.items() if isinstance(error, kind)), None)
        if told is None:
            response = respond(request, status, str(error))
            if isinstance(error, LockedOut):
                response.headers["Retry-After"] = str(error.seconds)
            return response
        log.error("%s: %s", _route(request), error, extra={"action": "home_unusable"})
        return respond(request, status, f"{told}; whoever runs this service finds the way out in its log.")

    def on_http(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        response = respond(request, error.status_code, str(error.detail))
        response.headers.update(error.headers or {})
        return response

    def on_invalid(request: Request, error: Exception) -> Response:
        if not isinstance(error, RequestValidationError):
            raise error
        told = "; ".join(f"{'.'.join(map(str, e['loc'][1:]))}: {e['msg']}" for e in error.errors())
        return respond(request, HTTPStatus.UNPROCESSABLE_ENTITY, told)

    def on_unexpected(request: Request, error: Exception) -> Response:
        # The details go to the log: they may hold what the viewer may not read.
        log.error("%s failed", _route(request), exc_info=error, extra={"action": "unexpected_error"})
        return respond(request, HTTPStatus.INTERNAL_SERVER_ERROR, "Something broke; the log of the service says what.")

    app.add_exception_handler(Exception, on_unexpected)
    app.add_exception_handler(KnowwhoError, on_own)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_invalid)


def _route(request: Request) -> str:
    """A route as it was declared: the address itself may hold the secret of a link."""
    return str(getattr(request.scope.get("route"), "path", "a request"))
