"""Documents with their text, messages, passages and contributions: written together, removed together."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from indexer.domain.content import (
    Audience,
    AudienceKind,
    Block,
    BlockKind,
    Document,
    DocumentKind,
    Mark,
    Message,
    Passage,
)
from indexer.domain.ids import document_id
from indexer.domain.people import Contribution
from indexer.store.batches import in_batches, values_in
from indexer.store.blocks import save_digests
from indexer.store.database import Transaction
from indexer.store.decisions import decided_audiences_of
from indexer.store.identities import identity_ids
from indexer.store.retired import retire_passages
from indexer.store.rows import plain_rows
from indexer.store.tables import (
    audiences,
    communities,
    contributions,
    document_blocks,
    document_texts,
    documents,
    identities,
    in_audiences,
    messages,
    passages,
    signatures,
)

_BLOCK_FIELDS = tuple(field.name for field in fields(Block))
# Enumerations look their members up in ten times the time of a dictionary.
KINDS = {str(kind): kind for kind in DocumentKind}
MARKS: dict[str | None, Mark | None] = {None: None, **{str(mark): mark for mark in Mark}}


@dataclass(frozen=True, slots=True)
class DocumentDraft:
    """What is saved for one item. `community` is a slug that exists; messages come with their author's contribution."""

    source: str
    uri: str
    title: str
    kind: DocumentKind
    audience: Audience
    community: str | None
    created: datetime | None
    updated: datetime | None
    mark: Mark | None
    superseded_by: str | None
    url: str | None
    blocks: tuple[Block, ...]
    messages: tuple[tuple[Message, Contribution | None], ...] = ()


@dataclass(frozen=True, slots=True)
class SplitDocument:
    """The draft of an item (row id) with what its text and its people came to; `digests` are those of its blocks, where
    they are known already."""

    item: int
    draft: DocumentDraft
    passages: Sequence[Passage]
    contributions: Sequence[Contribution]
    digests: Iterable[int] | None = None


def replace_document(
    transaction: Transaction,
    item_id: int,
    draft: DocumentDraft,
    new_passages: Sequence[Passage],
    new_contributions: Sequence[Contribution],
) -> None:
    """Save an item's document in place of the one it had; see `replace_documents`."""
    replace_documents(transaction, [SplitDocument(item_id, draft, new_passages, new_contributions)])


def replace_documents(transaction: Transaction, new: Sequence[SplitDocument]) -> None:
    """Save documents of different items in place of those they had. Passages get new ids; a document keeps its own.
    What was decided about who may read one counts before the draft."""
    if not new:
        return
    had = _ids_of_items(transaction, [document.item for document in new])
    transaction.execute(_SAVE, list(_document_values(transaction, new)))
    for table in (document_texts, passages, contributions, messages, document_blocks, signatures) if had else ():
        transaction.execute(delete(table).where(table.c.document_id.in_(had.values())))
    ids = _ids_of_items(transaction, [document.item for document in new])
    saved = {ids[document.item]: document for document in new}
    texts = [
        {"document_id": row_id, "blocks": [_block_values(block) for block in document.draft.blocks]}
        for row_id, document in saved.items()
    ]
    transaction.execute(insert(document_texts), texts)
    _insert_passages(transaction, {row_id: document.passages for row_id, document in saved.items()})
    _insert_people(transaction, saved)
    save_digests(
        transaction, {row: document.digests for row, document in saved.items() if document.digests is not None}
    )


def replace_passages(transaction: Transaction, document: int, new: Sequence[Passage]) -> None:
    """Give a document (row id) other passages for the same text. Those it had are retired: a generation that holds them
    still finds them."""
    retire_passages(transaction, document)
    transaction.execute(delete(signatures).where(signatures.c.document_id == document))
    _insert_passages(transaction, {document: new})


def reword_document(
    transaction: Transaction,
    document: int,
    title: str,
    url: str | None,
    blocks: Iterable[Block],
    new: Sequence[Passage],
) -> None:
    """Give a document (row id) another title, address and text. The passages it had are gone at once, also those that
    only older generations hold."""
    transaction.execute(update(documents).where(documents.c.id == document).values(title=title, url=url))
    stored = [_block_values(block) for block in blocks]
    transaction.execute(update(document_texts).where(document_texts.c.document_id == document).values(blocks=stored))
    for table in (passages, document_blocks, signatures):
        transaction.execute(delete(table).where(table.c.document_id == document))
    _insert_passages(transaction, {document: new})


def remove_document(transaction: Transaction, item_id: int) -> None:
    """Remove the document of an item that has become unreadable."""
    transaction.execute(delete(documents).where(documents.c.item_id == item_id))


def find_readable(transaction: Transaction, public_id: str, audience_ids: Iterable[int]) -> Document | None:
    """The document of this public id, where it is in one of the audiences."""
    return _first(transaction, audience_ids, documents.c.public_id == public_id)


