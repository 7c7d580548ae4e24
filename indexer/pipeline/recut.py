"""How documents would be split today, from their stored text: no source is needed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from indexer.domain.content import ParsedDocument, Passage
from indexer.passages import split
from indexer.settings import PassageSettings
from indexer.store import Transaction, blocks, documents, passages


@dataclass(frozen=True, slots=True)
class Recut:
    """A document (row id) that would be split otherwise than it is, with its new passages."""

    document: int
    passages: tuple[Passage, ...]


def recut(
    transaction: Transaction,
    document_ids: Sequence[int],
    settings: PassageSettings,
    left_out: Mapping[int, frozenset[int]] | None = None,
) -> Iterator[Recut]:
    """Those of the documents (row ids) whose passages would be others, leaving out the boilerplate that they leave out
    now, or of those in `left_out` what stands there."""
    left_out = blocks.left_out_of(transaction, document_ids) | dict(left_out or {})
    present = passages.cuts_of(transaction, document_ids)
    for document in document_ids:
        title = documents.title_of(transaction, document)
        parsed = ParsedDocument(title, tuple(documents.read_blocks(transaction, document)))
        new = split(parsed, settings, left_out.get(document, frozenset()))
        if [(passage.ordinal, passage.digest) for passage in new] != present.get(document, []):
            yield Recut(document, new)
