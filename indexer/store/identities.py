"""Identities, the links between them, and the people they resolve to."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Row, bindparam, delete, func, select, tuple_, union, update
from sqlalchemy.dialects.sqlite import insert

from indexer.domain.people import Contribution, Identity, IdentityKind, Person
from indexer.store.batches import in_batches
from indexer.store.database import Transaction
from indexer.store.rows import plain_rows
from indexer.store.tables import (
    contributions,
    disowned_identities,
    documents,
    identities,
    identity_links,
    in_audiences,
    people,
    person_redirects,
    touched_identities,
)


@dataclass(frozen=True, slots=True)
class StoredIdentity:
    """An identity with whom it stands for now. `vouched_for` is the person a directory ties it to."""

    id: int
    identity: Identity
    display_name: str | None
    vouched_for: str | None
    person_id: str | None


def identity_ids(transaction: Transaction, documents: Iterable[Iterable[Contribution]]) -> dict[Identity, int]:
    """The row ids of the identities in the contributions to some documents, new ones added."""
    names: dict[Identity, str | None] = {}
    for parts in documents:
        named: dict[Identity, str | None] = {}
        for part in parts:
            named[part.identity] = named.get(part.identity) or part.display_name
        for identity, name in named.items():
            names[identity] = max(filter(None, (names.get(identity), name)), default=None)
    return _save_identities(transaction, names)


def link_identities(transaction: Transaction, pairs: Iterable[tuple[Identity, Identity]]) -> None:
    """Note that a source showed both identities for one person."""
    shown = list(pairs)
    ids = _save_identities(transaction, {end: None for pair in shown for end in pair})
    if rows := [dict(zip(("one", "other"), sorted((ids[one], ids[other])), strict=True)) for one, other in shown]:
        transaction.execute(insert(identity_links).on_conflict_do_nothing(), rows)


def vouch(transaction: Transaction, vouched: Mapping[Identity, str]) -> None:
    """Make these the identities that directories vouch for, in place of all earlier ones."""
    transaction.execute(update(identities).values(vouched_for=None))
    for identity, person in vouched.items():
        row_id = _upsert(transaction, identity, None)
        transaction.execute(update(identities).where(identities.c.id == row_id).values(vouched_for=person))


def vouched_addresses(transaction: Transaction, person: str | None = None) -> frozenset[str]:
    """The addresses that directories vouch for, of one person (id) where that is given: then without those of which
    they say that they are not theirs."""
    theirs: ColumnElement[bool] = identities.c.vouched_for.is_not(None)
    if person is not None:
        theirs = (identities.c.vouched_for == person) & ~_disowned_by_owner()
    statement = select(identities.c.value).where(identities.c.kind == IdentityKind.ADDRESS, theirs)
    return frozenset(transaction.execute(statement).scalars())


def all_identities(transaction: Transaction) -> list[StoredIdentity]:
    """Every identity that a document or a directory mentions or that was shown beside one of these, in fixed order."""
    statement = select(identities).where(identities.c.id.in_(_in_use())).order_by(identities.c.id)
    return [_stored(row) for row in transaction.execute(statement)]


def touched(transaction: Transaction) -> set[int]:
    """The identities (row ids) whose documents, links, names or vouching have changed since people were resolved."""
    return set(transaction.execute(select(touched_identities.c.identity_id)).scalars())


def forget_touched(transaction: Transaction) -> None:
    """Say that people have been resolved."""
    transaction.execute(delete(touched_identities))


def surroundings(transaction: Transaction, ids: Iterable[int]) -> set[int]:
    """The identities (row ids) that these could be or have been one person with: linked to them or to others that are,
    vouched for as the same person, or standing for the same person now. These themselves are among them."""
    found: set[int] = set()
    new = set(ids)
    while new:
        found |= new
        new = {near for batch in in_batches(sorted(new)) for near in _next_to(transaction, batch)} - found
    return found


def identities_among(transaction: Transaction, ids: Iterable[int]) -> list[StoredIdentity]:
    """These identities (row ids), in fixed order, whether in use or not."""
    rows = [
        row
        for batch in in_batches(ids)
        for row in transaction.execute(select(identities).where(identities.c.id.in_(batch)))
    ]
    return [_stored(row) for row in sorted(rows, key=lambda row: row.id)]


def named_among(transaction: Transaction, ids: Iterable[int]) -> set[int]:
    """Those of these identities (row ids) that a document names."""
    return {
        found
        for batch in in_batches(ids)
        for found in transaction.execute(
            select(contributions.c.identity_id).distinct().where(contributions.c.identity_id.in_(batch))
        ).scalars()
    }


def identities_of(transaction: Transaction, person: str) -> list[StoredIdentity]:
    """The identities that stand for a person (id), in fixed order."""
    statement = select(identities).where(identities.c.person_id == person)
    return [_stored(row) for row in transaction.execute(statement.order_by(identities.c.kind, identities.c.value))]


def stored_among(transaction: Transaction, wanted: Iterable[Identity]) -> list[StoredIdentity]:
    """Those of these identities that are known here, in fixed order."""
    key = tuple_(identities.c.kind, identities.c.namespace, identities.c.value)
    keys = [(identity.kind, identity.namespace, identity.value) for identity in wanted]
    statement = select(identities).where(key.in_(keys)).order_by(identities.c.kind, identities.c.value)
    return [_stored(row) for row in transaction.execute(statement)]


def shown_together(transaction: Transaction, ids: Iterable[int]) -> set[int]:
    """Those of these identities (row ids) that a source showed on one item with another of them."""
    among = list(ids)
    linked = identity_links.c.one.in_(among) & identity_links.c.other.in_(among)
    return {end for row in transaction.execute(select(identity_links).where(linked)) for end in (row.one, row.other)}


def links_among(transaction: Transaction, ids: Iterable[int]) -> list[tuple[int, int]]:
    """The links that begin at one of these identities (row ids)."""
    return [
        (row.one, row.other)
        for batch in in_batches(ids)
        for row in transaction.execute(select(identity_links).where(identity_links.c.one.in_(batch)))
    ]


def people_behind(transaction: Transaction, wanted: Iterable[Identity]) -> dict[Identity, str]:
    """The ids of the people that these identities stand for; what stands for nobody is left out."""
    key = tuple_(identities.c.kind, identities.c.namespace, identities.c.value)
    found: dict[Identity, str] = {}
    for batch in in_batches(wanted):
        keys = [(identity.kind, identity.namespace, identity.value) for identity in batch]
        for row in transaction.execute(select(identities).where(key.in_(keys), identities.c.person_id.is_not(None))):
            found[_identity_of(row.kind, row.namespace, row.value)] = row.person_id
    return found


def vouched_person(transaction: Transaction, identity: Identity) -> str | None:
    """The id of the person whose identity this is by a directory's word, unless they say that it is not."""
    key = (identities.c.kind == identity.kind) & (identities.c.namespace == identity.namespace)
    key &= identities.c.value == identity.value
    wanted = select(identities.c.vouched_for).where(key, ~_disowned_by_owner())
    return transaction.execute(wanted).scalar()