def find_by_uri(transaction: Transaction, source: str, uri: str, audience_ids: Iterable[int]) -> Document | None:
    """The document read from this uri of a source, where it is in one of the audiences."""
    return _first(transaction, audience_ids, (documents.c.source == source) & (documents.c.uri == uri))


def find_all_readable(
    transaction: Transaction, public_ids: Iterable[str], audience_ids: Iterable[int]
) -> dict[str, Document]:
    """Those of the documents of these public ids that are in one of the audiences, by public id."""
    readable = in_audiences(audience_ids)
    return {
        row.public_id: document_of(row)
        for batch in in_batches(public_ids)
        for row in transaction.execute(select_documents().where(documents.c.public_id.in_(batch), readable))
    }


def find_by_ids(transaction: Transaction, ids: Iterable[int], audience_ids: Iterable[int]) -> dict[int, Document]:
    """Those of the documents of these row ids that are in one of the audiences, by row id."""
    values = {"ids": list(dict.fromkeys(ids)), "audiences": list(audience_ids)}
    return {row.id: document_of(row) for row in transaction.execute(_BY_IDS, values)}


def title_of(transaction: Transaction, document: int) -> str:
    """The title of a document, by its row id."""
    return str(transaction.execute(select(documents.c.title).where(documents.c.id == document)).scalar_one())


def url_of(transaction: Transaction, document: int) -> str | None:
    """Where a document (row id) is to be opened."""
    url: str | None = transaction.execute(select(documents.c.url).where(documents.c.id == document)).scalar_one()
    return url


def all_ids(transaction: Transaction) -> list[int]:
    """The row ids of all documents, ascending."""
    return list(transaction.execute(select(documents.c.id).order_by(documents.c.id)).scalars())


def ids_of(transaction: Transaction, source: str) -> list[int]:
    """The row ids of all documents of a source, ascending."""
    statement = select(documents.c.id).where(documents.c.source == source).order_by(documents.c.id)
    return list(transaction.execute(statement).scalars())


def read_blocks(transaction: Transaction, document: int) -> list[Block]:
    """The whole text of a document, by its row id."""
    stored = transaction.execute(
        select(document_texts.c.blocks).where(document_texts.c.document_id == document)
    ).scalar_one()
    return [
        Block(
            **{
                **values,
                "kind": BlockKind(values.get("kind", BlockKind.PARAGRAPH)),
                "headings": tuple(values.get("headings", ())),
            }
        )
        for values in stored
    ]


def list_documents(
    transaction: Transaction,
    audience_ids: Iterable[int],
    *,
    community: str | None = None,
    person: str | None = None,
    limit: int,
) -> list[Document]:
    """The latest documents in the given audiences, of one community or with a part by one person."""
    statement = select_documents().where(in_audiences(audience_ids))
    if community is not None:
        statement = statement.where(communities.c.slug == community)
    if person is not None:
        statement = statement.where(documents.c.id.in_(_documents_of(person)))
    newest = func.coalesce(documents.c.updated, documents.c.created).desc().nulls_last()
    return [document_of(row) for row in transaction.execute(statement.order_by(newest, documents.c.id).limit(limit))]


def count_documents(transaction: Transaction, audience_ids: Iterable[int] | None = None) -> int:
    """How many documents there are, in the given audiences where some are given."""
    statement = select(func.count()).select_from(documents)
    if audience_ids is not None:
        statement = statement.where(in_audiences(audience_ids))
    return int(transaction.execute(statement).scalar_one())


def all_audiences(transaction: Transaction) -> dict[int, Audience]:
    """Every audience that some document has, by row id."""
    return {row.id: Audience(AudienceKind(row.kind), row.subject) for row in transaction.execute(select(audiences))}


def select_documents() -> Select[Any]:
    """All columns that `document_of` needs."""
    return (
        select(
            documents,
            audiences.c.kind.label("audience_kind"),
            audiences.c.subject.label("audience_subject"),
            communities.c.slug.label("community"),
        )
        .join(audiences, audiences.c.id == documents.c.audience_id)
        .outerjoin(communities, communities.c.id == documents.c.community_id)
    )


def document_of(row: Row[Any]) -> Document:
    return Document(
        id=row.id,
        public_id=row.public_id,
        source=row.source,
        uri=row.uri,
        title=row.title,
        kind=KINDS[row.kind],
        audience=_audience(row.audience_kind, row.audience_subject),
        community=row.community,
        created=row.created,
        updated=row.updated,
        mark=MARKS[row.mark],
        superseded_by=row.superseded_by,
        url=row.url,
    )


_BY_IDS = select_documents().where(
    documents.c.id.in_(values_in("ids")), (documents.c.audience_id + 0).in_(values_in("audiences"))
)


@lru_cache(maxsize=1_000)
def _audience(kind: str, subject: str) -> Audience:
    return Audience(AudienceKind(kind), subject)


def set_audience(transaction: Transaction, document: int, audience: Audience) -> None:
    """Change who may read a document; searches obey at once."""
    transaction.execute(
        update(documents).where(documents.c.id == document).values(audience_id=_audience_id(transaction, audience))
    )


