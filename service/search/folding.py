"""Shows documents that say nearly the same once, under the one that should be read.

Only pairs fold, never chains: what stands under a document is nearly the same as that document. Who wrote the others
still counts: votes for people are not folded.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from indexer.domain.content import Document, Mark
from indexer.store import Transaction, near_duplicates
from service.auth import ReadableAudiences
from service.search.ranked import RankedPassage

OUTDATED = (Mark.SUPERSEDED, Mark.RETIRED)
LEAST_OF_BEST = 0.9  # a document that fits the question clearly worse does not take the place of a better one


def fold(ranked: Sequence[RankedPassage], pairs: Iterable[tuple[int, int]]) -> list[RankedPassage]:
    """The ranking (best first) without what stands under another; `pairs` (row ids) say nearly the same. A verified or
    else the newest document of a group represents it, a superseded or retired one never does."""
    partners = _partners({entry.passage.document: entry for entry in ranked}, pairs)
    if not partners:
        return list(ranked)
    folded: set[int] = set()
    kept: list[RankedPassage] = []
    for entry in ranked:
        if entry.passage.document in folded:
            continue
        others = partners.get(entry.passage.document, ())
        group = [entry, *(other for other in others if other.passage.document not in folded)]
        chosen = _representative(group)
        if len(group) > 1 and chosen.passage.mark not in OUTDATED:
            folded |= {partner.passage.document for partner in partners[chosen.passage.document]}
        folded.add(chosen.passage.document)
        kept.append(chosen)
    return sorted(kept, key=lambda entry: -entry.relevance)


def also_in(
    transaction: Transaction, shown: Iterable[Document], readable: ReadableAudiences
) -> Mapping[int, tuple[Document, ...]]:
    """By row id of a shown document that may represent others, the readable ones that say nearly the same, whether
    found or not."""
    found = [document.id for document in shown if document.mark not in OUTDATED]
    return near_duplicates.readable_partners(transaction, found, readable.ids)


def _partners(
    by_document: Mapping[int, RankedPassage], pairs: Iterable[tuple[int, int]]
) -> dict[int, list[RankedPassage]]:
    """By document (row id) what says nearly the same, in order of public ids."""
    found: dict[int, list[RankedPassage]] = defaultdict(list)
    for one, other in pairs:
        if one in by_document and other in by_document:
            found[one].append(by_document[other])
            found[other].append(by_document[one])
    for partners in found.values():
        partners.sort(key=lambda entry: entry.passage.document_id)
    return found


def _representative(group: Sequence[RankedPassage]) -> RankedPassage:
    """The best entry comes first in its group; its relevance may be negative, where only a rare word is in it."""
    close = [entry for entry in group[1:] if entry.relevance >= LEAST_OF_BEST * group[0].relevance]
    return max([group[0], *close], key=_standing)


def _standing(entry: RankedPassage) -> tuple[bool, bool, str]:
    return entry.passage.mark not in OUTDATED, entry.passage.mark is Mark.VERIFIED, entry.passage.date
