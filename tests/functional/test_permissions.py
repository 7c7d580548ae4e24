"""Who gets through on which route: every row of the matrix for everybody who may come, over HTTP."""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRouter, iter_route_contexts
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount

from indexer.domain.accounts import PersonChoices, Scope
from indexer.store import choices
from service.auth import RULES, Need, Refusal, Rule
from service.dependencies import BAD_TOKEN
from service.web.phrases import sentence
from tests.functional.roles import BROWSERS, Door, Headers

HOST = "127.0.0.1:8765"
PASSED = "passed"
LOOP = asyncio.new_event_loop()
SAID: Mapping[str, Refusal] = {**{told.value: told for told in Refusal}, BAD_TOKEN: Refusal.SIGN_IN}


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    made = Door(tmp_path_factory.mktemp("door"))
    yield made
    made.close()
    LOOP.close()


@dataclass(frozen=True)
class Answered:
    status: int
    headers: Mapping[str, str]
    text: str


def ask(
    app: FastAPI, method: str, path: str, headers: Headers, *, body: bytes | None = b"", query: str = ""
) -> Answered:
    """The answer to a request that comes just so from the server, with no client to tidy it up. `body` is None where
    reading it is a fault."""
    sent: list[Any] = []

    bodies = iter([body])

    async def receive() -> dict[str, Any]:
        assert body is not None, "the body was read"
        if next(bodies, None) is None:
            await asyncio.Event().wait()  # whoever sent it stays to hear the answer
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    told = [(b"host", HOST.encode()), *((name.encode(), value.encode()) for name, value in headers.items())]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": told,
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8765),
    }
    LOOP.run_until_complete(app(scope, receive, send))
    answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    text = b"".join(message.get("body", b"") for message in sent[1:]).decode("utf-8", "replace")
    return Answered(sent[0]["status"], answered, text)


def refusal_in(answered: Answered) -> Refusal | None:
    """Why somebody was refused by the matrix; None for who got through, whatever then came of it."""
    if answered.status == 303 and answered.headers["location"].startswith("/sign-in?next="):
        return Refusal.SIGN_IN
    if answered.status not in (401, 403):
        return None
    page = unescape(answered.text)
    return next((refusal for told, refusal in SAID.items() if told in page or sentence(told) in page), None)


def filled(path: str) -> str:
    """The path of a route with ids that nothing has."""
    return "/static/knowwho.css" if path == "/static" else re.sub(r"{\w+}", "nothing-has-this-id", path)


# Which rows there are


def routes_of(app: FastAPI) -> set[tuple[str, str]]:
    """Every method and path that the application answers, however its routers are nested."""
    found: set[tuple[str, str]] = set()
    for route in iter_route_contexts(app.routes):
        methods = {"GET"} if isinstance(route.original_route, Mount) else route.methods or set()
        found |= {("GET" if method == "HEAD" else method, route.path or "") for method in methods}
    return found


def test_every_route_has_a_row_and_every_row_a_route(door: Door) -> None:
    assert routes_of(door.app) == set(RULES)


def test_a_route_without_a_row_is_refused_to_everybody_however_it_was_added(door: Door) -> None:
    app = door._open(door.settings)

    async def answer(request: Request) -> PlainTextResponse:
        return PlainTextResponse("this must not be told")

    router = APIRouter()
    router.add_route("/routed", answer)
    router.get("/api/v1/routed")(lambda: "this must not be told")
    app.get("/api/v1/added")(lambda: "this must not be told")
    app.add_route("/plain", answer)
    app.mount("/mounted", PlainTextResponse("this must not be told"))
    app.include_router(router)
    for path in ("/routed", "/api/v1/routed", "/api/v1/added", "/plain", "/mounted/x"):
        for headers in ({}, door.session(), door.session(admin=True), door.token(*Scope)):
            refused = ask(app, "GET", path, headers)
            assert (refused.status, refusal_in(refused)) == (403, Refusal.UNKNOWN_ROUTE), path
            assert "must not be told" not in refused.text
    app.state.parts.queue.close()


# Who gets through


def nobody(rule: Rule, anonymous: bool) -> Refusal | None:
    return None if rule.need is Need.OPEN or (anonymous and rule.need is Need.READER) else Refusal.SIGN_IN