def _first(transaction: Transaction, audience_ids: Iterable[int], condition: ColumnElement[bool]) -> Document | None:
    readable = in_audiences(audience_ids)
    row = transaction.execute(select_documents().where(condition, readable)).first()
    return None if row is None else document_of(row)


def _audience_id(transaction: Transaction, audience: Audience) -> int:
    found = transaction.execute(
        select(audiences.c.id).where(audiences.c.kind == audience.kind, audiences.c.subject == audience.subject)
    ).scalar()
    if found is not None:
        return int(found)
    statement = insert(audiences).values(kind=audience.kind, subject=audience.subject)
    return int(transaction.execute(statement.returning(audiences.c.id)).scalar_one())


def _ids_of_items(transaction: Transaction, item_ids: Iterable[int]) -> dict[int, int]:
    """The documents (row ids) of items (row ids), by item."""
    return {
        item: document
        for batch in in_batches(item_ids)
        for item, document in plain_rows(
            transaction, select(documents.c.item_id, documents.c.id).where(documents.c.item_id.in_(batch))
        )
    }


def _document_values(transaction: Transaction, new: Sequence[SplitDocument]) -> Iterator[dict[str, Any]]:
    public_ids = {document.item: document_id(document.draft.source, document.draft.uri) for document in new}
    audiences_of = decided_audiences_of(
        transaction, {public_ids[document.item]: document.draft.audience for document in new}
    )
    audience_ids = {audience: _audience_id(transaction, audience) for audience in dict.fromkeys(audiences_of.values())}
    communities_of = _community_ids(transaction, {document.draft.community for document in new})
    for document in new:
        draft, public_id = document.draft, public_ids[document.item]
        yield {
            "public_id": public_id,
            "item_id": document.item,
            "source": draft.source,
            "uri": draft.uri,
            "title": draft.title,
            "kind": draft.kind,
            "audience_id": audience_ids[audiences_of[public_id]],
            "community_id": communities_of.get(draft.community),
            "created": draft.created,
            "updated": draft.updated,
            "mark": draft.mark,
            "superseded_by": draft.superseded_by,
            "url": draft.url,
        }


def _community_ids(transaction: Transaction, slugs: Collection[str | None]) -> dict[str | None, int]:
    statement = select(communities.c.slug, communities.c.id)
    return dict(plain_rows(transaction, statement.where(communities.c.slug.in_([slug for slug in slugs if slug]))))


def _block_values(block: Block) -> dict[str, Any]:
    """The values of a block that say something."""
    values = {name: getattr(block, name) for name in _BLOCK_FIELDS}
    return {name: value for name, value in values.items() if value not in (None, ())}


def _insert_passages(transaction: Transaction, new: Mapping[int, Sequence[Passage]]) -> None:
    """Add the passages of documents, by row id."""
    rows = [
        {
            "document_id": document,
            "ordinal": passage.ordinal,
            "text": passage.text,
            "digest": passage.digest,
            "page": passage.locator.page,
            "heading": passage.locator.heading,
            "message": passage.locator.message,
            "line": passage.locator.line,
        }
        for document, cut in new.items()
        for passage in cut
    ]
    if rows:
        transaction.execute(insert(passages), rows)


def _insert_people(transaction: Transaction, new: Mapping[int, SplitDocument]) -> None:
    """Add who had which part in documents, by row id."""
    authors = ([author for _, author in document.draft.messages if author] for document in new.values())
    parts = ([*document.contributions, *theirs] for document, theirs in zip(new.values(), authors, strict=True))
    known = identity_ids(transaction, parts)
    had = [
        {
            "document_id": row_id,
            "identity_id": known[part.identity],
            "role": part.role,
            "at": part.at,
            "message": part.message,
            "likes": part.likes,
            "display_name": part.display_name,
        }
        for row_id, document in new.items()
        for part in document.contributions
    ]
    if had:
        transaction.execute(insert(contributions).on_conflict_do_nothing(), had)
    written = [
        {
            "document_id": row_id,
            "number": message.number,
            "identity_id": None if author is None else known[author.identity],
            "at": message.at,
            "likes": message.likes,
            "accepted": message.accepted,
            "reply_to": message.reply_to,
        }
        for row_id, document in new.items()
        for message, author in document.draft.messages
    ]
    if written:
        transaction.execute(insert(messages), written)


def _documents_of(person: str) -> Select[Any]:
    return (
        select(contributions.c.document_id)
        .join(identities, identities.c.id == contributions.c.identity_id)
        .where(identities.c.person_id == person)
    )


def _save_statement() -> Any:
    statement = insert(documents)
    kept = {column.name: statement.excluded[column.name] for column in documents.c}
    del kept["id"], kept["public_id"], kept["item_id"]
    return statement.on_conflict_do_update(index_elements=["item_id"], set_=kept)


_SAVE = _save_statement()
