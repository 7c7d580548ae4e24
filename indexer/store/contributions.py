"""Who had which part in which document."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select

from indexer.domain.people import HIDDEN_MEMBER, Role
from indexer.store import naming
from indexer.store.batches import values_in
from indexer.store.choices import which_are_hidden
from indexer.store.database import Transaction
from indexer.store.rows import plain_rows
from indexer.store.tables import contributions, documents, identities, in_audiences, messages

MOMENT = func.coalesce(contributions.c.at, documents.c.updated, documents.c.created)
ROLES = {str(role): role for role in Role}


@dataclass(frozen=True, slots=True)
class Part:
    """A person's part in a document, resolved to the person; `community` is the document's, by row id."""

    document: int
    person: str
    role: Role
    at: datetime | None
    message: int | None
    likes: int
    community: int | None = None


class Credit(NamedTuple):
    """Somebody's part in a document as far as it is shown; `person` is None for whoever does not want to be found."""

    document: int
    person: str | None
    role: Role
    message: int | None
    likes: int


@dataclass(frozen=True, slots=True)
class Contributor:
    """Somebody's part in a document, to be shown, and what they are called to the viewer (naming.py); `person` is None
    for whoever does not want to be found, and `name` then says no more than that."""

    document: int
    person: str | None
    name: str
    role: Role
    message: int | None
    likes: int


@dataclass(frozen=True, slots=True)
class MessageAuthor:
    """A message of a thread with who wrote it; `person` is None for a placeholder, nobody known, or whoever does not
    want to be found."""

    number: int
    person: str | None
    name: str | None
    at: datetime | None
    likes: int
    accepted: bool


def parts_in(transaction: Transaction, document_ids: Iterable[int], audience_ids: Iterable[int]) -> list[Part]:
    """Everybody's parts in those of the given documents (row ids) that are in the given audiences, also of those who
    do not want to be found: not to be shown."""
    values = {"ids": list(document_ids), "audiences": list(audience_ids)}
    return [
        Part(
            row.document_id,
            row.person_id,
            Role(row.role),
            row.moment,
            row.message,
            row.likes,
            row.community_id,
        )
        for row in transaction.execute(_PARTS, values)
    ]


def contributors_in(
    transaction: Transaction, document_ids: Iterable[int], audience_ids: Iterable[int]
) -> list[Contributor]:
    """The same parts as they may be shown."""
    readable = list(audience_ids)
    return name_contributors(transaction, credits_in(transaction, document_ids, readable), readable)


def credits_in(transaction: Transaction, document_ids: Iterable[int], audience_ids: Iterable[int]) -> list[Credit]:
    """The same parts, without what people are called."""
    rows = plain_rows(transaction, _CREDITS, {"ids": list(document_ids), "audiences": list(audience_ids)})
    hidden = which_are_hidden(transaction, {person for _, person, *_ in rows})
    return [
        Credit(document, None if person in hidden else person, ROLES[role], message, likes)
        for document, person, role, message, likes in rows
    ]


def name_contributors(
    transaction: Transaction, credited: Sequence[Credit], audience_ids: Iterable[int]
) -> list[Contributor]:
    """Parts as they may be shown to viewers of these audiences, in the same order."""
    people = {credit.person for credit in credited if credit.person is not None}
    names = naming.names_of(transaction, people, audience_ids)
    return [
        Contributor(document, person, HIDDEN_MEMBER if person is None else names[person], role, message, likes)
        for document, person, role, message, likes in credited
    ]


def count_readable(
    transaction: Transaction,
    people_ids: Iterable[str],
    audience_ids: Iterable[int],
    *,
    until: datetime | None = None,
    absent: Iterable[int] = (),
) -> dict[str, int]:
    """How many documents in the given audiences, dated no later than `until`, each person had a part in; those in
    `absent` (row ids) do not count."""
    statement = (
        select(identities.c.person_id, func.count(contributions.c.document_id.distinct()).label("documents"))
        .join(contributions, contributions.c.identity_id == identities.c.id)
        .join(documents, documents.c.id == contributions.c.document_id)
        .where(identities.c.person_id.in_(list(people_ids)), in_audiences(audience_ids))
        .group_by(identities.c.person_id)
    )
    if left_out := list(absent):
        statement = statement.where(documents.c.id.not_in(left_out))
    if until is not None:
        statement = statement.where(func.coalesce(documents.c.updated, documents.c.created) <= until)
    return {row.person_id: row.documents for row in transaction.execute(statement)}


def documents_of(transaction: Transaction, people_ids: Iterable[str]) -> list[int]:
    """The documents (row ids) that any of these people had a part in."""
    statement = (
        select(contributions.c.document_id)
        .distinct()
        .join(identities, identities.c.id == contributions.c.identity_id)
        .where(identities.c.person_id.in_(list(people_ids)))
    )
    return list(transaction.execute(statement).scalars())


def message_authors(transaction: Transaction, document: int, audience_ids: Iterable[int]) -> list[MessageAuthor]:
    """The messages of a thread in the audiences, in order. Who stands for nobody is called what the thread says."""
    here = (contributions.c.document_id == document) & (contributions.c.identity_id == messages.c.identity_id)
    named_here = select(func.max(contributions.c.display_name)).where(here).scalar_subquery()
    statement = (
        select(messages, identities.c.person_id, func.coalesce(named_here, identities.c.value).label("name"))
        .outerjoin(identities, identities.c.id == messages.c.identity_id)
        .where(messages.c.document_id == document)
        .order_by(messages.c.number)
    )
    rows = transaction.execute(statement).all()
    authors = {row.person_id for row in rows if row.person_id}
    hidden = which_are_hidden(transaction, authors)
    names = naming.names_of(transaction, authors - hidden, audience_ids) | dict.fromkeys(hidden, HIDDEN_MEMBER)
    return [
        MessageAuthor(
            row.number,
            None if row.person_id in hidden else row.person_id,
            names.get(row.person_id, row.name),
            row.at,
            row.likes,
            row.accepted,
        )
        for row in rows
    ]


_IN_DOCUMENTS = (
    contributions.c.document_id.in_(values_in("ids")),
    (documents.c.audience_id + 0).in_(values_in("audiences")),
    identities.c.person_id.is_not(None),
)
_CREDITS = (
    select(
        contributions.c.document_id,
        identities.c.person_id,
        contributions.c.role,
        contributions.c.message,
        contributions.c.likes,
    )
    .join(identities, identities.c.id == contributions.c.identity_id)
    .join(documents, documents.c.id == contributions.c.document_id)
    .where(*_IN_DOCUMENTS)
    # Not by the identity's row id: that tells which of two was named first, perhaps by what may not be read.
    .order_by(
        contributions.c.document_id,
        identities.c.value,
        identities.c.kind,
        identities.c.namespace,
        contributions.c.role,
    )
)
_PARTS = _CREDITS.add_columns(MOMENT.label("moment"), documents.c.community_id)