def known_by_value(
    transaction: Transaction, values: Iterable[str], audience_ids: Iterable[int]
) -> list[tuple[Identity, str]]:
    """The identities of these values (normalised) with the ids of the people they stand for: those that a directory
    vouches for or that a document in one of the audiences names."""
    named = (
        select(contributions.c.identity_id)
        .join(documents, documents.c.id == contributions.c.document_id)
        .where(contributions.c.identity_id == identities.c.id, in_audiences(audience_ids))
    )
    known = identities.c.person_id.is_not(None) & (identities.c.vouched_for.is_not(None) | named.exists())
    return [
        (_identity_of(row.kind, row.namespace, row.value), row.person_id)
        for batch in in_batches(values)
        for row in transaction.execute(select(identities).where(identities.c.value.in_(batch), known))
    ]


def all_links(transaction: Transaction) -> list[tuple[int, int]]:
    return [(row.one, row.other) for row in transaction.execute(select(identity_links))]


def save_resolution(
    transaction: Transaction,
    persons: Sequence[Person],
    person_of: Mapping[int, str | None],
    redirects: Mapping[str, str],
    given_up: Iterable[str] | None = None,
) -> None:
    """Add the persons that are new, point identities at theirs, keep old ids working, and drop whom nothing names any
    more: of those in `given_up` where that is given, else of all."""
    for person in persons:
        told = {"id": person.id, "name": person.name, "address": person.address, "new_name": person.name}
        transaction.execute(_SAVE_PERSON, {**told, "new_address": person.address})
    if person_of:
        transaction.connection.cursor().executemany(  # plain DB-API: a hundred thousand rows in one go
            "UPDATE identities SET person_id = ? WHERE id = ?",
            [(person, row_id) for row_id, person in person_of.items()],
        )
    for old, new in redirects.items():
        transaction.execute(update(person_redirects).where(person_redirects.c.person_id == old).values(person_id=new))
        statement = insert(person_redirects).values(id=old, person_id=new)
        transaction.execute(statement.on_conflict_do_update(index_elements=["id"], set_={"person_id": new}))
    named = select(identities.c.id).where(identities.c.person_id == people.c.id).exists()
    unnamed = delete(people).where(~people.c.in_directory, ~named)
    if given_up is None:
        transaction.execute(unnamed)
    else:
        for batch in in_batches(given_up):
            transaction.execute(unnamed.where(people.c.id.in_(batch)))
    # An id that stands for somebody again leads to nobody else any more: they would read what that one may.
    transaction.execute(delete(person_redirects).where(person_redirects.c.id.in_(select(people.c.id))))


def forget_unused(transaction: Transaction) -> None:
    """Let identities that nothing mentions any more stand for nobody."""
    transaction.execute(update(identities).where(identities.c.id.not_in(_in_use())).values(person_id=None))


