"""Taking everything about people out of the database, except what stands in texts."""

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Column, Table, Text, delete, func, insert, or_, select, type_coerce, update

from indexer.domain.content import AudienceKind
from indexer.domain.feedback import TargetKind
from indexer.domain.people import FORMER_MEMBER, Contribution, Identity, IdentityKind, Role, former_identity
from indexer.notation import plain
from indexer.store.batches import in_batches
from indexer.store.database import Transaction
from indexer.store.identities import StoredIdentity, identities_among, identity_ids
from indexer.store.tables import (
    accounts,
    audiences,
    communities,
    contributions,
    decided_audiences,
    disowned_identities,
    document_texts,
    documents,
    feedback,
    identities,
    items,
    jobs,
    messages,
    people,
    person_choices,
    person_redirects,
    renamed_people,
    schedules,
    sign_in_failures,
    sources,
    subject_choices,
)

Reword = Callable[[str], str]


def ids_over_time(transaction: Transaction, person: str) -> frozenset[str]:
    """The id of a person, and those that were given up for it."""
    redirected = select(person_redirects.c.id).where(person_redirects.c.person_id == person)
    renamed = select(renamed_people.c.id).where(renamed_people.c.person == person)
    return frozenset({person, *transaction.execute(redirected.union(renamed)).scalars()})


def identities_behind(transaction: Transaction, ids: Collection[str]) -> list[StoredIdentity]:
    """The identities that stand for these people (ids), or that a directory vouches for as theirs."""
    theirs = identities.c.person_id.in_(ids) | identities.c.vouched_for.in_(ids)
    return identities_among(transaction, transaction.execute(select(identities.c.id).where(theirs)).scalars())


def unowned(transaction: Transaction) -> list[StoredIdentity]:
    """The identities that stand for nobody, also those that nothing mentions any more; not former members."""
    nobody = identities.c.person_id.is_(None) & (identities.c.kind != IdentityKind.FORMER)
    return identities_among(transaction, transaction.execute(select(identities.c.id).where(nobody)).scalars())


def known_by_name_only(transaction: Transaction, ids: Iterable[str]) -> set[str]:
    """Those of these people (ids) of whom nothing but a name is known."""
    better = identities.c.kind.in_((IdentityKind.ADDRESS, IdentityKind.HANDLE))
    known = select(identities.c.id).where(identities.c.person_id == people.c.id, better)
    statement = select(people.c.id).where(people.c.id.in_(list(ids)), ~people.c.in_directory, ~known.exists())
    return set(transaction.execute(statement).scalars())


def people_called(transaction: Transaction, spelled: str) -> set[str]:
    """The ids of the people with this address or handle."""
    value = plain(spelled).lstrip("@")
    kinds = (IdentityKind.ADDRESS, IdentityKind.HANDLE)
    statement = select(identities.c.person_id).where(identities.c.value == value, identities.c.kind.in_(kinds))
    return set(transaction.execute(statement.where(identities.c.person_id.is_not(None))).scalars())


def every_person(transaction: Transaction) -> list[str]:
    """The ids of all people."""
    return list(transaction.execute(select(people.c.id).order_by(people.c.id)).scalars())


def hand_over(transaction: Transaction, identity_ids: Collection[int]) -> list[int]:
    """Let a former member stand in each document where one of these identities (row ids) stands, and remove these;
    gives the documents (row ids)."""
    written = select(messages.c.document_id).where(messages.c.identity_id.in_(identity_ids))
    credited = select(contributions.c.document_id).where(contributions.c.identity_id.in_(identity_ids))
    theirs = sorted(transaction.execute(written.union(credited)).scalars())
    for document in theirs:
        _hand_over_in(transaction, document, identity_ids)
    transaction.execute(delete(identities).where(identities.c.id.in_(identity_ids)))
    return theirs


def former_in(transaction: Transaction, document: int) -> tuple[bool, set[int]]:
    """Whether a former member had a part in a document (row id), and the numbers of the messages that one wrote."""
    former = select(identities.c.id).where(identities.c.kind == IdentityKind.FORMER)
    part = select(contributions.c.document_id).where(
        contributions.c.document_id == document, contributions.c.identity_id.in_(former)
    )
    written = select(messages.c.number).where(messages.c.document_id == document, messages.c.identity_id.in_(former))
    return transaction.execute(part).first() is not None, set(transaction.execute(written).scalars())


