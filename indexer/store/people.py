"""People, communities, units and memberships."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, case, delete, func, or_, select, update
from sqlalchemy.dialects.sqlite import insert

from indexer.domain.people import (
    Community,
    DirectoryRecords,
    Membership,
    MembershipRole,
    Person,
    Visibility,
)
from indexer.store.batches import in_batches, values_in
from indexer.store.choices import hidden_people
from indexer.store.database import Transaction
from indexer.store.decisions import keep_decided_visibility
from indexer.store.identities import vouch
from indexer.store.naming import named
from indexer.store.remembering import remembered
from indexer.store.renames import note_renames
from indexer.store.rows import plain_rows
from indexer.store.tables import (
    communities,
    contributions,
    documents,
    identities,
    in_audiences,
    is_current,
    memberships,
    people,
    person_redirects,
    units,
)

PRECEDENCE = (
    MembershipRole.STEWARD,
    MembershipRole.LEAD,
    MembershipRole.CORE,
    MembershipRole.MEMBER,
    MembershipRole.NEWCOMER,
)
NO_MEMBER = len(PRECEDENCE)


@dataclass(frozen=True, slots=True)
class CommunityCount:
    """A community with how much of it one may read."""

    community: Community
    documents: int
    latest: datetime | None


@dataclass(frozen=True, slots=True)
class Participation:
    """A person in a community: by membership (`role`), by contributions (`documents`), or both."""

    person: Person
    community: Community
    role: MembershipRole | None
    since: date | None
    documents: int
    latest: datetime | None


def apply_directory(transaction: Transaction, records: DirectoryRecords) -> None:
    """Make the database say of people, communities, units and memberships what the directories say.

    Whoever is no longer listed stays as a person while documents name them; a community that is no longer listed
    keeps its visibility.
    """
    transaction.execute(delete(units))
    for unit in records.units:
        transaction.execute(insert(units).values(name=unit.name, parent=unit.parent, place=unit.place))
    transaction.execute(update(people).values(in_directory=False))
    for listed in records.people:
        _save_person(transaction, listed.person)
    vouched = {identity: listed.person.id for listed in records.people for identity in listed.identities}
    note_renames(transaction, {listed.person.id for listed in records.people}, vouched)
    vouch(transaction, vouched)
    transaction.execute(update(communities).values(in_directory=False))
    for community in records.communities:
        _save_community(transaction, community)
    transaction.execute(delete(memberships))
    _insert_memberships(transaction, records.memberships)


def ensure_communities(transaction: Transaction, names: Mapping[str, str], visibility: Visibility) -> None:
    """Add the communities (name by slug) that do not exist yet."""
    for slug, name in names.items():
        statement = insert(communities).values(slug=slug, name=name, visibility=visibility, in_directory=False)
        transaction.execute(statement.on_conflict_do_nothing())


def all_communities(transaction: Transaction) -> list[Community]:
    return [_community_of(row) for row in transaction.execute(select(communities).order_by(communities.c.name))]


def communities_by_row(transaction: Transaction) -> dict[int, Community]:
    """Every community by its row id. Nobody may change what comes back."""
    return remembered(
        transaction,
        "communities",
        lambda: {row.id: _community_of(row) for row in transaction.execute(select(communities))},
    )


def communities_showing(transaction: Transaction, audience_ids: Iterable[int]) -> set[str]:
    """The slugs of the communities that a directory lists, or that have a document in one of the audiences."""
    return set(transaction.execute(_SHOWING, {"audiences": list(audience_ids)}).scalars())


def count_communities(transaction: Transaction, audience_ids: Iterable[int]) -> list[CommunityCount]:
    """Every community with its documents in the given audiences, by name."""
    readable = in_audiences(audience_ids)
    statement = (
        select(communities, func.count(documents.c.id).label("readable"), func.max(_moment()).label("latest"))
        .outerjoin(documents, (documents.c.community_id == communities.c.id) & readable)
        .group_by(communities.c.id)
        .order_by(communities.c.name)
    )
    return [CommunityCount(_community_of(row), row.readable, row.latest) for row in transaction.execute(statement)]


def shown_person(transaction: Transaction, person_id: str, audience_ids: Iterable[int]) -> Person | None:
    """The person of this id, or of the id that took its place, called what viewers of these audiences may know."""
    person = find_person(transaction, person_id)
    return person and named(transaction, {person.id: person}, audience_ids)[person.id]


def shown_people(transaction: Transaction, ids: Iterable[str], audience_ids: Iterable[int]) -> dict[str, Person]:
    """The people of these ids, called what viewers of these audiences may know."""
    return named(transaction, find_people(transaction, ids), audience_ids)


def find_person(transaction: Transaction, person_id: str) -> Person | None:
    """The person of this id, or of the id that took its place. Not to be shown to anybody who may not read everything:
    the name and the address of those in no directory may come from any document."""
    redirected = select(person_redirects.c.person_id).where(person_redirects.c.id == person_id)
    statement = select(people).where(or_(people.c.id == person_id, people.c.id.in_(redirected)))
    row = transaction.execute(statement.order_by((people.c.id == person_id).desc()).limit(1)).first()
    return None if row is None else person_of(row)


def directory_ids(transaction: Transaction) -> list[str]:
    """The ids of everybody whom a directory lists."""
    return list(transaction.execute(select(people.c.id).where(people.c.in_directory)).scalars())


def count_members(transaction: Transaction, community: str) -> int:
    """How many people are members of a community (slug) now, those who have left aside."""
    statement = (
        select(func.count(memberships.c.person_id.distinct()))
        .join(communities, communities.c.id == memberships.c.community_id)
        .join(people, people.c.id == memberships.c.person_id)
        .where(communities.c.slug == community, is_current(), people.c.in_directory, ~people.c.former)
    )
    return int(transaction.execute(statement).scalar_one())


def find_people(transaction: Transaction, ids: Iterable[str]) -> dict[str, Person]:
    """The people of these ids; not to be shown, as with `find_person`."""
    return {row.id: person_of(row) for row in transaction.execute(_BY_IDS, {"ids": list(ids)})}


def all_names(transaction: Transaction) -> dict[str, str]:
    """Everybody's name, by id; for admins alone, as with `find_person`."""
    return {row.id: row.name for row in transaction.execute(select(people.c.id, people.c.name))}