def same_names(transaction: Transaction) -> list[tuple[str, list[str]]]:
    """Names that two or more people bear, with their ids: perhaps one person, for an admin to say."""
    name = func.lower(people.c.name)
    doubled = select(name).group_by(name).having(func.count() > 1)
    rows = transaction.execute(select(people.c.name, people.c.id).where(name.in_(doubled)).order_by(name, people.c.id))
    groups: dict[str, tuple[str, list[str]]] = {}
    for row in rows:
        groups.setdefault(row.name.lower(), (row.name, []))[1].append(row.id)
    return list(groups.values())


def unresolved(transaction: Transaction) -> list[tuple[Identity, int]]:
    """Identities that stand for nobody (placeholders), with how many documents name them, most first."""
    count = func.count(contributions.c.document_id.distinct())
    statement = (
        select(identities.c.kind, identities.c.namespace, identities.c.value, count)
        .join(contributions, contributions.c.identity_id == identities.c.id)
        .where(identities.c.person_id.is_(None), identities.c.kind != IdentityKind.FORMER)
        .group_by(identities.c.id)
        .order_by(count.desc(), identities.c.value)
    )
    return [(_identity_of(kind, space, value), n) for kind, space, value, n in transaction.execute(statement)]


def _disowned_by_owner() -> ColumnElement[bool]:
    """Whether the person for whom a directory vouches says, under this id or one given up for it, that an identity is
    not theirs."""
    told, redirect = disowned_identities.c, person_redirects.c
    same = (told.kind == identities.c.kind) & (told.namespace == identities.c.namespace)
    same &= told.value == identities.c.value
    present = func.coalesce(redirect.person_id, told.person)
    spoken = select(told.person).outerjoin(person_redirects, redirect.id == told.person)
    mine = (told.person == identities.c.vouched_for) | (present == identities.c.vouched_for)
    return spoken.where(same, mine).exists()


def _in_use() -> CompoundSelect[Any]:
    named = union(
        select(contributions.c.identity_id.label("id")),
        select(identities.c.id).where(identities.c.vouched_for.is_not(None)),
    ).subquery()
    return union(
        select(named.c.id),
        select(identity_links.c.other).where(identity_links.c.one.in_(select(named.c.id))),
        select(identity_links.c.one).where(identity_links.c.other.in_(select(named.c.id))),
    )


def _next_to(transaction: Transaction, ids: Sequence[int]) -> Iterator[int]:
    """The identities one step from these, and these."""
    here = list(transaction.execute(select(identities).where(identities.c.id.in_(ids))))
    yield from transaction.execute(select(identity_links.c.other).where(identity_links.c.one.in_(ids))).scalars()
    yield from transaction.execute(select(identity_links.c.one).where(identity_links.c.other.in_(ids))).scalars()
    same = (
        (identities.c.person_id, {row.person_id for row in here}),
        (identities.c.vouched_for, {row.vouched_for for row in here}),
    )
    for column, values in same:
        if known := [value for value in values if value is not None]:
            yield from transaction.execute(select(identities.c.id).where(column.in_(known))).scalars()


def _stored(row: Row[Any]) -> StoredIdentity:
    identity = _identity_of(row.kind, row.namespace, row.value)
    return StoredIdentity(row.id, identity, row.display_name, row.vouched_for, row.person_id)


def _identity_of(kind: str, namespace: str, value: str) -> Identity:
    return Identity(IdentityKind(kind), namespace, value)


def _save_identities(transaction: Transaction, names: Mapping[Identity, str | None]) -> dict[Identity, int]:
    """The row ids of identities, given with what they are called; new ones are added."""
    if not names:
        return {}
    rows = [
        {"kind": identity.kind, "namespace": identity.namespace, "value": identity.value, "display_name": name}
        for identity, name in names.items()
    ]
    transaction.execute(_UPSERT, rows)
    columns = identities.c.kind, identities.c.namespace, identities.c.value
    return {
        _identity_of(*key): row_id
        for batch in in_batches((row["kind"], row["namespace"], row["value"]) for row in rows)
        for row_id, *key in plain_rows(
            transaction, select(identities.c.id, *columns).where(tuple_(*columns).in_(batch))
        )
    }


def _upsert(transaction: Transaction, identity: Identity, display_name: str | None) -> int:
    return _save_identities(transaction, {identity: display_name})[identity]


def _upsert_statement() -> Any:
    statement = insert(identities)
    new, old = statement.excluded.display_name, identities.c.display_name
    # Of two names the later in the alphabet: whichever it is, it must not depend on what was read first.
    name = func.coalesce(func.max(new, old), new, old)
    return statement.on_conflict_do_update(index_elements=["kind", "namespace", "value"], set_={"display_name": name})


# Made once: making it takes longer than carrying it out, and every credit of every document needs it.
_UPSERT = _upsert_statement()


def _save_person_statement() -> Any:
    statement = insert(people).values(
        id=bindparam("id"),
        name=bindparam("name"),
        address=bindparam("address"),
        languages=[],
        in_directory=False,
        former=False,
    )
    new: dict[str, Any] = {"name": bindparam("new_name"), "address": bindparam("new_address")}
    return statement.on_conflict_do_update(index_elements=["id"], set_=new, where=~people.c.in_directory)


_SAVE_PERSON = _save_person_statement()
