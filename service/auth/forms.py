"""Tokens that show that a form was sent from one of our own pages, by the visitor it was made for.

A token is an HMAC-SHA256 of the visitor's id under a secret of the home, so nothing has to be stored for it.
"""

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

from indexer.domain.errors import StorageFull, StorageReadOnly
from indexer.domain.storage import storage_errors

SECRET_FILE = "secret.key"
SECRET_BYTES = 32
PASSING_SECRET = secrets.token_bytes(SECRET_BYTES)


def home_secret(folder: Path) -> bytes:
    """The secret in the home's folder, made when first asked for; only its owner may read the file. Where it cannot be
    written, the secret of this process: pages can be read though nothing can be sent."""
    file = folder / SECRET_FILE
    try:
        if not file.exists():
            with storage_errors(file):
                _make_secret(file)
    except (StorageFull, StorageReadOnly):
        return PASSING_SECRET
    return file.read_bytes()


def form_token(secret: bytes, visitor: str) -> str:
    return hmac.new(secret, f"form\0{visitor}".encode(), hashlib.sha256).hexdigest()


def is_form_token(secret: bytes, visitor: str, token: str) -> bool:
    """Whether `form_token` made the token for this visitor, in a time that tells nothing about it."""
    return hmac.compare_digest(form_token(secret, visitor).encode(), token.encode("utf-8", "surrogatepass"))


def _make_secret(file: Path) -> None:
    draft = file.with_name(f"{SECRET_FILE}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
        opened.write(secrets.token_bytes(SECRET_BYTES))
    try:
        # A link is made whole or not at all, and never replaces the secret that another process made meanwhile.
        with suppress(FileExistsError):
            os.link(draft, file)
    finally:
        draft.unlink()
