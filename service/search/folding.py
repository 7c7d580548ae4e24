"""Shows documents that say nearly the same once, under the one that should be read.

Only pairs fold, never chains: what stands under a document is nearly the same as that document. Who wrote the others
still counts: votes for people are not folded.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from indexer.domain.content import Document, Mark
from indexer.store import Transaction, near_duplicates
from indexer.store.passages import FoundPassage
from service.auth import ReadableAudiences

OUTDATED = (Mark.SUPERSEDED, Mark.RETIRED)
LEAST_OF_BEST = 0.9  # a document that fits the question clearly worse does not take the place of a better one
LONG_AGO = datetime.min.replace(tzinfo=UTC)


class _Ranked(Protocol):
    @property
    def passage(self) -> FoundPassage: ...

    @property
    def relevance(self) -> float: ...


Entry = TypeVar("Entry", bound=_Ranked)


def fold(transaction: Transaction, ranked: Sequence[Entry], readable: ReadableAudiences) -> list[Entry]:
    """The ranking (best first) without what stands under another. A verified or else the newest document of a group
    represents it, a superseded or retired one never does."""
    partners = _partners(transaction, ranked, readable)
    by_document = {entry.passage.document.id: entry for entry in ranked}
    folded: set[int] = set()
    kept: list[Entry] = []
    for entry in ranked:
        if entry.passage.document.id in folded:
            continue
        others = (by_document.get(partner.id) for partner in partners.get(entry.passage.document.id, ()))
        group = [entry, *(other for other in others if other and other.passage.document.id not in folded)]
        chosen = _representative(group)
        under = {partner.id for partner in partners.get(chosen.passage.document.id, ())} if len(group) > 1 else set()
        if chosen.passage.document.mark not in OUTDATED:
            folded |= under
        folded.add(chosen.passage.document.id)
        kept.append(chosen)
    return sorted(kept, key=lambda entry: -entry.relevance)


def also_in(
    transaction: Transaction, ranked: Sequence[Entry], readable: ReadableAudiences
) -> Mapping[int, tuple[Document, ...]]:
    """By row id of a ranked document that may represent others, the readable ones that say nearly the same, whether
    found or not."""
    return _partners(transaction, [e for e in ranked if e.passage.document.mark not in OUTDATED], readable)


def _partners(
    transaction: Transaction, ranked: Sequence[Entry], readable: ReadableAudiences
) -> Mapping[int, tuple[Document, ...]]:
    found = [entry.passage.document.id for entry in ranked]
    return near_duplicates.readable_partners(transaction, found, readable.ids)


def _representative(group: Sequence[Entry]) -> Entry:
    """The best entry comes first in its group; its relevance may be negative, where only a rare word is in it."""
    close = [entry for entry in group[1:] if entry.relevance >= LEAST_OF_BEST * group[0].relevance]
    return max([group[0], *close], key=lambda entry: _standing(entry.passage.document))


def _standing(document: Document) -> tuple[bool, bool, datetime]:
    date = document.updated or document.created or LONG_AGO
    return document.mark not in OUTDATED, document.mark is Mark.VERIFIED, date