def expected(role: str, rule: Rule) -> Refusal | None:
    """What the row says for a role, said once more in other words than the service does."""
    allowed = {
        "reader": (Need.OPEN, Need.READER, Need.SIGNED_IN),
        "member": (Need.OPEN, Need.READER, Need.SIGNED_IN),
        "steward": (Need.OPEN, Need.READER, Need.SIGNED_IN, Need.STEWARD),
        "admin": tuple(Need),
    }[role]
    if rule.need in allowed:
        return None
    return Refusal.ADMIN if rule.need is Need.ADMIN else Refusal.STEWARD


def outcome(answered: Answered, path: str) -> str:
    refusal = refusal_in(answered)
    if refusal is None:
        assert answered.status < 500 or answered.status == 503, (path, answered)
        return PASSED
    if answered.status == 303:
        assert not path.startswith("/api/")
    else:
        assert answered.status == (401 if refusal is Refusal.SIGN_IN else 403), path
    return refusal.name


def differences(app: FastAPI, comer: Any, wanted: Any) -> dict[str, tuple[str, str]]:
    """The rows on which somebody fares otherwise than wanted. Who comes is signed in anew for each: some routes end
    that."""
    found = {}
    for (method, path), rule in RULES.items():
        want = wanted(rule)
        got = outcome(ask(app, method, filled(path), comer()), path)
        if got != (PASSED if want is None else want.name):
            found[f"{method} {path}"] = (got, str(want))
    return found


@pytest.mark.parametrize("anonymous", [True, False])
def test_nobody_gets_where_the_matrix_asks_for_no_more(door: Door, anonymous: bool) -> None:
    app = door.app if anonymous else door.closed_app
    assert differences(app, dict, lambda rule: nobody(rule, anonymous)) == {}


@pytest.mark.parametrize("role", BROWSERS)
def test_whoever_signs_in_gets_where_their_role_may(door: Door, role: str) -> None:
    for app in (door.app, door.closed_app)[: 1 if role != "reader" else 2]:
        assert differences(app, lambda: BROWSERS[role](door), lambda rule: expected(role, rule)) == {}


def test_a_disabled_admin_is_nobody(door: Door) -> None:
    headers = door.session(admin=True, disabled=True)
    assert differences(door.closed_app, lambda: headers, lambda rule: nobody(rule, anonymous=False)) == {}


def test_a_narrow_token_of_an_admin_sees_and_removes_no_more_than_anybodys(door: Door) -> None:
    narrow, broad = door.token(Scope.SEARCH, Scope.FEEDBACK), door.token(Scope.SEARCH, Scope.FEEDBACK, Scope.ADMIN)
    told = json.dumps({"query": "strips", "person": "rui", "useful": True}).encode()
    member = door.session(person="rui")
    judgement = json.loads(ask(door.app, "POST", "/api/v1/feedback", member, body=told).text)["id"]
    assert ask(door.app, "DELETE", f"/api/v1/feedback/{judgement}", narrow).status == 404
    assert ask(door.app, "DELETE", f"/api/v1/feedback/{judgement}", broad).status == 204

    for hidden, status in ((True, 404), (False, 200)):
        with door.home.database.begin() as transaction:
            choices.save_choices(transaction, "stella", PersonChoices(hidden=hidden))
        assert ask(door.app, "GET", "/api/v1/people/stella", narrow).status == status
        assert ask(door.app, "GET", "/api/v1/people/stella", broad).status == 200


@pytest.mark.parametrize("scope", Scope)
def test_a_token_gets_no_further_than_its_scope_though_it_is_an_admins(door: Door, scope: Scope) -> None:
    headers = door.token(scope)

    def wanted(rule: Rule) -> Refusal | None:
        return None if rule.need is Need.OPEN or rule.scope is scope else Refusal.SCOPE

    assert differences(door.app, lambda: headers, wanted) == {}


@pytest.mark.parametrize("kind", ["expired", "garbage", "no prefix", "empty"])
def test_a_token_that_is_no_good_gets_nowhere_not_even_where_everybody_may_read(door: Door, kind: str) -> None:
    headers = {
        "expired": door.token(*Scope, days=-1),
        "garbage": {"authorization": "Bearer kw_garbage"},
        "no prefix": {"authorization": "bearer \udcff".encode("utf-8", "replace").decode()},
        "empty": {"authorization": "Bearer "},
    }[kind]
    # The style sheet is the same for everybody, and nobody looks at who asks for it.
    assert (
        differences(
            door.app, lambda: headers, lambda rule: None if rule is RULES["GET", "/static"] else Refusal.SIGN_IN
        )
        == {}
    )


