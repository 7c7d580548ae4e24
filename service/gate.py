"""The gate: no route is reached, and no body read, before the matrix (service/auth/matrix.py) has let the request
through."""

from collections.abc import Sequence

from fastapi import Request
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute, Match, Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from service.dependencies import answered, application_parts, claims_sign_in, find_sign_in, judge


class Gate:
    """Stands before the `inner` router of these routes: also of those that are no endpoints of FastAPI, and which the
    dependencies of a router would not reach."""

    def __init__(self, inner: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        self._inner = inner
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope)
            request.state.sign_in = None
            answered.set(request)
            if claims_sign_in(request):
                await run_in_threadpool(self._let_through, request)
            else:
                self._let_through(request)
        await self._inner(scope, receive, send)

    def _let_through(self, request: Request) -> None:
        """Find out who is signed in, for all who come after, and whether they may. Where there is no route, the router
        says so."""
        route = self._route_of(request.scope)
        parts = application_parts(request)
        # The files of a mount are the same for everybody: they come also while the database does not.
        if route is None or not isinstance(route.original_route, Mount):
            request.state.sign_in = find_sign_in(request, parts)
        if route is not None:
            judge(request, parts, request.state.sign_in, route.path or "")

    def _route_of(self, scope: Scope) -> RouteContext | None:
        """The route that the router will take: the first that fits."""
        return next((route for route in iter_route_contexts(self._routes) if _fits(route, scope)), None)


def _fits(route: RouteContext, scope: Scope) -> bool:
    match, _ = route.matches(scope)
    return bool(match is Match.FULL)
