"""What holds for every request and answer: headers, sizes, and the names the service answers to."""

import socket
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.browsers import SESSION_COOKIE
from service.http import OwnAddress
from service.server import listen, uvicorn_config
from tests.fakes import add_signed_in
from tests.functional.roles import Door

HERE = "http://127.0.0.1:8765"
ADDRESS = "https://knowwho.example.com"


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    made = Door(tmp_path_factory.mktemp("http"))
    yield made
    made.close()


@pytest.fixture
def client(door: Door) -> TestClient:
    return TestClient(door.app, base_url=HERE, raise_server_exceptions=False)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/nothing", 404),
        ("/static/knowwho.css", 200),
        ("/static/nothing", 404),
        ("/admin", 303),
        ("/api/v1/health", 200),
        ("/api/v1/nothing", 404),
        ("/api/v1/jobs", 401),
        ("/api/v1/search", 422),
        ("/api/v1/openapi.json", 200),
    ],
)
def test_every_answer_tells_browsers_what_they_must_not_do(client: TestClient, path: str, status: int) -> None:
    found = client.get(path, follow_redirects=False)
    assert found.status_code == status
    assert found.headers["x-content-type-options"] == "nosniff"
    assert found.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in found.headers["content-security-policy"]
    assert "default-src 'none'" in found.headers["content-security-policy"]
    assert found.headers["cross-origin-opener-policy"] == found.headers["cross-origin-resource-policy"] == "same-origin"
    assert found.headers["referrer-policy"] == "same-origin"
    assert "geolocation=()" in found.headers["permissions-policy"]
    assert "strict-transport-security" not in found.headers
    assert "server" not in found.headers


def test_an_answer_about_what_broke_has_the_headers_too(door: Door) -> None:
    app = create_app(door.settings, door.home, door.app.state.parts.index._encoder)
    del app.state.parts
    found = TestClient(app, base_url=HERE, raise_server_exceptions=False).get("/")
    assert (found.status_code, found.headers["x-frame-options"]) == (500, "DENY")


def test_nothing_made_for_somebody_is_kept_by_anybody(client: TestClient, door: Door) -> None:
    assert client.get("/").headers["cache-control"] == "private, no-cache"
    assert client.get("/api/v1/health").headers["cache-control"] == "no-store"
    client.cookies.set(SESSION_COOKIE, add_signed_in(door.home, door.settings, "cached", admin=False))
    for path in ("/", "/shortlist", "/communities", "/api/v1/communities"):
        assert client.get(path).headers["cache-control"] == "no-store"
    assert "no-store" not in client.get("/static/knowwho.css").headers.get("cache-control", "")


def test_behind_what_ends_tls_cookies_are_secure_and_browsers_stay_with_https(door: Door) -> None:
    access = door.settings.access.model_copy(update={"address": ADDRESS})
    app = create_app(
        door.settings.model_copy(update={"access": access}),
        door.home,
        door.app.state.parts.index._encoder,
        listens_on="0.0.0.0",
    )
    client = TestClient(app, base_url=HERE)
    found = client.get("/shortlist", headers={"host": "knowwho.example.com"})
    assert "strict-transport-security" in found.headers
    assert all(told in found.headers["set-cookie"] for told in ("Secure", "HttpOnly", "SameSite=lax"))
    assert "Secure" not in client.get("/shortlist").headers["set-cookie"]
    elsewhere = client.get("/api/v1/health", headers={"host": "evil.example"})
    assert (elsewhere.status_code, elsewhere.json()["status"]) == (421, 421)
    assert "not called evil.example" in elsewhere.json()["detail"]


@pytest.mark.parametrize(
    ("listens_on", "address", "host", "answered"),
    [
        ("127.0.0.1", None, "127.0.0.1:8765", True),
        ("127.0.0.1", None, "localhost:8765", True),
        ("127.0.0.1", None, "LOCALHOST.", True),
        ("::1", None, "[::1]:8765", True),
        ("127.0.0.1", None, "knowwho.localhost", True),
        ("127.0.0.1", None, "evil.example", False),
        ("127.0.0.1", None, "127.0.0.1.evil.example", False),
        ("localhost", None, "192.0.2.7", False),
        ("127.0.0.1", None, "", False),
        ("127.0.0.1", None, "[", False),
        ("127.0.0.1", None, "evil.example@127.0.0.1", True),
        ("127.0.0.1", ADDRESS, "knowwho.example.com", True),
        ("127.0.0.1", ADDRESS, "example.com", False),
        ("0.0.0.0", ADDRESS, "evil.example", False),
        ("0.0.0.0", ADDRESS, "localhost", True),
        ("0.0.0.0", None, "any.example", True),
    ],
)
def test_a_service_answers_only_to_its_own_names(
    listens_on: str, address: str | None, host: str, answered: bool
) -> None:
    assert OwnAddress(listens_on, address).answers_to(host) is answered


def test_what_is_too_long_is_refused_before_it_is_read(client: TestClient, door: Door) -> None:
    most = door.settings.serve.most_body_kilobytes * 1024
    told = client.post(
        "/api/v1/people/shortlist", content=b" " * (most + 1), headers={"content-type": "application/json"}
    )
    assert (told.status_code, told.headers["content-type"]) == (413, "application/problem+json")
    page = client.post("/shortlist", content=b" " * (most + 1))
    assert (page.status_code, "too much at once" in page.text) == (413, True)
    assert client.post("/feedback", content=b"", headers={"content-length": "-1"}).status_code == 413


@pytest.mark.parametrize("path", ["/api/v1/people/shortlist", "/shortlist"])
def test_what_is_too_long_is_refused_also_where_its_length_is_not_told(
    client: TestClient, door: Door, path: str
) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(door.settings.serve.most_body_kilobytes + 2):
            yield b" " * 1024

    assert client.post(path, content=endless(), headers={"content-type": "application/json"}).status_code == 413


def test_the_server_says_nothing_of_itself_and_believes_only_the_proxies_it_was_told_of(door: Door) -> None:
    config = uvicorn_config(door.app, ())
    assert (config.server_header, config.proxy_headers) == (False, False)
    behind = uvicorn_config(door.app, ("10.0.0.1",))
    assert (behind.proxy_headers, behind.forwarded_allow_ips) == (True, ["10.0.0.1"])


def test_no_packet_of_an_answer_waits_for_word_of_the_one_before() -> None:
    [listening] = listen("127.0.0.1", 0)
    with listening, socket.create_connection(listening.getsockname()), listening.accept()[0] as connection:
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
