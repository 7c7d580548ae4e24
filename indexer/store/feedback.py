"""Judgements on documents and people, each for a query."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, case, delete, func, select
from sqlalchemy.dialects.sqlite import insert

from indexer.domain.feedback import Judgement, Opinion, Target, TargetKind
from indexer.store.batches import values_in
from indexer.store.database import Transaction
from indexer.store.remembering import remembered
from indexer.store.tables import documents, feedback, person_redirects

LATEST_OPINIONS = 2_000


def save_judgement(transaction: Transaction, judgement: Judgement) -> Judgement:
    """Keep a judgement; it takes the place of its voter's earlier one on the same target and query, and its id."""
    values = {"query": judgement.query, "useful": judgement.useful, "at": judgement.at}
    statement = insert(feedback).values(
        id=judgement.id,
        voter=judgement.voter,
        terms=_joined(judgement.terms),
        target_kind=judgement.target.kind,
        target=judgement.target.id,
        **values,
    )
    key = ["terms", "target_kind", "target", "voter"]
    statement = statement.on_conflict_do_update(index_elements=key, set_=values)
    return _judgement_of(transaction.execute(statement.returning(feedback, feedback.c.target.label("present"))).one())


def remove_judgement(transaction: Transaction, judgement_id: str) -> Judgement | None:
    """Remove the judgement of this id, and return it where there was one."""
    statement = delete(feedback).where(feedback.c.id == judgement_id)
    row = transaction.execute(statement.returning(feedback, feedback.c.target.label("present"))).first()
    return None if row is None else _judgement_of(row)


def judgements_on_query(transaction: Transaction, terms: tuple[str, ...]) -> list[Judgement]:
    """Everybody's judgements for the query of these terms, newest first."""
    statement = _select_judgements().where(feedback.c.terms == _joined(terms))
    return [_judgement_of(row) for row in transaction.execute(statement)]


def all_judgements(transaction: Transaction) -> list[Judgement]:
    """Every judgement, newest first."""
    return [_judgement_of(row) for row in transaction.execute(_select_judgements())]


def judged_things(transaction: Transaction) -> tuple[frozenset[int], frozenset[str]]:
    """The documents (row ids) and the people (ids) that anybody has judged."""
    return remembered(
        transaction,
        "judged",
        lambda: (
            frozenset(transaction.execute(_JUDGED_DOCUMENTS).scalars()),
            frozenset(transaction.execute(_JUDGED_PEOPLE).scalars()),
        ),
    )


def opinions_on(transaction: Transaction, document_ids: Iterable[int], people_ids: Iterable[str]) -> list[Opinion]:
    """What was said of these documents (row ids) and people (ids), latest first."""
    found = {
        *_opinions(transaction, TargetKind.DOCUMENT, _OF_DOCUMENTS, list(document_ids)),
        *_opinions(transaction, TargetKind.PERSON, _OF_PEOPLE, list(people_ids)),
    }
    return sorted(found, key=lambda opinion: (opinion.at, opinion.query, opinion.target.id), reverse=True)


def _opinions(
    transaction: Transaction, kind: TargetKind, statement: Select[Any], targets: list[int] | list[str]
) -> list[Opinion]:
    return [
        Opinion(
            query=row.query,
            terms=_parted(row.terms),
            target=Target(kind, row.present),
            useful=row.useful,
            not_useful=row.judgements - row.useful,
            at=row.latest,
        )
        for row in (transaction.execute(statement, {"targets": targets}) if targets else ())
    ]


def _select_opinions(kind: TargetKind, targets: Select[Any]) -> Select[Any]:
    useful = func.sum(case((feedback.c.useful, 1), else_=0)).label("useful")
    judgements, latest = func.count().label("judgements"), func.max(feedback.c.at).label("latest")
    return (
        select(feedback.c.query, feedback.c.terms, _present().label("present"), useful, judgements, latest)
        .select_from(feedback)
        .outerjoin(person_redirects, _redirects())
        .where(feedback.c.target_kind == kind, _present().in_(targets))
        .group_by(feedback.c.query, feedback.c.terms, _present())
        .order_by(latest.desc(), feedback.c.query, _present())
        .limit(LATEST_OPINIONS)
    )


def _select_judgements() -> Select[Any]:
    return (
        select(feedback, _present().label("present"))
        .outerjoin(person_redirects, _redirects())
        .order_by(feedback.c.at.desc(), feedback.c.id)
    )


def _redirects() -> ColumnElement[bool]:
    return (feedback.c.target_kind == TargetKind.PERSON) & (person_redirects.c.id == feedback.c.target)


def _present() -> ColumnElement[str]:
    """The id that the target has now: two people may have turned out to be one."""
    return func.coalesce(person_redirects.c.person_id, feedback.c.target)


def _joined(terms: tuple[str, ...]) -> str:
    return " ".join(terms)


def _parted(terms: str) -> tuple[str, ...]:
    return tuple(terms.split(" "))


def _judgement_of(row: Row[Any]) -> Judgement:
    target = Target(TargetKind(row.target_kind), row.present)
    return Judgement(row.id, row.voter, row.query, _parted(row.terms), target, row.useful, row.at)


_OF_DOCUMENTS = _select_opinions(
    TargetKind.DOCUMENT, select(documents.c.public_id).where(documents.c.id.in_(values_in("targets")))
)
_OF_PEOPLE = _select_opinions(TargetKind.PERSON, values_in("targets"))
_JUDGED_DOCUMENTS = select(documents.c.id).where(
    documents.c.public_id.in_(select(feedback.c.target).where(feedback.c.target_kind == TargetKind.DOCUMENT))
)
_JUDGED_PEOPLE = (
    select(_present())
    .distinct()
    .select_from(feedback)
    .outerjoin(person_redirects, _redirects())
    .where(feedback.c.target_kind == TargetKind.PERSON)
)
