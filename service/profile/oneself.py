"""Who decides about themselves, and what the audit trail says of it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from indexer.domain.accounts import AuditAction
from indexer.domain.errors import NotFound
from indexer.home import Home
from indexer.store import Transaction, audit
from service.auth import SignIn, subject_of


def own_person(sign_in: SignIn) -> str:
    """The person (id) that whoever is signed in is. NotFound where nobody has said which."""
    if sign_in.viewer.person is None:
        raise NotFound("nobody has said yet which person you are: ask an admin to tie your account to you")
    return sign_in.viewer.person


def note(transaction: Transaction, home: Home, sign_in: SignIn, action: AuditAction, detail: Mapping[str, Any]) -> None:
    """Add to the audit trail what somebody decided about themselves."""
    about = subject_of(home, own_person(sign_in))
    audit.add_entry(transaction, datetime.now(UTC), sign_in.account.id, action, about, detail)
