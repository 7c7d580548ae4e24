"""The audit trail: entries are added and read, never changed; each carries a digest that covers the one before it."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.dialects.sqlite import insert

from indexer.domain.accounts import AuditAction, AuditEntry
from indexer.store.database import Transaction, take_write_lock
from indexer.store.tables import audit_entries


def add_entry(
    transaction: Transaction,
    at: datetime,
    actor: str | None,
    action: AuditAction,
    subject: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Add what was done, in the transaction that does it."""
    newest = select(audit_entries.c.number, audit_entries.c.digest).order_by(audit_entries.c.number.desc()).limit(1)
    take_write_lock(transaction)  # two processes must not both add after the same entry
    last = transaction.execute(newest).first()
    entry = AuditEntry(last.number + 1 if last else 1, at, actor, action, subject, dict(detail or {}))
    digest = digest_of(entry, last.digest if last else b"")
    transaction.execute(
        insert(audit_entries).values(
            number=entry.number,
            at=at,
            actor=actor,
            action=action,
            subject=subject,
            detail=dict(entry.detail),
            digest=digest,
        )
    )
    return AuditEntry(entry.number, at, actor, action, subject, entry.detail, digest)


def entries(
    transaction: Transaction,
    *,
    action: AuditAction | None = None,
    account: str | None = None,
    before: int | None = None,
    limit: int,
) -> list[AuditEntry]:
    """The newest entries, of those with a smaller number than `before`: of an action, and those that an account (its
    id, or COMMAND_LINE) did or that were done to it, where given."""
    statement = select(audit_entries).order_by(audit_entries.c.number.desc()).limit(limit)
    if action is not None:
        statement = statement.where(audit_entries.c.action == action)
    if account is not None:
        statement = statement.where((audit_entries.c.actor == account) | (audit_entries.c.subject == account))
    if before is not None:
        statement = statement.where(audit_entries.c.number < before)
    return [_entry_of(row) for row in transaction.execute(statement)]


def entries_after(transaction: Transaction, number: int, limit: int) -> list[AuditEntry]:
    """The oldest entries, of those with a greater number."""
    statement = select(audit_entries).where(audit_entries.c.number > number).order_by(audit_entries.c.number)
    return [_entry_of(row) for row in transaction.execute(statement.limit(limit))]


def entries_about(transaction: Transaction, ids: Iterable[str]) -> list[AuditEntry]:
    """Every entry by or on one of these ids, oldest first."""
    known = list(ids)
    about = audit_entries.c.actor.in_(known) | audit_entries.c.subject.in_(known)
    statement = select(audit_entries).where(about).order_by(audit_entries.c.number)
    return [_entry_of(row) for row in transaction.execute(statement)]


def all_entries(transaction: Transaction) -> Iterator[AuditEntry]:
    """Every entry, oldest first."""
    for row in transaction.execute(select(audit_entries).order_by(audit_entries.c.number)):
        yield _entry_of(row)


def broken_at(transaction: Transaction) -> int | None:
    """The number of the first entry whose digest does not fit it and the one before, or that has gone; None where all
    is as it was written."""
    before, number = b"", 0
    for number, entry in enumerate(all_entries(transaction), 1):
        if entry.number != number or entry.digest != digest_of(entry, before):
            return number
        before = entry.digest
    # SQLite remembers the greatest number that it ever gave, also where that row has gone.
    given = transaction.execute(text("SELECT seq FROM sqlite_sequence WHERE name = 'audit_entries'")).scalar()
    return number + 1 if given is not None and given > number else None


def digest_of(entry: AuditEntry, before: bytes) -> bytes:
    """SHA-256 over the digest of the entry before and this entry as JSON."""
    at = entry.at.astimezone(UTC).isoformat()
    told = [entry.number, at, entry.actor, entry.action, entry.subject, dict(entry.detail)]
    return hashlib.sha256(before + json.dumps(told, sort_keys=True).encode()).digest()


def _entry_of(row: Row[Any]) -> AuditEntry:
    return AuditEntry(row.number, row.at, row.actor, AuditAction(row.action), row.subject, row.detail, row.digest)
