"""What people chose of how they are found.

A row names a person by the id that they had then. Whoever reads finds it under the id that they have now, and with it
what was chosen under ids that were given up for that one.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Row, Select, Table, delete, func, or_, select
from sqlalchemy.dialects.sqlite import insert

from indexer.domain.accounts import PersonChoices, SubjectChoice
from indexer.domain.people import Identity, IdentityKind
from indexer.notation import plain
from indexer.store.batches import in_batches, values_in
from indexer.store.database import Transaction
from indexer.store.tables import disowned_identities, person_choices, person_redirects, subject_choices


def choices_of(transaction: Transaction, people_ids: Iterable[str]) -> dict[str, PersonChoices]:
    """By person (id) what they chose; nothing of those who chose nothing."""
    found: dict[str, PersonChoices] = {}
    for batch in in_batches(people_ids):
        found |= _read_choices(transaction, _chosen(person_choices, batch), _chosen(subject_choices, batch))
    return found


def all_choices(transaction: Transaction) -> dict[str, PersonChoices]:
    """By person (id) what everybody chose who chose something."""
    return _read_choices(transaction, _everybodys(person_choices), _everybodys(subject_choices))


def save_choices(transaction: Transaction, person: str, choices: PersonChoices) -> None:
    """Make these the choices of a person (id), in place of all earlier ones."""
    names = [person, *_former_ids(transaction, person)]
    transaction.execute(delete(person_choices).where(person_choices.c.person.in_(names)))
    transaction.execute(delete(subject_choices).where(subject_choices.c.person.in_(names)))
    transaction.execute(
        insert(person_choices).values(
            person=person,
            hidden=choices.hidden,
            away_from=choices.away_from,
            away_until=choices.away_until,
            questions_a_week=choices.questions_a_week,
        )
    )
    for written, choice in choices.subjects.items():
        values = {"written": written, "choice": choice}
        statement = insert(subject_choices).values(person=person, subject=plain(written), **values)
        transaction.execute(statement.on_conflict_do_update(index_elements=["person", "subject"], set_=values))


def hidden_people() -> Select[Any]:
    """Selects the ids of those who want to be in no result."""
    return select(_present(person_choices)).select_from(_followed(person_choices)).where(person_choices.c.hidden)


def which_are_hidden(transaction: Transaction, people_ids: Iterable[str]) -> frozenset[str]:
    """Those of these people (ids) who want to be in no result."""
    return frozenset(transaction.execute(_WHICH_ARE_HIDDEN, {"people": list(people_ids)}).scalars())


def disown(transaction: Transaction, person: str, identity: Identity) -> None:
    """Note that a person (id) says of an identity that it is not theirs."""
    values = {"kind": identity.kind, "namespace": identity.namespace, "value": identity.value, "person": person}
    transaction.execute(insert(disowned_identities).values(**values).on_conflict_do_nothing())


def own_again(transaction: Transaction, person: str, identity: Identity) -> bool:
    """Take back what a person (id) said of an identity; whether they had said it."""
    table = disowned_identities.c
    statement = delete(disowned_identities).where(
        table.kind == identity.kind,
        table.namespace == identity.namespace,
        table.value == identity.value,
        table.person.in_([person, *_former_ids(transaction, person)]),
    )
    return transaction.execute(statement).rowcount > 0


def disowned_by(transaction: Transaction, person: str) -> list[Identity]:
    """What a person (id) says is not theirs."""
    statement = _chosen(disowned_identities, [person]).order_by(
        disowned_identities.c.kind, disowned_identities.c.namespace, disowned_identities.c.value
    )
    return list(dict.fromkeys(_identity_of(row) for row in transaction.execute(statement)))


def all_disowned(transaction: Transaction) -> dict[Identity, frozenset[str]]:
    """By identity the ids, former ones and the present, of those who say that it is not theirs."""
    statement = select(disowned_identities, _present(disowned_identities).label("present"))
    found: dict[Identity, set[str]] = defaultdict(set)
    for row in transaction.execute(statement.select_from(_followed(disowned_identities))):
        found[_identity_of(row)] |= {row.person, row.present}
    return {identity: frozenset(people) for identity, people in found.items()}


def _chosen(table: Table, people_ids: list[str]) -> Select[Any]:
    """The rows of these people, each with the id that its person has now as `present`."""
    return _everybodys(table).where(_present(table).in_(people_ids))


def _everybodys(table: Table) -> Select[Any]:
    return select(table, _present(table).label("present")).select_from(_followed(table))


def _read_choices(
    transaction: Transaction, on_persons: Select[Any], on_subjects: Select[Any]
) -> dict[str, PersonChoices]:
    made: dict[str, list[Row[Any]]] = defaultdict(list)
    subjects: dict[str, dict[str, SubjectChoice]] = defaultdict(dict)
    for row in transaction.execute(on_persons):
        made[row.present].append(row)
    for row in transaction.execute(on_subjects.order_by(subject_choices.c.subject)):
        subjects[row.present][row.written] = SubjectChoice(row.choice)
    return {person: _choices(made[person], subjects[person]) for person in [*made, *(subjects.keys() - made.keys())]}


def _followed(table: Table) -> FromClause:
    return table.outerjoin(person_redirects, person_redirects.c.id == table.c.person)


def _present(table: Table) -> ColumnElement[str]:
    return func.coalesce(person_redirects.c.person_id, table.c.person)


def _former_ids(transaction: Transaction, person: str) -> list[str]:
    statement = select(person_redirects.c.id).where(person_redirects.c.person_id == person)
    return list(transaction.execute(statement).scalars())


def _choices(rows: Iterable[Row[Any]], subjects: Mapping[str, SubjectChoice]) -> PersonChoices:
    """What one person chose; where two turned out to be one, what either asked for is heeded."""
    told = list(rows)
    away = max(((row.away_until, row.away_from) for row in told if row.away_until), key=_latest, default=(None, None))
    return PersonChoices(
        hidden=any(row.hidden for row in told),
        away_from=away[1],
        away_until=away[0],
        questions_a_week=min((row.questions_a_week for row in told if row.questions_a_week is not None), default=None),
        subjects=subjects,
    )


def _latest(away: tuple[date, date | None]) -> date:
    return away[0]


def _identity_of(row: Row[Any]) -> Identity:
    return Identity(IdentityKind(row.kind), row.namespace, row.value)


_THEIRS = or_(
    person_choices.c.person.in_(values_in("people")),
    person_choices.c.person.in_(
        select(person_redirects.c.id).where(person_redirects.c.person_id.in_(values_in("people")))
    ),
)
# Found by what is kept, then sorted out by who that is now: not everybody's choices are read.
_WHICH_ARE_HIDDEN = hidden_people().where(_THEIRS, _present(person_choices).in_(values_in("people")))