def listed_names(transaction: Transaction) -> list[tuple[str, str]]:
    """The name of everybody whom a directory lists, with the id."""
    statement = select(people.c.name, people.c.id).where(people.c.in_directory)
    return [(row.name, row.id) for row in transaction.execute(statement)]


def present_ids(transaction: Transaction, ids: Iterable[str]) -> dict[str, str]:
    """The id that each of these ids, present or given up for another, stands for now."""
    found: dict[str, str] = {}
    for batch in in_batches(ids):
        redirected = select(person_redirects).where(person_redirects.c.id.in_(batch))
        found |= {row.id: row.person_id for row in transaction.execute(redirected)}
        present = transaction.execute(select(people.c.id).where(people.c.id.in_(batch))).scalars()
        found |= {person: person for person in present}
    return found


def participations(
    transaction: Transaction,
    audience_ids: Iterable[int],
    *,
    people_ids: Iterable[str] | None = None,
    community: str | None = None,
    with_hidden: bool = False,
    limit: int | None = None,
) -> list[Participation]:
    """Who takes part in which community, counting readable documents only: stewards first, then other members by
    role, then contributors, each group by activity, then by name; the first so many where a limit is given. Those who
    want to be in no result are among them only where `with_hidden` asks for that."""
    chosen = None if people_ids is None else list(people_ids)
    contributed = _contributed(audience_ids, chosen).subquery()
    member = _current_memberships(chosen).subquery()
    pairs = (
        select(contributed.c.person_id, contributed.c.community_id)
        .union(select(member.c.person_id, member.c.community_id))
        .subquery()
    )
    statement = (
        select(
            people,
            communities.c.slug.label("slug"),
            communities.c.name.label("community_name"),
            communities.c.domain,
            communities.c.visibility,
            communities.c.in_directory.label("community_listed"),
            member.c.precedence,
            member.c.since,
            func.coalesce(contributed.c.documents, 0).label("documents"),
            contributed.c.latest,
        )
        .select_from(pairs)
        .join(people, people.c.id == pairs.c.person_id)
        .join(communities, communities.c.id == pairs.c.community_id)
        .outerjoin(member, (member.c.person_id == people.c.id) & (member.c.community_id == communities.c.id))
        .outerjoin(
            contributed, (contributed.c.person_id == people.c.id) & (contributed.c.community_id == communities.c.id)
        )
        .order_by(
            func.coalesce(member.c.precedence, NO_MEMBER),
            func.coalesce(contributed.c.documents, 0).desc(),
        )
    )
    if community is not None:
        statement = statement.where(communities.c.slug == community)
    if not with_hidden:
        statement = statement.where(people.c.id.not_in(hidden_people()))
    rows = _first_with_equals(transaction.execute(statement).all(), limit)
    persons = named(transaction, {row.id: person_of(row) for row in rows}, audience_ids)
    found = [_participation_of(row, persons[row.id]) for row in rows]
    return sorted(found, key=lambda entry: (_rank(entry), entry.person.name, entry.community.name))[:limit]


def standings_in(transaction: Transaction, people_ids: Iterable[str]) -> dict[tuple[str, int], int]:
    """By person (id) and community (row id) the place of their role in PRECEDENCE; whoever is no member is missing."""
    rows = plain_rows(transaction, _CURRENT_MEMBERSHIPS_OF, {"people": list(people_ids)})
    return {(person, community): precedence for person, community, precedence, _ in rows}


def _first_with_equals(rows: Sequence[Row[Any]], limit: int | None) -> Sequence[Row[Any]]:
    """The first so many, and those that are the last one's equals, among whom names decide."""
    if limit is None or len(rows) <= limit:
        return rows
    last = rows[limit - 1]
    return [
        row
        for place, row in enumerate(rows)
        if place < limit or (row.precedence, row.documents) == (last.precedence, last.documents)
    ]


