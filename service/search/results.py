"""A page of results, read again from the database: what was deleted or closed since indexing is not shown."""

from dataclasses import dataclass

from indexer.domain.content import Document, Mark
from indexer.index import QueryTerms
from indexer.store import Transaction, contributions, passages
from indexer.store.contributions import Part
from indexer.store.passages import FoundPassage
from service.auth import ReadableAudiences
from service.search.query import make_cursor
from service.search.retrieve import Retrieved
from service.search.snippet import Run, extract
from service.settings import SearchSettings

CONTRIBUTORS_SHOWN = 4
OUTDATED = (Mark.SUPERSEDED, Mark.RETIRED)
ORDER_OF_ROLES = (
    "accepted answerer",
    "author",
    "maintainer",
    "answerer",
    "reviewer",
    "approver",
    "commenter",
    "asker",
)


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage of the answer with its extract and the people behind its document."""

    passage: FoundPassage
    relevance: float
    extract: list[Run]
    contributors: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Hits, best first; the best document of all pages with its relevance; how many were found; and the cursor of the
    next page."""

    hits: tuple[Hit, ...]
    best: Document | None
    best_relevance: float
    total: int
    next: str | None


def load_page(
    transaction: Transaction, retrieved: Retrieved, readable: ReadableAudiences, settings: SearchSettings
) -> Page:
    """The page of results that the query asks for, one passage a document."""
    found = rank_documents(transaction, retrieved, readable, settings)
    offset, limit = retrieved.query.offset, retrieved.query.limit or settings.page_size
    shown = found[offset : offset + limit]
    parts = contributions.parts_in(transaction, [passage.document.id for passage, _ in shown], readable.ids)
    terms = QueryTerms.of(retrieved.query.text)
    hits = tuple(
        Hit(
            passage,
            round(relevance, 4),
            extract(passage.text, terms, settings.extract_words),
            _contributors(parts, passage.document.id),
        )
        for passage, relevance in shown
    )
    more = offset + limit < len(found)
    best, relevance = (found[0][0].document, found[0][1]) if found else (None, 0.0)
    return Page(hits, best, relevance, len(found), make_cursor(offset + limit) if more else None)


def rank_documents(
    transaction: Transaction, retrieved: Retrieved, readable: ReadableAudiences, settings: SearchSettings
) -> list[tuple[FoundPassage, float]]:
    """The best passage of each document that still exists and may be read, with its relevance, best first.

    What has been superseded or retired counts less, so that it stands behind what took its place.
    """
    relevance = retrieved.relevance(settings.word_weight, settings.word_scale)
    best = retrieved.best_of_documents(relevance)
    best = best[relevance[best] >= settings.least_relevance]
    stored = passages.find_passages(transaction, [int(passage) for passage in retrieved.candidates.passages[best]])
    found = [
        (passage, float(relevance[position]) * (settings.outdated_share if passage.document.mark in OUTDATED else 1))
        for position in best
        if (passage := stored.get(int(retrieved.candidates.passages[position]))) and passage.audience in readable.ids
    ]
    return sorted(found, key=lambda entry: -entry[1])


def _contributors(parts: list[Part], document: int) -> tuple[Part, ...]:
    """The people behind a document, each once, whoever answered or wrote first."""
    there = sorted(
        (part for part in parts if part.document == document),
        key=lambda part: (ORDER_OF_ROLES.index(part.role), -part.likes, part.message or 0, part.name),
    )
    return tuple({part.person: part for part in reversed(there)}.values())[::-1][:CONTRIBUTORS_SHOWN]
