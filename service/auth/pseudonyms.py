"""What the audit trail calls a person: it cannot be changed, so it must hold nothing of them once they are erased."""

import hashlib
import hmac

from indexer.home import Home, home_secret

LETTERS = 24


def subject_of(home: Home, person: str) -> str:
    """A name for a person (by id) that tells nobody who has not the home's secret whose it is; always the same one."""
    told = hmac.new(home_secret(home.folder), f"subject\0{person}".encode("utf-8", "surrogatepass"), hashlib.sha256)
    return f"person-{told.hexdigest()[:LETTERS]}"
