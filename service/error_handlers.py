"""Errors as problem documents (RFC 9457) for programs and as a page for people."""

import logging
from collections.abc import Callable
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from indexer.domain.errors import IndexOutdated, KnowwhoError, NotFound, QueryInvalid

STATUS = {
    NotFound: HTTPStatus.NOT_FOUND,
    QueryInvalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    IndexOutdated: HTTPStatus.SERVICE_UNAVAILABLE,
}
API = "/api/"

log = logging.getLogger(__name__)

ShowError = Callable[[Request, int, str], Response]


def add_error_handlers(app: FastAPI, show_page: ShowError) -> None:
    """Answer every error below /api/ as a problem document, and every other one with `show_page`."""

    def respond(request: Request, status: int, detail: str) -> Response:
        if not request.url.path.startswith(API):
            return show_page(request, status, detail)
        problem = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
        return JSONResponse(problem, status, media_type="application/problem+json")

    def on_own(request: Request, error: Exception) -> Response:
        known = (status for kind, status in STATUS.items() if isinstance(error, kind))
        return respond(request, next(known, HTTPStatus.INTERNAL_SERVER_ERROR), str(error))

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
        log.error("%s failed", request.url.path, exc_info=error, extra={"action": "unexpected_error"})
        return respond(request, HTTPStatus.INTERNAL_SERVER_ERROR, "Something broke; the log of the service says what.")

    app.add_exception_handler(Exception, on_unexpected)
    app.add_exception_handler(KnowwhoError, on_own)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_invalid)
