"""What the audit trail calls a person: it cannot be changed, so it must hold nothing of them once they are erased."""

import hashlib
import hmac
from collections.abc import Iterable

from indexer.home import Home, home_secret

BEGINNING = "person-"
LETTERS = 24


def subject_of(home: Home, person: str) -> str:
    """A name for a person (by id) that tells nobody who has not the home's secret whose it is; always the same one."""
    return _subject(home_secret(home.folder), person)


def subjects_of(home: Home, people: Iterable[str]) -> dict[str, str]:
    """The people (ids) by the names that `subject_of` has for them."""
    secret = home_secret(home.folder)
    return {_subject(secret, person): person for person in people}


def is_subject(told: str) -> bool:
    """Whether this is what the audit trail calls a person."""
    return told.startswith(BEGINNING)


def _subject(secret: bytes, person: str) -> str:
    told = hmac.new(secret, f"subject\0{person}".encode("utf-8", "surrogatepass"), hashlib.sha256)
    return f"{BEGINNING}{told.hexdigest()[:LETTERS]}"
