"""The last word on the order of documents: a cross-encoder's for the best of them, a place for rare identifiers, and no
place before its successor for what has been superseded."""

import math
from collections.abc import Callable, Mapping, Sequence

from service.search.ranked import RankedPassage
from service.search.reasons import HitReasons


def reread(
    ranked: Sequence[RankedPassage],
    scores: Mapping[int, float],
    reasons: Callable[[RankedPassage], HitReasons],
) -> list[RankedPassage]:
    """Documents (best first) in the order that they have once some passages (ids) are read together with the question,
    with these scores; `reasons` are those of an entry."""
    read = [
        entry._replace(reading=scores[entry.passage.id]) if entry.passage.id in scores else entry for entry in ranked
    ]
    return best_first([entry if entry.reading is None else _with_earned(entry, reasons(entry)) for entry in read])


def keep_rare(exact: Sequence[RankedPassage], others: Sequence[RankedPassage], places: int) -> list[RankedPassage]:
    """All documents, best first, those of `exact` among the first `places` (both are given best first).

    These have a rare identifier of the question, and one word among many weighs little. They are raised no further
    than they must be: of the others, only as many stand before them as leave room for all.
    """
    ahead = max(places - len(exact), 0)
    if ahead < len(others):
        least = math.nextafter(others[ahead].relevance, math.inf)
        exact = [entry._replace(least=least) for entry in exact]
    return best_first([*exact, *others])


def behind_successors(ranked: Sequence[RankedPassage]) -> list[RankedPassage]:
    """All documents, best first, none before the one that has superseded it where that is among them."""
    if not any(entry.passage.superseded_by for entry in ranked):
        return list(ranked)
    by_uri: dict[tuple[str, str | None], RankedPassage] = {
        (entry.passage.source, entry.passage.uri): entry for entry in ranked
    }
    return best_first([_behind(entry, _successors(entry, by_uri)) for entry in ranked])


def _successors(entry: RankedPassage, by_uri: Mapping[tuple[str, str | None], RankedPassage]) -> list[RankedPassage]:
    """What has superseded a document, what has superseded that, and so on."""
    found: list[RankedPassage] = []
    newer = by_uri.get((entry.passage.source, entry.passage.superseded_by))
    while newer is not None and newer is not entry and newer not in found:
        found.append(newer)
        newer = by_uri.get((newer.passage.source, newer.passage.superseded_by))
    return found


def _behind(entry: RankedPassage, successors: Sequence[RankedPassage]) -> RankedPassage:
    most = min((successor.relevance for successor in successors), default=math.inf)
    for _ in successors:  # each of a chain needs a value of its own
        most = math.nextafter(most, -math.inf)
    return entry if entry.relevance <= most else entry._replace(most=most)


def best_first(ranked: Sequence[RankedPassage]) -> list[RankedPassage]:
    """By relevance; equals stay as they are."""
    return sorted(ranked, key=lambda entry: -entry.relevance)


def _with_earned(entry: RankedPassage, reasons: HitReasons) -> RankedPassage:
    return entry._replace(earned=reasons.earned)