def _rank(entry: Participation) -> tuple[int, int]:
    return NO_MEMBER if entry.role is None else PRECEDENCE.index(entry.role), -entry.documents


def count_people(
    transaction: Transaction,
    audience_ids: Iterable[int] | None = None,
    *,
    with_hidden: bool = False,
    own: str | None = None,
) -> int:
    """How many people there are; with audiences only those whom a directory lists or who had a part in one of their
    documents, and of those who want to be in no result, unless `with_hidden` asks for them, only the one whose `own`
    count this is (id)."""
    statement = select(func.count()).select_from(people)
    if audience_ids is not None:
        readable = in_audiences(audience_ids)
        part = (
            select(identities.c.id)
            .join(contributions, contributions.c.identity_id == identities.c.id)
            .join(documents, documents.c.id == contributions.c.document_id)
            .where(identities.c.person_id == people.c.id, readable)
        )
        known = or_(people.c.in_directory, part.exists())
        found = known if with_hidden else known & people.c.id.not_in(hidden_people())
        statement = statement.where(or_(found, people.c.id == own))
    return int(transaction.execute(statement).scalar_one())


def person_of(row: Row[Any]) -> Person:
    return Person(
        row.id, row.name, row.unit, row.place, tuple(row.languages), row.address, row.in_directory, row.former
    )


def _save_person(transaction: Transaction, person: Person) -> None:
    values = {
        "name": person.name,
        "unit": person.unit,
        "place": person.place,
        "languages": list(person.languages),
        "address": person.address,
        "in_directory": True,
        "former": person.former,
    }
    statement = insert(people).values(id=person.id, **values)
    transaction.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))


def _save_community(transaction: Transaction, community: Community) -> None:
    values = {
        "name": community.name,
        "domain": community.domain,
        "visibility": community.visibility,
        "in_directory": True,
    }
    statement = insert(communities).values(slug=community.slug, **values)
    transaction.execute(statement.on_conflict_do_update(index_elements=["slug"], set_=values))
    keep_decided_visibility(transaction, community.slug, community.visibility)


def _insert_memberships(transaction: Transaction, new: Iterable[Membership]) -> None:
    ids = {row.slug: row.id for row in transaction.execute(select(communities.c.slug, communities.c.id))}
    for membership in new:
        transaction.execute(
            insert(memberships).values(
                person_id=membership.person,
                community_id=ids[membership.community],
                role=membership.role,
                since=membership.since,
                until=membership.until,
            )
        )


def _precedence(role: ColumnElement[str]) -> ColumnElement[int]:
    return case({str(known): place for place, known in enumerate(PRECEDENCE)}, value=role, else_=len(PRECEDENCE) - 1)


def _moment() -> Any:
    return func.coalesce(documents.c.updated, documents.c.created)


def _contributed(audience_ids: Iterable[int], people_ids: list[str] | None) -> Select[Any]:
    statement = (
        select(
            identities.c.person_id,
            documents.c.community_id,
            func.count(documents.c.id.distinct()).label("documents"),
            func.max(func.coalesce(contributions.c.at, _moment())).label("latest"),
        )
        .join(contributions, contributions.c.identity_id == identities.c.id)
        .join(documents, documents.c.id == contributions.c.document_id)
        .where(
            identities.c.person_id.is_not(None),
            documents.c.community_id.is_not(None),
            in_audiences(audience_ids),
        )
        .group_by(identities.c.person_id, documents.c.community_id)
    )
    return statement if people_ids is None else statement.where(identities.c.person_id.in_(people_ids))


def _current_memberships(people_ids: list[str] | None) -> Select[Any]:
    # A person may hold two roles in a community; the weightier one is told.
    statement = (
        select(
            memberships.c.person_id,
            memberships.c.community_id,
            func.min(_precedence(memberships.c.role)).label("precedence"),
            func.min(memberships.c.since).label("since"),
        )
        .where(is_current())
        .group_by(memberships.c.person_id, memberships.c.community_id)
    )
    return statement if people_ids is None else statement.where(memberships.c.person_id.in_(people_ids))


_CURRENT_MEMBERSHIPS_OF = _current_memberships(None).where(memberships.c.person_id.in_(values_in("people")))
_BY_IDS = select(people).where(people.c.id.in_(values_in("ids")))
_SHOWING = select(communities.c.slug).where(
    or_(
        communities.c.in_directory,
        select(documents.c.id)
        .where(documents.c.community_id == communities.c.id, documents.c.audience_id.in_(values_in("audiences")))
        .exists(),
    )
)


def _community_of(row: Row[Any]) -> Community:
    return Community(row.slug, row.name, row.domain, Visibility(row.visibility), row.in_directory)


def _participation_of(row: Row[Any], person: Person) -> Participation:
    return Participation(
        person=person,
        community=Community(row.slug, row.community_name, row.domain, Visibility(row.visibility), row.community_listed),
        role=None if row.precedence is None else PRECEDENCE[row.precedence],
        since=row.since,
        documents=row.documents,
        latest=row.latest,
    )
