"""Passages: what the index has to hold, and what a page of results shows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import String, func, select, type_coerce

from indexer.domain.content import Document, DocumentKind, Locator, Mark
from indexer.store.batches import in_batches, values_in
from indexer.store.database import Transaction
from indexer.store.documents import MARKS, document_of, select_documents
from indexer.store.retired import select_retired
from indexer.store.rows import plain_rows
from indexer.store.tables import communities, documents, passages

ROWS_A_STATEMENT = 5_000


@dataclass(frozen=True, slots=True)
class IndexablePassage:
    """A passage with everything that the index keeps about it; `community` 0 means none."""

    id: int
    document: int
    title: str
    heading: str | None
    text: str
    digest: bytes
    audience: int
    community: int
    kind: DocumentKind
    moment: datetime | None


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """A passage with its document, as read again for a page of results."""

    id: int
    ordinal: int
    text: str
    locator: Locator
    document: Document
    audience: int

    @property
    def public_id(self) -> str:
        """What it is called outside: row ids would tell how many passages there are besides."""
        return public_id_of(self.document.public_id, self.ordinal)


class ListedPassage(NamedTuple):
    """A passage with what a ranking needs of its document: `document` and `document_id` are its row id and its public
    one, `date` tells only which of two is later."""

    id: int
    ordinal: int
    document: int
    document_id: str
    source: str
    uri: str
    superseded_by: str | None
    mark: Mark | None
    date: str
    audience: int

    @property
    def public_id(self) -> str:
        return public_id_of(self.document_id, self.ordinal)


@dataclass(frozen=True, slots=True)
class CitedPassage:
    """A passage as evidence names it, without its text."""

    id: int
    ordinal: int
    locator: Locator
    document: Document

    @property
    def public_id(self) -> str:
        return public_id_of(self.document.public_id, self.ordinal)


def public_id_of(document: str, ordinal: int) -> str:
    """The public id of a passage by that of its document."""
    return f"{document}#{ordinal}"


def passage_ids(transaction: Transaction) -> list[int]:
    """The ids of all passages that the index should hold, ascending."""
    statement = select(passages.c.id).where(passages.c.id.not_in(select_retired()))
    # Sorted here: SQLite would read the whole table, texts and all, to give them in order.
    return sorted(row[0] for row in plain_rows(transaction, statement))


def indexable_passages(transaction: Transaction, ids: Sequence[int]) -> Iterator[IndexablePassage]:
    """The given passages in order of id."""
    for start in range(0, len(ids), ROWS_A_STATEMENT):
        statement = (
            select(
                passages,
                documents.c.title,
                documents.c.audience_id,
                documents.c.community_id,
                documents.c.kind,
                func.coalesce(documents.c.updated, documents.c.created).label("moment"),
            )
            .join(documents, documents.c.id == passages.c.document_id)
            .where(passages.c.id.in_(ids[start : start + ROWS_A_STATEMENT]))
            .order_by(passages.c.id)
        )
        for row in transaction.execute(statement):
            yield IndexablePassage(
                id=row.id,
                document=row.document_id,
                title=row.title,
                heading=row.heading,
                text=row.text,
                digest=row.digest,
                audience=row.audience_id,
                community=row.community_id or 0,
                kind=DocumentKind(row.kind),
                moment=row.moment,
            )


def find_passages(transaction: Transaction, ids: Iterable[int]) -> dict[int, FoundPassage]:
    """Those of the given passages that still exist, by id."""
    found = {}
    for row in transaction.execute(_FOUND, {"ids": list(ids)}):
        locator = Locator(row.page, row.heading, row.message, row.line)
        found[row.passage_id] = FoundPassage(
            row.passage_id, row.ordinal, row.text, locator, document_of(row), row.audience_id
        )
    return found


def list_passages(transaction: Transaction, ids: Iterable[int]) -> dict[int, ListedPassage]:
    """Those of the given passages that still exist, by id, with no more than a ranking needs."""
    return {
        id: ListedPassage(id, ordinal, document, document_id, source, uri, superseded_by, MARKS[mark], date, audience)
        for id, ordinal, document, document_id, source, uri, superseded_by, mark, date, audience in plain_rows(
            transaction, _LISTED, {"ids": list(ids)}
        )
    }


def cite_passages(
    transaction: Transaction, ids: Iterable[int], cited: Mapping[int, Document]
) -> dict[int, CitedPassage]:
    """Those of the given passages that still exist, by id, and are of one of the `cited` documents (by row id)."""
    return {
        id: CitedPassage(id, ordinal, Locator(*place), cited[document])
        for id, ordinal, document, *place in plain_rows(transaction, _CITED, {"ids": list(ids)})
        if document in cited
    }


def ordinals_of(transaction: Transaction, document_ids: Iterable[int]) -> set[tuple[int, int]]:
    """The passages of these documents (row ids), each as its document and its ordinal."""
    return {
        (row.document_id, row.ordinal)
        for batch in in_batches(document_ids)
        for row in transaction.execute(
            select(passages.c.document_id, passages.c.ordinal).where(
                passages.c.document_id.in_(batch), passages.c.id.not_in(select_retired())
            )
        )
    }


def digests_of(transaction: Transaction) -> list[bytes]:
    """The digest of every passage that the index should hold."""
    statement = select(passages.c.digest).where(passages.c.id.not_in(select_retired()))
    return list(transaction.execute(statement).scalars())


def cuts_of(transaction: Transaction, document_ids: Iterable[int]) -> dict[int, list[tuple[int, bytes]]]:
    """How documents (row ids) are split: ordinal and digest of each passage, in order, by document."""
    found: dict[int, list[tuple[int, bytes]]] = {}
    for batch in in_batches(document_ids):
        statement = select(passages.c.document_id, passages.c.ordinal, passages.c.digest).where(
            passages.c.document_id.in_(batch), passages.c.id.not_in(select_retired())
        )
        for row in transaction.execute(statement.order_by(passages.c.document_id, passages.c.ordinal)):
            found.setdefault(row.document_id, []).append((row.ordinal, row.digest))
    return found


def community_ids(transaction: Transaction) -> dict[str, int]:
    """The row id of every community, by slug, as the index knows them."""
    return {row.slug: row.id for row in transaction.execute(select(communities.c.slug, communities.c.id))}


_WANTED = passages.c.id.in_(values_in("ids"))
_PLACE = (passages.c.page, passages.c.heading, passages.c.message, passages.c.line)
_FOUND = (
    select_documents()
    .add_columns(passages.c.id.label("passage_id"), passages.c.ordinal, passages.c.text, *_PLACE)
    .join(passages, passages.c.document_id == documents.c.id)
    .where(_WANTED)
)
_CITED = select(passages.c.id, passages.c.ordinal, passages.c.document_id, *_PLACE).where(_WANTED)
_LISTED = (
    select(
        passages.c.id,
        passages.c.ordinal,
        documents.c.id,
        documents.c.public_id,
        documents.c.source,
        documents.c.uri,
        documents.c.superseded_by,
        documents.c.mark,
        # As it is stored: such texts are in order of time.
        func.coalesce(type_coerce(documents.c.updated, String), type_coerce(documents.c.created, String), ""),
        documents.c.audience_id,
    )
    .join(documents, documents.c.id == passages.c.document_id)
    .where(_WANTED)
)