# Ways around


def test_nothing_is_read_or_told_before_the_gate_has_let_somebody_through(door: Door) -> None:
    for (method, path), rule in RULES.items():
        if rule.need is Need.ADMIN:
            refused = ask(door.app, method, filled(path), {"content-type": "application/json"}, body=None)
            assert refused.status in (303, 401), path
    broken = ask(door.app, "POST", "/api/v1/jobs", {"content-type": "application/json"}, body=b"{")
    assert (broken.status, json.loads(broken.text)["detail"]) == (401, Refusal.SIGN_IN)


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "PROPFIND", "get", "Post", "\0"])
@pytest.mark.parametrize("path", ["/api/v1/jobs", "/admin", "/api/v1/generations/cost", "/static/knowwho.css"])
def test_an_unusual_method_gets_nobody_further(door: Door, method: str, path: str) -> None:
    if path.startswith("/static") and method == "HEAD":
        return
    for headers in ({}, door.session()):
        answered = ask(door.app, method, path, headers)
        assert answered.status in (303, 401, 403, 405), answered


@pytest.mark.parametrize("name", ["x-http-method-override", "x-method-override", "x-original-url", "x-rewrite-url"])
def test_a_header_changes_neither_method_nor_path(door: Door, name: str) -> None:
    headers = {**door.session(), name: "DELETE" if "method" in name else "/"}
    refused = ask(door.app, "GET", "/api/v1/jobs", headers, query="_method=GET")
    assert refusal_in(refused) is Refusal.ADMIN
    assert ask(door.app, "GET", "/", {**headers, name: "/admin"}).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "//api/v1/jobs",
        "/api/v1//jobs",
        "/api/v1/jobs/",
        "/API/v1/jobs",
        "/api/v1/Jobs",
        "/api/v1/jobs\n",
        "/api/v1/jobs\0",
        "/api/v1/jobs%2f",
        "/api/v1/%6aobs",
        "/./api/v1/jobs",
        "/static/../api/v1/jobs",
        "/static/%2e%2e/api/v1/jobs",
        "/api/v1/search/../jobs",
        "/api/v1/jobs;x=1",
        "\\api\\v1\\jobs",
        "//admin",
        "/admin/",
        "/ADMIN",
        "/admin/.",
        "/static/../admin",
        "/static//admin",
    ],
)
def test_no_spelling_of_a_path_leads_around_the_gate(door: Door, path: str) -> None:
    """A path comes decoded; whatever it spells, there is either nothing or the gate."""
    answered = ask(door.app, "GET", path, {})
    assert answered.status in (303, 307, 401, 403, 404), answered
    if answered.status == 307:
        assert answered.headers["location"].startswith(f"http://{HOST}/")


@pytest.mark.parametrize(
    "told", [{"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}]
)
def test_a_strangers_page_does_nothing_in_the_name_of_who_is_signed_in(door: Door, told: Headers) -> None:
    for method, path in (("POST", "/api/v1/backups"), ("DELETE", "/api/v1/schedules/x"), ("POST", "/admin/backups")):
        refused = ask(door.app, method, path, {**door.session(admin=True), **told})
        assert refused.status == 403
        assert "page of another site" in refused.text


def test_whoever_has_to_sign_in_is_led_there_and_a_form_says_so(door: Door) -> None:
    led = ask(door.closed_app, "GET", "/", {}, query="q=a%26b&kind=thread")
    assert (led.status, led.headers["location"]) == (303, "/sign-in?next=%2F%3Fq%3Da%2526b%26kind%3Dthread")
    sent = ask(door.closed_app, "POST", "/feedback", {})
    assert (sent.status, sent.headers["content-type"]) == (401, "text/html; charset=utf-8")
    assert "Sign in to use this" in sent.text
    problem = ask(door.closed_app, "GET", "/api/v1/search", {}, query="q=x")
    assert (problem.status, problem.headers["content-type"]) == (401, "application/problem+json")
    assert "Bearer" in problem.headers["www-authenticate"]
