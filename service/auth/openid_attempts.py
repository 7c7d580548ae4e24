"""A sign-in that a browser has begun elsewhere: kept by the browser itself, signed, and good for one return."""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta

LASTS = timedelta(minutes=10)
SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Attempt:
    """`state` ties the return to this browser, `nonce` the id token to this attempt, `verifier` the code to us;
    `page` is where to go on, `expires` a moment in seconds."""

    provider: str
    state: str
    nonce: str
    verifier: str
    page: str
    expires: int


def new_attempt(provider: str, page: str, now: datetime) -> Attempt:
    state, nonce, verifier = (secrets.token_urlsafe(SECRET_BYTES) for _ in range(3))
    return Attempt(provider, state, nonce, verifier, page, int((now + LASTS).timestamp()))


def sealed(secret: bytes, attempt: Attempt) -> str:
    """The attempt as the browser keeps it."""
    told = base64.urlsafe_b64encode(json.dumps(astuple(attempt)).encode()).decode()
    return f"{told}.{_signature(secret, told)}"


def unsealed(secret: bytes, text: str, provider: str, state: str, now: datetime) -> Attempt | None:
    """The attempt that a browser kept; None where it is not of our making, too old, or not what the browser came back
    from."""
    told, _, signature = text.partition(".")
    if not hmac.compare_digest(_signature(secret, told).encode(), signature.encode("utf-8", "surrogatepass")):
        return None
    try:
        attempt = Attempt(*json.loads(base64.urlsafe_b64decode(told)))
    except (binascii.Error, ValueError, TypeError):  # signed by an older version
        return None
    fits = attempt.provider == provider and hmac.compare_digest(
        attempt.state.encode(), state.encode("utf-8", "surrogatepass")
    )
    return attempt if fits and now.timestamp() < attempt.expires else None


def _signature(secret: bytes, told: str) -> str:
    return hmac.new(secret, f"sign in\0{told}".encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
