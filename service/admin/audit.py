"""The audit trail as admins read it: page by page, whole as JSON Lines, and whether anybody has tampered with it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from indexer.domain.accounts import COMMAND_LINE, AuditAction, AuditEntry
from indexer.domain.people import FORMER_MEMBER
from indexer.home import Home
from indexer.store import Transaction, accounts, audit, people
from service.admin.desk import LISTED, Listed, foreign_cursor, make_cursor, read_cursor
from service.auth import is_subject, subjects_of
from service.auth.accounts import plain_name

NOBODY = "nobody signed in"
EXPORTED_AT_ONCE = 1000
ABOUT_ACCOUNTS = frozenset(
    {
        AuditAction.SIGN_IN,
        AuditAction.SIGN_IN_FAILED,
        AuditAction.SIGN_OUT,
        AuditAction.LOCKED_OUT,
        AuditAction.ACCOUNT_ADDED,
        AuditAction.ACCOUNT_CHANGED,
        AuditAction.ACCOUNT_REMOVED,
        AuditAction.PASSWORD_SET,
        AuditAction.SESSION_ENDED,
        AuditAction.TOKEN_ADDED,
        AuditAction.TOKEN_REMOVED,
    }
)


@dataclass(frozen=True, slots=True)
class AuditLine:
    """An entry with the names that its actor, its subject and the person in its detail have now; FORMER_MEMBER for
    those who have gone."""

    entry: AuditEntry
    actor_name: str
    subject_name: str | None
    person_name: str | None = None


def list_entries(
    home: Home,
    *,
    action: AuditAction | None = None,
    account: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Listed[AuditLine]:
    """Entries, newest first: of an action, and by or on an account (its name, its id, or COMMAND_LINE), where given.
    QueryInvalid for a cursor that is not ours."""
    size = limit or LISTED
    before = _number_in(cursor) if cursor else None
    with home.database.read() as transaction:
        chosen = _account_id(transaction, account) if account else None
        found = audit.entries(transaction, action=action, account=chosen, before=before, limit=size + 1)
        shown = _with_names(home, transaction, found[:size])
    return Listed(shown, make_cursor(str(shown[-1].entry.number)) if len(found) > size else None)


def export_entries(home: Home) -> Iterator[str]:
    """The whole trail as JSON Lines, oldest first; its last entry says that it was exported."""
    with home.database.begin() as transaction:
        home.tell(transaction, AuditAction.AUDIT_READ, None, {"as": "json lines"})
        newest = audit.entries(transaction, limit=1)
    return _lines(home, newest[0].number if newest else 0)


def first_broken(home: Home) -> int | None:
    """The number of the first entry that is not as it was written, or is missing; None where the trail is whole."""
    with home.database.read() as transaction:
        return audit.broken_at(transaction)


def entry_values(entry: AuditEntry) -> dict[str, Any]:
    """An entry as plain values. The digest is the SHA-256 of the bytes of the digest before it and of the other values
    as a JSON list, the keys of its objects sorted."""
    return {
        "number": entry.number,
        "at": entry.at.isoformat(),
        "actor": entry.actor,
        "action": entry.action.value,
        "subject": entry.subject,
        "detail": dict(entry.detail),
        "digest": entry.digest.hex(),
    }


def _lines(home: Home, last: int) -> Iterator[str]:
    number = 0
    while number < last:
        # A read a batch: one that lasted as long as a slow download would keep the database from tidying up.
        with home.database.read() as transaction:
            found = audit.entries_after(transaction, number, min(EXPORTED_AT_ONCE, last - number))
        if not found:
            return
        yield "".join(f"{json.dumps(entry_values(entry), ensure_ascii=False)}\n" for entry in found)
        number = found[-1].number


def _number_in(cursor: str) -> int:
    told = read_cursor(cursor)
    if not (told.isascii() and told.isdigit()) or len(told) > len(str(2**62)):
        raise foreign_cursor(cursor)
    return int(told)


def _account_id(transaction: Transaction, told: str) -> str:
    """The id of the account of this name; else what was told may itself be the id of one, also of one that has gone."""
    named = accounts.find_by_name(transaction, plain_name(told))
    return named.id if named else told


def _with_names(home: Home, transaction: Transaction, entries: list[AuditEntry]) -> list[AuditLine]:
    names = {account.id: account.name for account in accounts.all_accounts(transaction)}
    if any(is_subject(told) for entry in entries for told in (entry.subject, _person(entry)) if told):
        people_names = people.all_names(transaction)
        names |= {subject: people_names[person] for subject, person in subjects_of(home, people_names).items()}
    return [
        AuditLine(
            entry, _actor_name(entry, names), _subject_name(entry, names), names.get(_person(entry), FORMER_MEMBER)
        )
        for entry in entries
    ]


def _person(entry: AuditEntry) -> str:
    """The person in an entry's detail, as the trail names them."""
    return str(entry.detail.get("person") or "")


def _actor_name(entry: AuditEntry, names: Mapping[str, str]) -> str:
    if entry.actor is None:
        return NOBODY
    return COMMAND_LINE if entry.actor == COMMAND_LINE else names.get(entry.actor, FORMER_MEMBER)


def _subject_name(entry: AuditEntry, names: Mapping[str, str]) -> str | None:
    if entry.subject is None:
        return None
    someone = entry.action in ABOUT_ACCOUNTS or is_subject(entry.subject)
    return names.get(entry.subject, FORMER_MEMBER if someone else entry.subject)
