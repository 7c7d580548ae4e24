"""Everything that is held about one person, for them to see."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from indexer.domain.feedback import TargetKind
from indexer.domain.people import Identity, IdentityKind
from indexer.store.contributions import MOMENT
from indexer.store.database import Transaction
from indexer.store.tables import communities, contributions, documents, feedback, identities, memberships, messages


@dataclass(frozen=True, slots=True)
class HeldIdentity:
    """An identity with how it came: `listed` where a directory vouches for it, and how many documents name it."""

    identity: Identity
    name: str | None
    listed: bool
    documents: int


@dataclass(frozen=True, slots=True)
class HeldPart:
    """A part in a document (row id) of an audience (row id)."""

    document: int
    audience: int
    role: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class HeldMessage:
    """A message of theirs in a thread (row id) of an audience (row id)."""

    document: int
    audience: int
    number: int
    at: datetime | None


@dataclass(frozen=True, slots=True)
class HeldMembership:
    community: str
    role: str
    since: date | None
    until: date | None


@dataclass(frozen=True, slots=True)
class HeldJudgement:
    query: str
    kind: str
    target: str
    useful: bool
    at: datetime


def identities_held(transaction: Transaction, person: str) -> list[HeldIdentity]:
    """The identities that stand for a person (id), or that a directory vouches for as theirs."""
    named = func.count(contributions.c.document_id.distinct())
    statement = (
        select(identities, named.label("documents"))
        .outerjoin(contributions, contributions.c.identity_id == identities.c.id)
        .where((identities.c.person_id == person) | (identities.c.vouched_for == person))
        .group_by(identities.c.id)
        .order_by(identities.c.kind, identities.c.namespace, identities.c.value)
    )
    return [
        HeldIdentity(
            Identity(IdentityKind(row.kind), row.namespace, row.value),
            row.display_name,
            row.vouched_for == person,
            row.documents,
        )
        for row in transaction.execute(statement)
    ]


def parts_held(transaction: Transaction, person: str) -> list[HeldPart]:
    """Every part that a person (id) had in a document, latest first."""
    statement = (
        select(contributions, documents.c.audience_id, MOMENT.label("moment"))
        .join(identities, identities.c.id == contributions.c.identity_id)
        .join(documents, documents.c.id == contributions.c.document_id)
        .where(identities.c.person_id == person)
        .order_by(MOMENT.desc().nulls_last(), contributions.c.document_id)
    )
    return [HeldPart(r.document_id, r.audience_id, r.role, r.moment) for r in transaction.execute(statement)]


def messages_held(transaction: Transaction, person: str) -> list[HeldMessage]:
    """Every message that a person (id) wrote, by thread."""
    statement = (
        select(messages, documents.c.audience_id)
        .join(identities, identities.c.id == messages.c.identity_id)
        .join(documents, documents.c.id == messages.c.document_id)
        .where(identities.c.person_id == person)
        .order_by(messages.c.document_id, messages.c.number)
    )
    return [HeldMessage(r.document_id, r.audience_id, r.number, r.at) for r in transaction.execute(statement)]


def memberships_held(transaction: Transaction, person: str) -> list[HeldMembership]:
    """Every membership of a person (id), past ones too."""
    statement = (
        select(communities.c.slug, memberships.c.role, memberships.c.since, memberships.c.until)
        .join(communities, communities.c.id == memberships.c.community_id)
        .where(memberships.c.person_id == person)
        .order_by(communities.c.slug, memberships.c.role)
    )
    return [HeldMembership(r.slug, r.role, r.since, r.until) for r in transaction.execute(statement)]


def judgements_by(transaction: Transaction, voters: Iterable[str]) -> list[HeldJudgement]:
    """What these voters judged, newest first."""
    statement = select(feedback).where(feedback.c.voter.in_(list(voters))).order_by(feedback.c.at.desc())
    return [HeldJudgement(r.query, r.target_kind, r.target, r.useful, r.at) for r in transaction.execute(statement)]


def judgements_on(transaction: Transaction, ids: Iterable[str]) -> list[HeldJudgement]:
    """What was judged of a person (all ids of theirs), newest first."""
    on_them = (feedback.c.target_kind == TargetKind.PERSON) & feedback.c.target.in_(list(ids))
    statement = select(feedback).where(on_them).order_by(feedback.c.at.desc())
    return [HeldJudgement(r.query, r.target_kind, r.target, r.useful, r.at) for r in transaction.execute(statement)]
