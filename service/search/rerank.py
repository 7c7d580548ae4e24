"""The last word on the order of documents: a cross-encoder's for the best of them, a place for rare identifiers, and no
place before its successor for what has been superseded."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from indexer.passages import indexed_text
from service.search.ranked import RankedPassage
from service.search.retrieve import Retrieved


def reread(ranked: Sequence[RankedPassage], retrieved: Retrieved, top: int, weight: float) -> list[RankedPassage]:
    """Documents (best first) in the order that they have once the first `top` are read together with the question:
    their fit becomes (1 - weight) · fit + weight · score, on the same absolute scale."""
    best = ranked[:top]
    if retrieved.cross_encoder is None or not weight or not best:
        return list(ranked)
    scores = retrieved.cross_encoder.score(retrieved.question, [_text(entry) for entry in best])
    read = [
        replace(entry, reasons=replace(entry.reasons, reading=float(score), reading_weight=weight))
        for entry, score in zip(best, scores, strict=True)
    ]
    return best_first([*read, *ranked[top:]])


def keep_rare(exact: Sequence[RankedPassage], others: Sequence[RankedPassage], places: int) -> list[RankedPassage]:
    """All documents, best first, those of `exact` among the first `places` (both are given best first).

    These have a rare identifier of the question, and one word among many weighs little. They are raised no further
    than they must be: of the others, only as many stand before them as leave room for all.
    """
    ahead = max(places - len(exact), 0)
    if ahead < len(others):
        least = math.nextafter(others[ahead].relevance, math.inf)
        exact = [replace(entry, reasons=replace(entry.reasons, least=least)) for entry in exact]
    return best_first([*exact, *others])


def behind_successors(ranked: Sequence[RankedPassage]) -> list[RankedPassage]:
    """All documents, best first, none before the one that has superseded it where that is among them."""
    by_uri: dict[tuple[str, str | None], RankedPassage] = {
        (entry.passage.document.source, entry.passage.document.uri): entry for entry in ranked
    }
    return best_first([_behind(entry, _successors(entry, by_uri)) for entry in ranked])


def _successors(entry: RankedPassage, by_uri: Mapping[tuple[str, str | None], RankedPassage]) -> list[RankedPassage]:
    """What has superseded a document, what has superseded that, and so on."""
    found: list[RankedPassage] = []
    newer = by_uri.get((entry.passage.document.source, entry.passage.document.superseded_by))
    while newer is not None and newer is not entry and newer not in found:
        found.append(newer)
        newer = by_uri.get((newer.passage.document.source, newer.passage.document.superseded_by))
    return found


def _behind(entry: RankedPassage, successors: Sequence[RankedPassage]) -> RankedPassage:
    most = min((successor.relevance for successor in successors), default=math.inf)
    for _ in successors:  # each of a chain needs a value of its own
        most = math.nextafter(most, -math.inf)
    return entry if entry.relevance <= most else replace(entry, reasons=replace(entry.reasons, most=most))


def best_first(ranked: Sequence[RankedPassage]) -> list[RankedPassage]:
    """By relevance; equals stay as they are."""
    return sorted(ranked, key=lambda entry: -entry.relevance)


def _text(entry: RankedPassage) -> str:
    passage = entry.passage
    return indexed_text(passage.document.title, passage.locator.heading, passage.text)
