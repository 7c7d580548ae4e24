"""The shapes of the audit trail."""

from datetime import datetime
from typing import Any

from pydantic import Field

from indexer.domain.accounts import AuditAction
from service.admin.audit import AuditLine
from service.api.shape import Shape


class AuditEntryOut(Shape):
    """One thing that was done. The names are those of today, and `former member` for who has gone."""

    number: int
    at: datetime
    actor: str | None = Field(description="The id of an account, `command line`, or null for nobody signed in")
    actor_name: str
    action: AuditAction
    subject: str | None = Field(description="What it was done to, by an id; people have a pseudonym")
    subject_name: str | None
    detail: dict[str, Any]
    digest: str = Field(description="SHA-256 over the digest of the entry before and this entry, in hexadecimal")


class AuditOut(Shape):
    entries: list[AuditEntryOut]
    next: str | None


def entry_out(line: AuditLine) -> AuditEntryOut:
    entry = line.entry
    return AuditEntryOut(
        number=entry.number,
        at=entry.at,
        actor=entry.actor,
        actor_name=line.actor_name,
        action=entry.action,
        subject=entry.subject,
        subject_name=line.subject_name,
        detail=dict(entry.detail),
        digest=entry.digest.hex(),
    )
