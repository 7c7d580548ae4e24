"""Signatures of documents' texts, and the pairs that say nearly the same."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import permutations

from sqlalchemy import insert, select, union_all

from indexer.domain.content import Document
from indexer.store.batches import in_batches, values_in
from indexer.store.database import Transaction
from indexer.store.documents import document_of, select_documents
from indexer.store.retired import select_retired
from indexer.store.rows import plain_rows
from indexer.store.tables import documents, near_duplicates, passages, signatures


@dataclass(frozen=True, slots=True)
class DocumentText:
    """What a document says, without quotations and boilerplate."""

    title: str
    text: str


def unsigned(transaction: Transaction) -> list[int]:
    """The documents (row ids) that have no signature: those that are new or have other passages than before."""
    statement = (
        select(documents.c.id)
        .outerjoin(signatures, signatures.c.document_id == documents.c.id)
        .where(signatures.c.document_id.is_(None))
        .order_by(documents.c.id)
    )
    return list(transaction.execute(statement).scalars())


def all_signatures(transaction: Transaction) -> dict[int, bytes]:
    """Every document's signature by row id, ascending."""
    return dict(plain_rows(transaction, select(signatures).order_by(signatures.c.document_id)))


def audiences(transaction: Transaction) -> dict[int, int]:
    """The audience (row id) of every document (row id)."""
    return dict(plain_rows(transaction, select(documents.c.id, documents.c.audience_id)))


def texts_of(transaction: Transaction, document_ids: Iterable[int]) -> dict[int, DocumentText]:
    """The texts of documents (row ids), put together from their passages."""
    titles: dict[int, str] = {}
    texts: dict[int, list[str]] = defaultdict(list)
    for batch in in_batches(document_ids):
        statement = (
            select(documents.c.id, documents.c.title, passages.c.text)
            .join(passages, passages.c.document_id == documents.c.id)
            .where(documents.c.id.in_(batch), passages.c.id.not_in(select_retired()))
            .order_by(documents.c.id, passages.c.ordinal)
        )
        for row in transaction.execute(statement):
            titles[row.id] = row.title
            texts[row.id].append(row.text)
    return {document: DocumentText(titles[document], "\n".join(parts)) for document, parts in texts.items()}


def save(transaction: Transaction, new: Mapping[int, bytes], pairs: Iterable[tuple[int, int]]) -> None:
    """Keep the signatures of documents (row ids) and the pairs found with them, smaller id first."""
    if new:
        rows = [{"document_id": document, "signature": values} for document, values in new.items()]
        transaction.execute(insert(signatures), rows)
    if found := [{"one": one, "other": other} for one, other in pairs]:
        transaction.execute(insert(near_duplicates), found)


def readable_partners(
    transaction: Transaction, document_ids: Iterable[int], audience_ids: Iterable[int]
) -> dict[int, tuple[Document, ...]]:
    """For each document (row id) that has some, the others that say nearly the same and are in one of the audiences."""
    values = {"ids": list(dict.fromkeys(document_ids)), "audiences": list(audience_ids)}
    found: dict[int, list[Document]] = defaultdict(list)
    for row in transaction.execute(_READABLE_PARTNERS, values):
        found[row.document].append(document_of(row))
    return {document: tuple(partners) for document, partners in found.items()}


def pairs_among(transaction: Transaction, document_ids: Iterable[int]) -> list[tuple[int, int]]:
    """The pairs that say nearly the same and are both among these documents (row ids)."""
    asked = frozenset(document_ids)
    pairs = plain_rows(transaction, _PAIRS, {"ids": list(asked)})
    return [(one, other) for one, other in pairs if other in asked]


# Each way by itself with the list: SQLite would make all pairs before it looked which are asked for.
_PARTNERS = union_all(
    *(
        select(mine.label("document"), theirs.label("partner")).where(mine.in_(values_in("ids")))
        for mine, theirs in permutations((near_duplicates.c.one, near_duplicates.c.other))
    )
).subquery()
_READABLE_PARTNERS = (
    select_documents()
    .add_columns(_PARTNERS.c.document)
    .join(_PARTNERS, _PARTNERS.c.partner == documents.c.id)
    .where((documents.c.audience_id + 0).in_(values_in("audiences")))
    .order_by(documents.c.public_id)
)
_PAIRS = select(near_duplicates).where(near_duplicates.c.one.in_(values_in("ids")))
