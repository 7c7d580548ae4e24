"""Tokens that show that a form was sent from one of our own pages, by the visitor it was made for.

A token is an HMAC-SHA256 of the visitor's id under a secret of the home, so nothing has to be stored for it.
"""

import hashlib
import hmac


def form_token(secret: bytes, visitor: str) -> str:
    return hmac.new(secret, f"form\0{visitor}".encode(), hashlib.sha256).hexdigest()


def is_form_token(secret: bytes, visitor: str, token: str) -> bool:
    """Whether `form_token` made the token for this visitor, in a time that tells nothing about it."""
    return hmac.compare_digest(form_token(secret, visitor).encode(), token.encode("utf-8", "surrogatepass"))
