"""Accounts: who may sign in, what keeps them signed in, and what programs may do in their name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

COMMAND_LINE = "command line"


class Scope(StrEnum):
    """What an API token may be used for, at most; its account's role bounds it further."""

    SEARCH = "search"
    FEEDBACK = "feedback"
    ACCOUNT = "account"
    STEWARD = "steward"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in. `id` is random, `name` what they type, `person` the person they are (its id), where
    that is known. `has_password` is false for whoever signs in elsewhere or has not chosen one yet."""

    id: str
    name: str
    person: str | None
    admin: bool
    disabled: bool
    has_password: bool
    created: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """A browser in which an account is signed in. `agent` is what it calls itself, for its owner to know it again."""

    id: str
    account: str
    created: datetime
    seen: datetime
    expires: datetime
    agent: str


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token that a program sends in an account's name. Its secret was shown once and is kept nowhere."""

    id: str
    account: str
    label: str
    scopes: frozenset[Scope]
    created: datetime
    expires: datetime
    used: datetime | None


class AuditAction(StrEnum):
    """What the audit trail tells."""

    SIGN_IN = "sign in"
    SIGN_IN_FAILED = "sign in failed"
    SIGN_OUT = "sign out"
    LOCKED_OUT = "locked out"
    ACCOUNT_ADDED = "account added"
    ACCOUNT_CHANGED = "account changed"
    ACCOUNT_REMOVED = "account removed"
    PASSWORD_SET = "password set"
    SESSION_ENDED = "session ended"
    TOKEN_ADDED = "token added"
    TOKEN_REMOVED = "token removed"
    VISIBILITY_SET = "visibility set"
    AUDIENCE_SET = "audience set"
    CHOICE_MADE = "choice made"
    IDENTITY_DISOWNED = "identity disowned"
    EXPORTED = "exported"
    ERASED = "erased"
    JOB_ASKED = "job asked"
    JOB_CANCELLED = "job cancelled"
    JOB_RETRIED = "job retried"
    SCHEDULE_CHANGED = "schedule changed"
    GENERATION_CHANGED = "generation changed"
    SOURCE_RETRIED = "source retried"
    SOURCE_REMOVED = "source removed"
    HOME_RESTORED = "home restored"
    FEEDBACK_WITHDRAWN = "feedback withdrawn"
    AUDIT_READ = "audit read"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing that was done. `actor` is an account's id, COMMAND_LINE, or None for whoever was not signed in;
    `subject` names what it was done to, by an id; `detail` are plain JSON values and never a secret. `digest` covers
    the entry and the digest of the one before it."""

    number: int
    at: datetime
    actor: str | None
    action: AuditAction
    subject: str | None
    detail: Mapping[str, Any] = field(default_factory=dict)
    digest: bytes = b""


class SubjectChoice(StrEnum):
    """What a person says of a subject: that they know it though nothing shows it, that it is not theirs, or that they
    do not want to be found for it."""

    CLAIMED = "claimed"
    REMOVED = "removed"
    HIDDEN = "hidden"


@dataclass(frozen=True, slots=True)
class PersonChoices:
    """How a person wants to be found. `hidden` keeps them out of every result; the dates of being away are inclusive;
    `questions_a_week` is how often they want to be asked at most. `subjects` has choices by the words of the subject as
    the person wrote them."""

    hidden: bool = False
    away_from: date | None = None
    away_until: date | None = None
    questions_a_week: int | None = None
    subjects: Mapping[str, SubjectChoice] = field(default_factory=dict)

    @property
    def unwanted(self) -> tuple[str, ...]:
        """The subjects for which they do not want to be found, or that they say are not theirs."""
        return tuple(subject for subject, choice in self.subjects.items() if choice is not SubjectChoice.CLAIMED)

    @property
    def claimed(self) -> tuple[str, ...]:
        """The subjects that they say they know."""
        return tuple(subject for subject, choice in self.subjects.items() if choice is SubjectChoice.CLAIMED)

    def away_on(self, day: date) -> date | None:
        """Until when they are away, where they are on this day."""
        begun = self.away_from is None or self.away_from <= day
        return self.away_until if begun and self.away_until and day <= self.away_until else None
