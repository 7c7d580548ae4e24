"""What holds for every request and answer, whatever answers it: which names we answer to, how much may be sent, and the
headers that browsers obey. It stands outside of everything else, errors included."""

from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from fastapi import HTTPException, Request, Response
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.auth.clients import is_this_machine
from service.error_handlers import Respond

STATIC, API = "/static/", "/api/"
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}
# Pages bring a policy of their own (service/web/rendering.py).
NOTHING_RUNS = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
HTTPS_FOR_A_YEAR = "max-age=31536000"
NOT_KEPT = "no-store"
ASK_FIRST = "private, no-cache"


@dataclass(frozen=True, slots=True)
class OwnAddress:
    """What the service is called. `listens_on` is None where no socket is listened on, as in tests; `address` is the
    setting access.address."""

    listens_on: str | None
    address: str | None

    def answers_to(self, host: str) -> bool:
        """Whether the header Host names us. A page elsewhere may point a name of its own at this machine, and would
        then count as one of ours: so a service on loopback answers to names of loopback, and one that was told its
        address to that."""
        name = _name_in(f"//{host}")
        if is_this_machine(name) or self._is_told(name):
            return True
        return self.address is None and (self.listens_on is None or not is_this_machine(self.listens_on))

    def scheme_of(self, host: str, scheme: str) -> str:
        """How browsers sent it: what ends TLS before us speaks plain HTTP with us."""
        return urlsplit(self.address or "").scheme if self._is_told(_name_in(f"//{host}")) else scheme

    def _is_told(self, name: str) -> bool:
        return self.address is not None and name == _name_in(self.address) != ""


class Envelope:
    """The application in what holds for everything. `respond` makes the answer to what is refused here."""

    def __init__(self, inner: ASGIApp, own: OwnAddress, most_bytes: int, respond: Respond) -> None:
        self._inner = inner
        self._own = own
        self._most_bytes = most_bytes
        self._respond = respond

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        scope.setdefault("state", {})
        request = Request(scope)
        host = request.headers.get("host", "")
        scope["scheme"] = self._own.scheme_of(host, scope["scheme"])

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                add_headers(MutableHeaders(raw=message["headers"]), scope)
            await send(message)

        refused = self._refused(request, host)
        if refused:
            await refused(scope, receive, send_on)
        else:
            await self._inner(scope, bounded(receive, self._most_bytes), send_on)

    def _refused(self, request: Request, host: str) -> Response | None:
        if not self._own.answers_to(host):
            told = f"this service is not called {host or 'nothing'}: access.address in its settings says what it is"
            return self._respond(request, HTTPStatus.MISDIRECTED_REQUEST, told)
        length = request.headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit() or int(length) > self._most_bytes:
            return self._respond(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, too_long(self._most_bytes))
        return None


def bounded(receive: Receive, most_bytes: int) -> Receive:
    """The same request, of which no more can be read: 413 at the first byte beyond."""
    read = 0

    async def receive_bounded() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > most_bytes:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, too_long(most_bytes))
        return message

    return receive_bounded


def too_long(most_bytes: int) -> str:
    return f"send less: one request may have {most_bytes // 1024} kilobytes (serve.most_body_kilobytes)"


def add_headers(headers: MutableHeaders, scope: Scope) -> None:
    """What browsers shall obey. Nothing that was made for somebody in particular is kept by anybody."""
    headers.update(ALWAYS)
    headers.setdefault("Content-Security-Policy", NOTHING_RUNS)
    if scope["scheme"] == "https":
        headers["Strict-Transport-Security"] = HTTPS_FOR_A_YEAR
    if scope["path"].startswith(STATIC):
        return
    if scope["path"].startswith(API) or scope["state"].get("sign_in") is not None:
        headers["Cache-Control"] = NOT_KEPT
    else:
        headers.setdefault("Cache-Control", ASK_FIRST)


def _name_in(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""
