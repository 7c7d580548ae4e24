"""Passwords and their argon2id hashes, which carry the cost that they were made with."""

import secrets
import unicodedata
from functools import cache
from threading import BoundedSemaphore
from typing import NewType

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from indexer.domain.errors import AccountInvalid
from service.settings import PasswordSettings

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 1024

HASHES_AT_ONCE = 4

_turns = BoundedSemaphore(HASHES_AT_ONCE)  # each takes as much memory as the settings say

PasswordHash = NewType("PasswordHash", str)
"""Made by `hash_password` alone, so that no password can be kept as it is."""


def hash_password(password: str, name: str, settings: PasswordSettings) -> PasswordHash:
    """The hash of a new password for the account of this name; AccountInvalid where it is too easily guessed or too
    long. It takes as long as the settings make it: do not hold the database meanwhile."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise AccountInvalid(
            f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD:,} characters, of any kind: several words are "
            "easy to remember and hard to guess"
        )
    if _plain(password).strip().casefold() == name:
        raise AccountInvalid("the password is the name of the account, which anybody would try: choose another")
    return rehash(password, settings)


def is_password(password: str, hashed: str | None, settings: PasswordSettings) -> bool:
    """Whether the hash is of this password. Where there is no hash a dummy is tried, so that the time taken does not
    tell which accounts exist."""
    dummy = _dummy(settings)
    try:
        with _turns:
            right = _hasher(settings).verify(hashed or dummy, _told(password[:LONGEST_PASSWORD]))
    except (VerificationError, InvalidHashError):
        return False
    return right and hashed is not None and len(password) <= LONGEST_PASSWORD


def is_outdated(hashed: str, settings: PasswordSettings) -> bool:
    """Whether the hash was made at another cost than the settings ask for now."""
    return _hasher(settings).check_needs_rehash(hashed)


def rehash(password: str, settings: PasswordSettings) -> PasswordHash:
    """The hash, at the present cost, of a password that was found to be right."""
    with _turns:
        return PasswordHash(_hasher(settings).hash(_told(password)))


@cache
def _hasher(settings: PasswordSettings) -> PasswordHasher:
    return PasswordHasher(settings.passes, settings.memory_kilobytes, settings.lanes)


@cache
def _dummy(settings: PasswordSettings) -> str:
    return _hasher(settings).hash(secrets.token_bytes(LONGEST_PASSWORD // 8))


def _plain(password: str) -> str:
    """Keyboards write the same letters in several ways."""
    return unicodedata.normalize("NFKC", password)


def _told(password: str) -> bytes:
    return _plain(password).encode("utf-8", "surrogatepass")
