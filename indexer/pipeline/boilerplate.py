"""Leaves blocks that many documents of a source repeat out of their passages.

What is boilerplate follows from the documents that the source has now, so a run that adds, changes or removes some ends
with the passages that a rebuild would give. Only documents whose own boilerplate has changed are split again, from
their stored text.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from indexer.domain.content import ParsedDocument
from indexer.home import Home
from indexer.passages import block_digests, split
from indexer.settings import PassageSettings
from indexer.store import Transaction, blocks, documents
from indexer.store.blocks import DocumentBlocks

DOCUMENTS_A_TRANSACTION = 50


def leave_out_boilerplate(home: Home, source: str, settings: PassageSettings) -> int:
    """Bring the passages of a source in line with what is boilerplate now; gives how many documents were split again.

    A run that is killed on the way is taken up by the next: each document's row says what its passages leave out.
    """
    _digest_new(home, source)
    with home.database.read() as transaction:
        known = blocks.digested(transaction, source)
    wanted = zip(known, to_leave_out(known, settings), strict=True)
    changed = ((entry.document, now) for entry, now in wanted if now != entry.left_out)
    split_again = 0
    while batch := list(islice(changed, DOCUMENTS_A_TRANSACTION)):
        with home.database.begin() as transaction:
            for document, left_out in batch:
                _split_again(transaction, document, left_out, settings)
        split_again += len(batch)
    return split_again


def to_leave_out(known: Sequence[DocumentBlocks], settings: PassageSettings) -> Iterator[frozenset[int]]:
    """What each document's passages leave out: the blocks that at least `boilerplate_documents` documents and
    `boilerplate_share` of all hold, except in the first of these, so that nothing becomes impossible to find."""
    if not known:
        return
    everything = np.concatenate([entry.digests for entry in known])
    holders = np.repeat(np.arange(len(known)), [len(entry.digests) for entry in known])
    digests, first, counts = np.unique(everything, return_index=True, return_counts=True)
    least = max(settings.boilerplate_documents, math.ceil(settings.boilerplate_share * len(known)))
    common = counts >= least
    keeper = dict(zip(digests[common].tolist(), holders[first[common]].tolist(), strict=True))
    for number, entry in enumerate(known):
        yield frozenset(digest for digest in entry.digests.tolist() if keeper.get(digest, number) != number)


def _digest_new(home: Home, source: str) -> None:
    with home.database.read() as transaction:
        new = iter(blocks.undigested(transaction, source))
    while batch := list(islice(new, DOCUMENTS_A_TRANSACTION)):
        with home.database.begin() as transaction:
            texts = {document: documents.read_blocks(transaction, document) for document in batch}
            blocks.save_digests(transaction, {document: block_digests(text) for document, text in texts.items()})


def _split_again(transaction: Transaction, document: int, left_out: frozenset[int], settings: PassageSettings) -> None:
    title = documents.title_of(transaction, document)
    parsed = ParsedDocument(title, tuple(documents.read_blocks(transaction, document)))
    documents.replace_passages(transaction, document, split(parsed, settings, left_out))
    blocks.save_left_out(transaction, document, left_out)
