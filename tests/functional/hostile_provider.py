"""A small OpenID Connect provider in this process, which can be told to lie."""

import base64
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

SECRET = "the-secret-of-the-client-0123456789"
Claims = dict[str, Any]


class HostileProvider:
    """Answers every code with the id token that `make_token` makes of what an honest one would say. `challenge` and
    `nonce` are those of the last address that a browser was sent to; `asked` are the requests it got."""

    def __init__(self) -> None:
        self.keys = [RSAKey.generate_key(parameters={"kid": "one"})]
        self.other_key = RSAKey.generate_key(parameters={"kid": "one"})
        self.claims: Claims = {}
        self.make_token: Callable[[Claims], str] = self.honest
        self.metadata: Claims = {}
        self.user: Claims = {"sub": "ivy"}
        self.status = 200
        self.nonce = self.challenge = ""
        self.asked: list[str] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"

    def honest(self, claims: Claims) -> str:
        key = self.keys[-1]
        return jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)

    def signed_by_another(self, claims: Claims) -> str:
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.other_key)

    def signed_by_nobody(self, claims: Claims) -> str:
        return f"{_parts({'alg': 'none'}, claims)}."

    def signed_with_the_secret(self, claims: Claims) -> str:
        return jwt.encode({"alg": "HS256", "kid": "one"}, claims, OctKey.import_key(SECRET))

    def signed_with_the_public_key(self, claims: Claims) -> str:
        told = _parts({"alg": "HS256", "kid": "one"}, claims)
        signature = hmac.digest(self.keys[0].as_pem(private=False), told.encode(), "sha256")
        return f"{told}.{_encoded(signature)}"

    def answer(self, path: str, form: Claims) -> tuple[int, Any]:
        self.asked.append(path)
        if self.status != 200:
            return self.status, {"error": "server_error"}
        if path == "/.well-known/openid-configuration":
            return 200, self._metadata()
        if path == "/jwks":
            return 200, KeySet(list(self.keys)).as_dict(private=False)
        if path == "/userinfo":
            return 200, self.user
        if create_s256_code_challenge(form["code_verifier"][0]) != self.challenge:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        told = {"iss": self.issuer, "aud": "knowwho", "sub": "ivy", "iat": now, "exp": now + 60, "nonce": self.nonce}
        claims = {name: value for name, value in {**told, **self.claims}.items() if value is not None}
        return 200, {"access_token": "a", "token_type": "Bearer", "id_token": self.make_token(claims)}

    def _metadata(self) -> Claims:
        pages = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "jwks"}
        told = {name: f"{self.issuer}/{page}" for name, page in pages.items()}
        return {"issuer": self.issuer, "userinfo_endpoint": f"{self.issuer}/userinfo", **told, **self.metadata}


def _parts(header: Claims, claims: Claims) -> str:
    """What is signed, as the library would refuse to sign it."""
    return ".".join(_encoded(json.dumps(part).encode()) for part in (header, claims))


def _encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


def _handler(provider: HostileProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(*provider.answer(self.path, {}))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._send(*provider.answer(self.path, parse_qs(body)))

        def log_message(self, format: str, *arguments: Any) -> None:
            """Say nothing."""

        def _send(self, status: int, told: Any) -> None:
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler


@contextmanager
def hostile_provider() -> Iterator[HostileProvider]:
    provider = HostileProvider()
    thread = threading.Thread(target=provider.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        provider.server.shutdown()
        provider.server.server_close()
        thread.join()