def remove_people(transaction: Transaction, ids: Collection[str], found: Sequence[Identity]) -> None:
    """Remove people (ids, also former ones) with their memberships and choices, and everything else that is kept by
    their id or by these identities."""
    for identity in found:
        transaction.execute(
            delete(disowned_identities).where(
                disowned_identities.c.kind == identity.kind,
                disowned_identities.c.namespace == identity.namespace,
                disowned_identities.c.value == identity.value,
            )
        )
    for column in (
        disowned_identities.c.person,
        person_choices.c.person,
        subject_choices.c.person,
        renamed_people.c.id,
        renamed_people.c.person,
        people.c.id,
    ):
        transaction.execute(delete(column.table).where(column.in_(ids)))
    on_them = (feedback.c.target_kind == TargetKind.PERSON) & feedback.c.target.in_(ids)
    transaction.execute(delete(feedback).where(on_them))
    _leave_audiences(transaction, ids)


def accounts_of(transaction: Transaction, ids: Collection[str]) -> list[tuple[str, str, bool]]:
    """The accounts of people (ids): id, name, and whether they may administer now."""
    rows = transaction.execute(select(accounts).where(accounts.c.person.in_(ids)))
    return [(row.id, row.name, row.admin and not row.disabled) for row in rows]


def remove_judgements(transaction: Transaction, voters: Collection[str]) -> None:
    """Remove what these voters judged."""
    transaction.execute(delete(feedback).where(feedback.c.voter.in_(voters)))


def remove_accounts(transaction: Transaction, ids: Collection[str], names: Collection[str]) -> None:
    """Remove accounts with all that belongs to them, and attempts to sign in to them. Jobs that they asked for are a
    former member's."""
    transaction.execute(delete(sign_in_failures).where(sign_in_failures.c.name.in_(names)))
    transaction.execute(delete(accounts).where(accounts.c.id.in_(ids)))
    asked = or_(jobs.c.asked_by.in_(ids), jobs.c.asked_by.in_(names))
    transaction.execute(update(jobs).where(asked).values(asked_by=FORMER_MEMBER))


def reword_records(transaction: Transaction, reword: Reword) -> list[str]:
    """Change what jobs, items, sources, schedules, communities and judgements say; gives the jobs (ids) that changed.
    A judgement whose question changes is removed: it was on other words."""
    changed = _reword(transaction, jobs, (jobs.c.asked_by, jobs.c.item, jobs.c.error), jobs.c.id, reword)
    for column in (jobs.c.result, jobs.c.parameters):
        changed += _reword_json(transaction, column, jobs.c.id, reword)
    _reword(transaction, items, (items.c.reason,), items.c.id, reword)
    _reword(transaction, sources, (sources.c.error,), sources.c.name, reword)
    _reword(transaction, communities, (communities.c.domain,), communities.c.id, reword)
    _reword(transaction, schedules, (schedules.c.name,), schedules.c.name, reword)
    naming = [
        row.id
        for row in transaction.execute(select(feedback.c.id, feedback.c.query, feedback.c.terms))
        if reword(row.query) != row.query or reword(row.terms) != row.terms
    ]
    for batch in in_batches(naming):
        transaction.execute(delete(feedback).where(feedback.c.id.in_(batch)))
    return sorted(set(changed))


def uris_naming(transaction: Transaction, reword: Reword) -> int:
    """How many items have an address in their source that names somebody."""
    found = transaction.execute(select(items.c.uri)).scalars()
    return sum(reword(uri) != uri for uri in found)


def documents_saying(transaction: Transaction, texts: Iterable[str]) -> set[int]:
    """The documents (row ids) whose text or title has one of these texts, in any case of ASCII letters: looked through
    by the database, which is quick and misses other accents."""
    found: set[int] = set()
    for text in texts:
        stored = type_coerce(document_texts.c.blocks, Text)
        said = stored.icontains(json.dumps(text)[1:-1], autoescape=True)
        found.update(transaction.execute(select(document_texts.c.document_id).where(said)).scalars())
        titled = documents.c.title.icontains(text, autoescape=True)
        found.update(transaction.execute(select(documents.c.id).where(titled)).scalars())
    return found


