"""A page of results, read again from the database: what was deleted or closed since indexing is not shown."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from indexer.domain.content import Document
from indexer.index import QueryTerms
from indexer.passages import indexed_text
from indexer.store import Transaction, contributions, passages
from indexer.store.contributions import Contributor
from indexer.store.passages import FoundPassage
from service.auth import ReadableAudiences
from service.search.folding import OUTDATED, also_in, fold
from service.search.query import make_cursor
from service.search.ranked import RankedPassage
from service.search.reasons import HitReasons, matched_words
from service.search.rerank import behind_successors, best_first, keep_rare, reread
from service.search.retrieve import Retrieved
from service.search.snippet import Run, extract
from service.settings import SearchSettings

CONTRIBUTORS_SHOWN = 4
FIRST_OF_ITS_DOCUMENT = 10
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
    """A passage of the answer with its extract and the people behind its document. `matched` are the words of the
    question that it has, `also` the readable documents that say nearly the same."""

    passage: FoundPassage
    relevance: float
    extract: list[Run]
    contributors: tuple[Contributor, ...]
    reasons: HitReasons
    matched: tuple[str, ...]
    also: tuple[Document, ...] = ()


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
    shown_ids = [entry.passage.document.id for entry in shown]
    contributors = contributions.contributors_in(transaction, shown_ids, readable.ids)
    also = also_in(transaction, shown, readable) if settings.fold else {}
    hits = tuple(
        replace(
            _hit(entry, _contributors(contributors, entry.passage.document.id), retrieved.question, settings),
            also=also.get(entry.passage.document.id, ()),
        )
        for entry in shown
    )
    more = offset + limit < len(found)
    best, relevance = (found[0].passage.document, found[0].relevance) if found else (None, 0.0)
    return Page(hits, best, relevance, len(found), make_cursor(offset + limit) if more else None)


def rank_documents(
    transaction: Transaction, retrieved: Retrieved, readable: ReadableAudiences, settings: SearchSettings
) -> list[RankedPassage]:
    """The best passage of each document that still exists and may be read, with its relevance, best first; of documents
    that say nearly the same only one where `settings.fold` asks for that.

    What has been superseded or retired counts less, and never stands before what took its place.
    """
    retrieved = retrieved.listed(settings.listed)
    neighbours = retrieved.neighbours()
    relevance = retrieved.relevance(settings.fusion, neighbours)
    exact = retrieved.is_exact() & (settings.rare_term_places > 0)
    best = retrieved.best_of_documents(relevance + FIRST_OF_ITS_DOCUMENT * exact)
    best = best[(relevance[best] >= settings.least_relevance) | exact[best]]
    stored = passages.find_passages(transaction, [int(passage) for passage in retrieved.candidates.passages[best]])
    words = retrieved.words(settings.fusion)
    found = [
        RankedPassage(passage, _reasons(passage.document, retrieved, int(position), words, neighbours, settings))
        for position in best
        if (passage := stored.get(int(retrieved.candidates.passages[position]))) and passage.audience in readable.ids
    ]
    ranked = reread(best_first(found), retrieved, settings.rerank_top, settings.rerank_weight)
    kept = {int(passage) for passage in retrieved.candidates.passages[exact]}
    # What has a rare identifier is folded only under what has it, too.
    groups = [[entry for entry in ranked if (entry.passage.id in kept) is rare] for rare in (True, False)]
    rare, others = (fold(transaction, group, readable) if settings.fold and group else group for group in groups)
    return behind_successors(keep_rare(rare, others, settings.rare_term_places))


def _reasons(
    document: Document,
    retrieved: Retrieved,
    position: int,
    words: NDArray[np.float32],
    neighbours: NDArray[np.float32],
    settings: SearchSettings,
) -> HitReasons:
    return HitReasons(
        cosine=None if retrieved.degraded else float(retrieved.candidates.cosines[position]),
        neighbours=float(neighbours[position]),
        crowding=settings.fusion.crowding,
        words=float(words[position]),
        word_weight=settings.fusion.word_weight,
        mark=document.mark,
        standing=settings.outdated_share if document.mark in OUTDATED else 1.0,
        feedback=retrieved.influence.on_document(document.public_id),
    )


def _hit(ranked: RankedPassage, contributors: tuple[Contributor, ...], question: str, settings: SearchSettings) -> Hit:
    passage = ranked.passage
    return Hit(
        passage,
        round(ranked.relevance, 4),
        extract(passage.text, QueryTerms.of(question), settings.extract_words),
        contributors,
        ranked.reasons,
        matched_words(question, indexed_text(passage.document.title, passage.locator.heading, passage.text)),
    )


def _contributors(parts: list[Contributor], document: int) -> tuple[Contributor, ...]:
    """The people behind a document, each once, whoever answered or wrote first; those who do not want to be found
    together once."""
    there = sorted(
        (part for part in parts if part.document == document),
        key=lambda part: (ORDER_OF_ROLES.index(part.role), -part.likes, part.message or 0, part.name),
    )
    return tuple({part.person: part for part in reversed(there)}.values())[::-1][:CONTRIBUTORS_SHOWN]
