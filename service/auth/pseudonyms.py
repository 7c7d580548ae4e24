"""What people and accounts are called where nobody shall read from it who they are: in the audit trail, which cannot be
changed, so it must hold nothing of them once they are erased; and as voters."""

import hashlib
import hmac
from collections.abc import Iterable

from indexer.home import Home, home_secret

BEGINNING = "person-"
VOTER = "account:"
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


def voter_of(home: Home, account: str) -> str:
    """The voter that an account (by id) is in its judgements, from whichever browser or program."""
    return f"{VOTER}{_pseudonym(home_secret(home.folder), 'voter', account)}"


def is_voter_of_account(voter: str) -> bool:
    return voter.startswith(VOTER)


def _subject(secret: bytes, person: str) -> str:
    return f"{BEGINNING}{_pseudonym(secret, 'subject', person)}"


def _pseudonym(secret: bytes, purpose: str, told: str) -> str:
    text = f"{purpose}\0{told}".encode("utf-8", "surrogatepass")
    return hmac.new(secret, text, hashlib.sha256).hexdigest()[:LETTERS]
