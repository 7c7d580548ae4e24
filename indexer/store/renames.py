"""Ids of people that a directory gave up for another, by its own word: who was given access under the old id keeps it.

Redirects of people do not serve for that: they also follow what documents show together, which proves nothing.
"""

from collections import defaultdict
from collections.abc import Mapping, Set

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.sqlite import insert

from indexer.domain.people import Identity, IdentityKind
from indexer.store.batches import in_batches
from indexer.store.database import Transaction
from indexer.store.tables import identities, renamed_people


def note_renames(transaction: Transaction, listed: Set[str], vouched: Mapping[Identity, str]) -> None:
    """Before directories are applied that list these ids and vouch for these identities: whoever is listed no more, and
    whose addresses all are one other person's now, has become that person."""
    for batch in in_batches(listed):
        transaction.execute(delete(renamed_people).where(renamed_people.c.id.in_(batch)))
    now: dict[str, set[str | None]] = defaultdict(set)
    address = (identities.c.kind == IdentityKind.ADDRESS) & identities.c.vouched_for.is_not(None)
    for row in transaction.execute(select(identities.c.value, identities.c.vouched_for).where(address)):
        if row.vouched_for not in listed:
            now[row.vouched_for].add(vouched.get(Identity(IdentityKind.ADDRESS, "", row.value)))
    for old, found in now.items():
        new = found.pop()
        if new is not None and not found:
            transaction.execute(update(renamed_people).where(renamed_people.c.person == old).values(person=new))
            statement = insert(renamed_people).values(id=old, person=new)
            transaction.execute(statement.on_conflict_do_update(index_elements=["id"], set_={"person": new}))


def renamed_to(transaction: Transaction, person: str) -> str | None:
    """The id that took the place of this one, where a directory said so."""
    return transaction.execute(select(renamed_people.c.person).where(renamed_people.c.id == person)).scalar()


def former_ids(transaction: Transaction, person: str) -> frozenset[str]:
    """The ids that were given up for this one."""
    statement = select(renamed_people.c.id).where(renamed_people.c.person == person)
    return frozenset(transaction.execute(statement).scalars())
