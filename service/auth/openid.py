"""What an OpenID Connect provider vouches for: the authorization code flow with PKCE, and the id token it ends with."""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from indexer.domain.errors import ProviderUnavailable, SignInRefused
from service.auth.openid_attempts import Attempt
from service.settings import OpenIdProvider, is_safe_address

PATIENCE_SECONDS = 10
KNOWN_FOR_SECONDS = 3600
NEW_KEYS_AFTER_SECONDS = 60
LEEWAY_SECONDS = 60
LONGEST = 255  # what OpenID Connect allows a subject
# Only what a private key signs: the client's secret must not be able to make an id token.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
KEY_TYPES = frozenset({"RSA", "EC", "OKP"})
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Vouched:
    """Who signed in, as a provider says. `subject` is the provider's own id for them; `address` is their e-mail
    address where the provider has verified that it is theirs."""

    issuer: str
    subject: str
    address: str | None
    name: str | None


class Provider:
    """One provider. What it says of itself is asked for when it is first needed, and believed for an hour."""

    def __init__(self, settings: OpenIdProvider) -> None:
        self.settings = settings
        self._known: dict[str, tuple[float, Mapping[str, Any]]] = {}

    def address_to_go_to(self, attempt: Attempt, callback: str) -> str:
        """Where the browser is sent to sign in. ProviderUnavailable."""
        endpoint = self._metadata()["authorization_endpoint"]
        with self._client(callback) as client:
            address, _ = client.create_authorization_url(
                endpoint, attempt.state, code_verifier=attempt.verifier, nonce=attempt.nonce
            )
        return str(address)

    def redeem(self, attempt: Attempt, callback: str, code: str) -> Vouched:
        """Who the code stands for that the browser came back with. SignInRefused, ProviderUnavailable."""
        metadata = self._metadata()
        with self._answering(), self._client(callback, metadata) as client:
            token = client.fetch_token(metadata["token_endpoint"], code=code, code_verifier=attempt.verifier)
            claims = self._checked(str(token.get("id_token", "")), attempt.nonce, str(token.get("access_token", "")))
            if "email" not in claims and "userinfo_endpoint" in metadata:
                claims |= self._more(client, metadata["userinfo_endpoint"], claims["sub"])
        return self._vouched(claims)

    def _vouched(self, claims: Mapping[str, Any]) -> Vouched:
        subject, address, name = claims["sub"], claims.get("email"), claims.get("preferred_username")
        if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST:
            raise self._refused("names nobody")
        # Only true itself counts, not a word, and only plain letters: others may look like those of somebody else.
        verified = claims.get("email_verified") is True and isinstance(address, str) and "@" in address
        verified = verified and str(address).isascii()
        return Vouched(
            self.settings.issuer,
            subject,
            str(address) if verified else None,
            name if isinstance(name, str) and "@" not in name else None,
        )

    def _checked(self, id_token: str, nonce: str, access_token: str) -> dict[str, Any]:
        """The claims of an id token that this provider made for us and for this very sign-in."""
        issuer, client_id = self.settings.issuer, self.settings.client_id
        options = {
            "iss": {"essential": True, "value": issuer},
            "aud": {"essential": True, "value": client_id},
            "sub": {"essential": True},
            "exp": {"essential": True},
        }
        told = {"nonce": nonce, "client_id": client_id, "access_token": access_token}
        try:
            token = self._signed(id_token)
            claims = CodeIDToken(token.claims, token.header, options, told)
            claims.validate(int(time.time()), LEEWAY_SECONDS)
        except (JoseError, ValueError, TypeError) as error:
            log.warning("an id token of %s is refused: %s", self.settings.name, type(error).__name__)
            raise self._refused("says something that cannot be trusted") from error
        return dict(claims)

    def _signed(self, id_token: str) -> jwt.Token:
        try:
            return jwt.decode(id_token, self._keys(KNOWN_FOR_SECONDS), ALGORITHMS)
        except InvalidKeyIdError:  # it may have new keys since we asked
            return jwt.decode(id_token, self._keys(NEW_KEYS_AFTER_SECONDS), ALGORITHMS)

    def _more(self, client: OAuth2Client, endpoint: str, subject: object) -> dict[str, Any]:
        """What the provider tells of its user beside the id token."""
        self._expect_safe(endpoint)
        answer = client.get(endpoint)
        answer.raise_for_status()
        told = answer.json()
        if not isinstance(told, dict) or told.get("sub") != subject:
            raise self._refused("speaks of two people at once")
        return {name: told[name] for name in ("email", "email_verified", "preferred_username") if name in told}

    def _metadata(self) -> Mapping[str, Any]:
        issuer = self.settings.issuer
        found = self._fetched(f"{issuer.rstrip('/')}/.well-known/openid-configuration", KNOWN_FOR_SECONDS)
        if found.get("issuer") != issuer:
            raise self._unavailable("calls itself otherwise than the setting issuer does")
        for name in ENDPOINTS:
            self._expect_safe(found.get(name))
        return found

    def _keys(self, seconds: float) -> KeySet:
        told = self._fetched(self._metadata()["jwks_uri"], seconds).get("keys")
        keys = [key for key in told if isinstance(key, dict) and key.get("kty") in KEY_TYPES] if told else []
        return KeySet.import_key_set({"keys": keys})

    def _fetched(self, address: str, seconds: float) -> Mapping[str, Any]:
        """A JSON document of the provider, at most so many seconds old."""
        at, known = self._known.get(address, (0.0, None))
        if known is None or time.monotonic() - at >= seconds:
            with self._answering(), httpx2.Client(**self._how()) as client:
                answer = client.get(address)
                answer.raise_for_status()
                known = answer.json()
            if not isinstance(known, dict):
                raise self._unavailable("does not answer as OpenID Connect asks for")
            self._known[address] = (time.monotonic(), known)
        return known

    def _client(self, callback: str, metadata: Mapping[str, Any] | None = None) -> OAuth2Client:
        ways = (metadata or {}).get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        return OAuth2Client(
            self.settings.client_id,
            self.settings.client_secret.get_secret_value(),
            token_endpoint_auth_method=next((way for way in ways if way.startswith("client_secret_")), None),
            scope=" ".join(self.settings.scopes),
            redirect_uri=callback,
            code_challenge_method="S256",
            **self._how(),
        )

    def _how(self) -> dict[str, Any]:
        # A proxy of the environment is for what is outside of this machine.
        return {"timeout": PATIENCE_SECONDS, "trust_env": self.settings.issuer.startswith("https:")}

    def _expect_safe(self, address: object) -> None:
        if not isinstance(address, str) or not is_safe_address(address):
            raise self._unavailable("names an address that is not https")

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Turn what goes wrong between us and the provider into errors of ours, without any of its words."""
        try:
            yield
        except OAuthError as error:
            log.warning("%s answers with the error %.40r", self.settings.name, error.error)
            if error.error == "invalid_grant":
                raise self._refused("no longer knows of this sign-in, or it was used already") from error
            raise self._unavailable("does not take requests from here") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            log.warning("%s does not answer as it should: %s", self.settings.name, type(error).__name__)
            raise self._unavailable("does not answer as it should") from error

    def _refused(self, why: str) -> SignInRefused:
        return SignInRefused(f"{self.settings.label} {why}, so nobody was signed in: begin again")

    def _unavailable(self, why: str) -> ProviderUnavailable:
        return ProviderUnavailable(f"{self.settings.label} {why}, so nobody can sign in with it now: try again later")


def callback_of(address: str, provider: str) -> str:
    """Where a provider sends browsers back to, given the service's own address."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}/sign-in/{provider}/callback"
