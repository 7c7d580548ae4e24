"""Leaves blocks that many documents of a source and an audience repeat out of their passages.

What is boilerplate follows from the documents that the source has now, so a run that adds, changes or removes some ends
with the passages that a rebuild would give. Only documents whose own boilerplate has changed are split again, from
their stored text.
"""

from collections.abc import Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from indexer.domain.content import ParsedDocument
from indexer.domain.progress import Progress, ReportProgress, ignore_progress
from indexer.home import Home
from indexer.passages import block_digests, split
from indexer.settings import PassageSettings
from indexer.store import Transaction, blocks, documents
from indexer.store.blocks import SourceBlocks

DOCUMENTS_A_TRANSACTION = 50


def leave_out_boilerplate(
    home: Home, source: str, settings: PassageSettings, report: ReportProgress = ignore_progress
) -> int:
    """Bring the passages of a source in line with what is boilerplate now; gives how many documents were split again.

    A run that is killed on the way is taken up by the next: each document's row says what its passages leave out.
    """
    _digest_new(home, source, report)
    with home.database.read() as transaction:
        known = blocks.digested(transaction, source)
    changed = changed_documents(known, settings)
    split_again = 0
    while batch := list(islice(changed, DOCUMENTS_A_TRANSACTION)):
        with home.database.begin() as transaction:
            for document, left_out in batch:
                _split_again(transaction, document, left_out, settings)
        split_again += len(batch)
        report(Progress(f"splitting {source} again", split_again, None, "documents"))
    return split_again


def changed_documents(known: SourceBlocks, settings: PassageSettings) -> Iterator[tuple[int, frozenset[int]]]:
    """The documents (row ids) whose passages have to leave out other blocks than they do, with what that is."""
    left_out = is_left_out(known, settings)
    wanted = known.digests[left_out]
    holders = np.repeat(np.arange(len(known.documents)), known.counts)
    counts = np.bincount(holders[left_out], minlength=len(known.documents))
    ends, known_ends = np.cumsum(counts), np.cumsum(known.left_out_counts)
    for number in np.flatnonzero(counts + known.left_out_counts):
        now = wanted[ends[number] - counts[number] : ends[number]]
        before = known.left_out[known_ends[number] - known.left_out_counts[number] : known_ends[number]]
        if not np.array_equal(now, before):
            yield int(known.documents[number]), frozenset(now.tolist())


def is_left_out(known: SourceBlocks, settings: PassageSettings) -> NDArray[np.bool_]:
    """Which digests passages leave out: the blocks that at least `boilerplate_documents` documents and
    `boilerplate_share` of all hold, except in the first of these, so that nothing becomes impossible to find.

    Each audience is counted apart: what documents hold that somebody may not read changes nothing in those they may.
    """
    _, audience_of, sizes = np.unique(known.audiences, return_inverse=True, return_counts=True)
    audiences = np.repeat(audience_of, known.counts)
    _, blocks_of = np.unique(known.digests, return_inverse=True)
    shared = blocks_of * len(sizes) + audiences
    _, first, of, counts = np.unique(shared, return_index=True, return_inverse=True, return_counts=True)
    least = np.maximum(settings.boilerplate_documents, np.ceil(settings.boilerplate_share * sizes))
    return np.asarray((counts[of] >= least[audiences]) & (first[of] != np.arange(len(of))), np.bool_)


def _digest_new(home: Home, source: str, report: ReportProgress) -> None:
    with home.database.read() as transaction:
        undigested = blocks.undigested(transaction, source)
    new, done = iter(undigested), 0
    while batch := list(islice(new, DOCUMENTS_A_TRANSACTION)):
        with home.database.begin() as transaction:
            texts = {document: documents.read_blocks(transaction, document) for document in batch}
            blocks.save_digests(transaction, {document: block_digests(text) for document, text in texts.items()})
        done += len(batch)
        report(Progress(f"comparing {source}", done, len(undigested), "documents"))


def _split_again(transaction: Transaction, document: int, left_out: frozenset[int], settings: PassageSettings) -> None:
    title = documents.title_of(transaction, document)
    parsed = ParsedDocument(title, tuple(documents.read_blocks(transaction, document)))
    documents.replace_passages(transaction, document, split(parsed, settings, left_out))
    blocks.save_left_out(transaction, document, left_out)