def _hand_over_in(transaction: Transaction, document: int, identity_ids: Collection[int]) -> None:
    former = _next_former(transaction, document)
    theirs = (contributions.c.document_id == document) & contributions.c.identity_id.in_(identity_ids)
    # Two of their identities may have had the same role: then the first one's part stays.
    for row in transaction.execute(select(contributions).where(theirs)).all():
        values = {**row._mapping, "identity_id": former, "display_name": FORMER_MEMBER}
        transaction.execute(insert(contributions).prefix_with("OR IGNORE").values(**values))
    transaction.execute(delete(contributions).where(theirs))
    wrote = (messages.c.document_id == document) & messages.c.identity_id.in_(identity_ids)
    transaction.execute(update(messages).where(wrote).values(identity_id=former))


def _next_former(transaction: Transaction, document: int) -> int:
    """The identity (row id) of one more former member in a document."""
    former = select(contributions.c.identity_id).where(contributions.c.document_id == document)
    known = select(func.count()).where(identities.c.kind == IdentityKind.FORMER, identities.c.id.in_(former))
    number = int(transaction.execute(known).scalar_one()) + 1
    identity = former_identity(number)
    return identity_ids(transaction, [[Contribution(identity, FORMER_MEMBER, Role.AUTHOR)]])[identity]


def _leave_audiences(transaction: Transaction, ids: Collection[str]) -> None:
    """Take people out of the audiences of given people."""
    given = select(audiences).where(audiences.c.kind == AudienceKind.PEOPLE)
    for row in transaction.execute(given).all():
        rest = _without(row.subject, ids)
        if rest == row.subject:
            continue
        same = (audiences.c.kind == row.kind) & (audiences.c.subject == rest)
        other = transaction.execute(select(audiences.c.id).where(same)).scalar()
        if other is None:
            transaction.execute(update(audiences).where(audiences.c.id == row.id).values(subject=rest))
            continue
        transaction.execute(update(documents).where(documents.c.audience_id == row.id).values(audience_id=other))
        transaction.execute(delete(audiences).where(audiences.c.id == row.id))
    for row in transaction.execute(select(decided_audiences)).all():
        rest = _without(row.subject, ids) if row.kind == AudienceKind.PEOPLE else row.subject
        said = _without(row.said_subject, ids) if row.said_kind == AudienceKind.PEOPLE else row.said_subject
        if (rest, said) != (row.subject, row.said_subject):
            which = decided_audiences.c.document == row.document
            transaction.execute(update(decided_audiences).where(which).values(subject=rest, said_subject=said))


def _without(subject: str, ids: Collection[str]) -> str:
    return ",".join(person for person in subject.split(",") if person not in ids)


def _reword(
    transaction: Transaction, table: Table, columns: Sequence[Column[Any]], key: Column[Any], reword: Reword
) -> list[Any]:
    changed = []
    for row in transaction.execute(select(key.label("key"), *columns)).all():
        told = {column.name: row._mapping[column.name] for column in columns}
        new = {name: reword(text) for name, text in told.items() if text and reword(text) != text}
        if new:
            transaction.execute(update(table).where(key == row.key).values(**new))
            changed.append(row.key)
    return changed


def _reword_json(transaction: Transaction, column: Column[Any], key: Column[Any], reword: Reword) -> list[Any]:
    changed = []
    for row in transaction.execute(select(key.label("key"), column.label("told")).where(column.is_not(None))).all():
        new = _reworded(row.told, reword)
        if new != row.told:
            transaction.execute(update(column.table).where(key == row.key).values({column.name: new}))
            changed.append(row.key)
    return changed


def _reworded(value: Any, reword: Reword) -> Any:
    if isinstance(value, str):
        return reword(value)
    if isinstance(value, list):
        return [_reworded(entry, reword) for entry in value]
    if isinstance(value, dict):
        return {reword(name): _reworded(entry, reword) for name, entry in value.items()}
    return value
