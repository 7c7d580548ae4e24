"""What people are called to whom.

A directory says it of those whom it lists. Of everybody else only documents do, and a viewer must not learn from a name
or an address what stands in a document that they may not read: so what is shown is found anew for each viewer, from the
documents in their audiences. That two identities are one person is the whole organisation's word, though: it may come
from any document, and shows only in that both have one id.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from sqlalchemy import func, select

from indexer.domain.people import Identity, IdentityKind, Person, what_to_call
from indexer.store.batches import values_in
from indexer.store.database import Transaction
from indexer.store.rows import plain_rows
from indexer.store.tables import contributions, documents, identities, people


def names_of(transaction: Transaction, ids: Iterable[str], audience_ids: Iterable[int]) -> dict[str, str]:
    """The name of each person, by id. Whoever is in no directory and in no readable document is called by their id."""
    listed = {
        person: name if in_directory else None
        for person, name, in_directory in plain_rows(transaction, _LISTED, {"ids": list(ids)})
    }
    told = _told(transaction, [person for person, name in listed.items() if name is None], audience_ids)
    return {
        person: name if name is not None else told.get(person, (person, None))[0] for person, name in listed.items()
    }


def named(transaction: Transaction, found: Mapping[str, Person], audience_ids: Iterable[int]) -> dict[str, Person]:
    """The same people, by id, with names and addresses that a viewer of these audiences may know."""
    told = _told(transaction, [person.id for person in found.values() if not person.in_directory], audience_ids)
    return {
        key: person if person.in_directory else _called(person, *told.get(person.id, (person.id, None)))
        for key, person in found.items()
    }


def names_in_documents(transaction: Transaction) -> list[tuple[str, str]]:
    """Every name that a document gives somebody, with the person's id: to look for those who may be meant, not to be
    shown."""
    statement = (
        select(contributions.c.display_name, identities.c.person_id)
        .distinct()
        .join(identities, identities.c.id == contributions.c.identity_id)
        .where(contributions.c.display_name.is_not(None), identities.c.person_id.is_not(None))
    )
    return [(row.display_name, row.person_id) for row in transaction.execute(statement)]


def _called(person: Person, name: str, address: str | None) -> Person:
    return replace(person, name=name, address=address)


def _told(
    transaction: Transaction, ids: Iterable[str], audience_ids: Iterable[int]
) -> dict[str, tuple[str, str | None]]:
    """Name and address of those of the people whom a document in the audiences names, by id."""
    values = {"ids": list(ids), "audiences": list(audience_ids)}
    known: dict[str, list[tuple[Identity, str | None]]] = defaultdict(list)
    for person, kind, namespace, value, name in plain_rows(transaction, _TOLD, values):
        if name is not None:
            known[person].append((Identity(IdentityKind(kind), namespace, value), name or None))
    return {person: what_to_call(entries) for person, entries in known.items()}


_LISTED = select(people.c.id, people.c.name, people.c.in_directory).where(people.c.id.in_(values_in("ids")))
# The latest in the alphabet, as in resolution, found at the end of an index: nobody's documents are all read.
_SHOWN = (
    select(func.coalesce(contributions.c.display_name, ""))
    .join(documents, documents.c.id == contributions.c.document_id)
    .where(contributions.c.identity_id == identities.c.id, (documents.c.audience_id + 0).in_(values_in("audiences")))
    .order_by(contributions.c.display_name.desc())
    .limit(1)
    .correlate(identities)
    .scalar_subquery()
)
_TOLD = select(identities.c.person_id, identities.c.kind, identities.c.namespace, identities.c.value, _SHOWN).where(
    identities.c.person_id.in_(values_in("ids"))
)
