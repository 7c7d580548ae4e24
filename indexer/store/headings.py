"""The titles and first headings of many documents, for what they are about."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Integer, cast, func, select

from indexer.store.database import Transaction
from indexer.store.rows import plain_rows
from indexer.store.tables import contributions, documents, identities, in_audiences, passages

FIRST_PASSAGES = 3


@dataclass(frozen=True, slots=True)
class Headings:
    """The title of a document (row id) and its first headings, and the year it was last changed in."""

    document: int
    texts: tuple[str, ...]
    year: int | None


def headings_by(transaction: Transaction, person: str, audience_ids: Iterable[int], limit: int) -> list[Headings]:
    """Those of the latest documents in the given audiences that a person (id) had a part in, newest first."""
    return _headings(transaction, person, audience_ids, limit, theirs=True)


def headings_by_others(
    transaction: Transaction, person: str, audience_ids: Iterable[int], limit: int
) -> list[Headings]:
    """Those of documents in the given audiences that a person (id) had no part in, what was read last first: that needs
    no look at all there are."""
    return _headings(transaction, person, audience_ids, limit, theirs=False)


def _headings(
    transaction: Transaction, person: str, audience_ids: Iterable[int], limit: int, *, theirs: bool
) -> list[Headings]:
    moment = func.coalesce(documents.c.updated, documents.c.created)
    part = (
        select(contributions.c.document_id)
        .join(identities, identities.c.id == contributions.c.identity_id)
        .where(identities.c.person_id == person)
    )
    chosen = documents.c.id.in_(part) if theirs else documents.c.id.not_in(part)
    order = (moment.desc().nulls_last(), documents.c.id) if theirs else (documents.c.id.desc(),)
    statement = select(documents.c.id, documents.c.title, cast(func.strftime("%Y", moment), Integer))
    rows = plain_rows(transaction, statement.where(chosen, in_audiences(audience_ids)).order_by(*order).limit(limit))
    texts: dict[int, dict[str, None]] = {document: {title: None} for document, title, _ in rows}
    headed = (
        select(passages.c.document_id, passages.c.heading)
        .where(passages.c.document_id.in_(list(texts)), passages.c.ordinal <= FIRST_PASSAGES)
        .where(passages.c.heading.is_not(None))
        .order_by(passages.c.document_id, passages.c.ordinal)
    )
    for document, heading in plain_rows(transaction, headed):
        texts[document].setdefault(heading)
    return [Headings(document, tuple(texts[document]), year) for document, _, year in rows]
