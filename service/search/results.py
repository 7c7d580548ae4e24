"""A page of results, read again from the database: what was deleted or closed since indexing is not shown."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indexer.domain.content import Document
from indexer.index import QueryTerms
from indexer.passages import indexed_text
from indexer.store import Transaction, near_duplicates, passages
from indexer.store.contributions import Contributor
from indexer.store.passages import FoundPassage, ListedPassage
from service.auth import ReadableAudiences
from service.search.contributors import contributors_of
from service.search.folding import OUTDATED, also_in, fold
from service.search.query import make_cursor
from service.search.ranked import RankedPassage
from service.search.reasons import HitReasons, matched_words, words_asked
from service.search.rerank import behind_successors, best_first, keep_rare, reread
from service.search.retrieve import Retrieved
from service.search.snippet import Run, extract
from service.settings import SearchSettings

FIRST_OF_ITS_DOCUMENT = 10


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
    listed = _Listed.of(retrieved, settings)
    found = _rank(transaction, listed, readable)
    offset, limit = retrieved.query.offset, retrieved.query.limit or settings.page_size
    entries = found[offset : offset + limit]
    wanted = {entry.passage.id for entry in (*found[:1], *entries)}
    stored = {
        id: passage
        for id, passage in passages.find_passages(transaction, wanted).items()
        if passage.audience in readable.ids
    }
    shown = [(entry, stored[entry.passage.id]) for entry in entries if entry.passage.id in stored]
    hits = _hits(transaction, shown, listed, readable)
    more = offset + limit < len(found)
    best = stored.get(found[0].passage.id) if found else None
    return Page(
        hits,
        best.document if best else None,
        found[0].relevance if best else 0.0,
        len(found),
        make_cursor(offset + limit) if more else None,
    )


def rank_documents(
    transaction: Transaction, retrieved: Retrieved, readable: ReadableAudiences, settings: SearchSettings
) -> list[RankedPassage]:
    """The best passage of each document that still exists and may be read, with its relevance, best first; of documents
    that say nearly the same only one where `settings.fold` asks for that.

    What has been superseded or retired counts less, and never stands before what took its place.
    """
    return _rank(transaction, _Listed.of(retrieved, settings), readable)


@dataclass(frozen=True, slots=True)
class _Listed:
    """The candidates to list, and what their relevance is made of: each (n,)."""

    retrieved: Retrieved
    neighbours: NDArray[np.float32]
    words: NDArray[np.float32]
    settings: SearchSettings

    @classmethod
    def of(cls, retrieved: Retrieved, settings: SearchSettings) -> "_Listed":
        listed = retrieved.listed(settings.listed)
        return cls(listed, listed.neighbours(), listed.words(settings.fusion), settings)

    def reasons(self, entry: RankedPassage) -> HitReasons:
        """What an entry's relevance is made of."""
        found, settings = self.retrieved.candidates, self.settings
        return HitReasons(
            cosine=None if self.retrieved.degraded else float(found.cosines[entry.position]),
            neighbours=float(self.neighbours[entry.position]),
            crowding=settings.fusion.crowding,
            words=float(self.words[entry.position]),
            word_weight=settings.fusion.word_weight,
            mark=entry.passage.mark,
            standing=_standing(entry.passage, settings),
            feedback=self.retrieved.influence.on_document(entry.passage.document_id),
            reading=entry.reading,
            reading_weight=0.0 if entry.reading is None else settings.rerank_weight,
            least=entry.least,
            most=entry.most,
        )

    def entries(self, passages: Sequence[ListedPassage], positions: NDArray[np.int64]) -> list[RankedPassage]:
        """The passages of the candidates at these positions with what they earn, as reasons.py works it out for one."""
        fusion, influence = self.settings.fusion, self.retrieved.influence
        fit = self.words[positions].astype(np.float64)
        if not self.retrieved.degraded:
            cosines = self.retrieved.candidates.cosines[positions].astype(np.float64)
            meaning = cosines + fusion.crowding * (cosines - self.neighbours[positions].astype(np.float64))
            fit = (1 - fusion.word_weight) * meaning + fusion.word_weight * fit
        earned = fit * np.asarray([_standing(passage, self.settings) for passage in passages], np.float64)
        if influence.effects:
            earned = earned * np.asarray([influence.on_document(p.document_id).factor for p in passages], np.float64)
        return list(map(RankedPassage, passages, positions.tolist(), earned.tolist()))


def _rank(transaction: Transaction, listed: _Listed, readable: ReadableAudiences) -> list[RankedPassage]:
    retrieved, settings = listed.retrieved, listed.settings
    relevance = retrieved.relevance(settings.fusion, listed.neighbours)
    exact = retrieved.is_exact() & (settings.rare_term_places > 0)
    best = retrieved.best_of_documents(relevance + FIRST_OF_ITS_DOCUMENT * exact)
    best = best[(relevance[best] >= settings.least_relevance) | exact[best]]
    ids = retrieved.candidates.passages[best].tolist()
    stored = passages.list_passages(transaction, ids)
    there = [place for place, id in enumerate(ids) if id in stored and stored[id].audience in readable.ids]
    ranked = best_first(listed.entries([stored[ids[place]] for place in there], best[there]))
    ranked = _reread(transaction, ranked, listed)
    kept = frozenset(retrieved.candidates.passages[exact].tolist())
    # What has a rare identifier is folded only under what has it, too.
    rare = [entry for entry in ranked if entry.passage.id in kept]
    others = [entry for entry in ranked if entry.passage.id not in kept]
    if settings.fold:
        pairs = near_duplicates.pairs_among(transaction, [entry.passage.document for entry in ranked])
        rare, others = fold(rare, pairs), fold(others, pairs)
    return behind_successors(keep_rare(rare, others, settings.rare_term_places))


def _reread(transaction: Transaction, ranked: list[RankedPassage], listed: _Listed) -> list[RankedPassage]:
    """The ranking with the word of the cross-encoder on the best, where there is one."""
    cross_encoder, settings = listed.retrieved.cross_encoder, listed.settings
    if cross_encoder is None or not settings.rerank_weight:
        return ranked
    stored = passages.find_passages(transaction, [entry.passage.id for entry in ranked[: settings.rerank_top]])
    texts = [_text(stored[entry.passage.id]) for entry in ranked if entry.passage.id in stored]
    if not texts:
        return ranked
    scores = cross_encoder.score(listed.retrieved.question, texts)
    read = (entry.passage.id for entry in ranked if entry.passage.id in stored)
    return reread(ranked, dict(zip(read, map(float, scores), strict=True)), listed.reasons)


def _standing(passage: ListedPassage, settings: SearchSettings) -> float:
    return settings.outdated_share if passage.mark in OUTDATED else 1.0


def _hits(
    transaction: Transaction,
    shown: Sequence[tuple[RankedPassage, FoundPassage]],
    listed: _Listed,
    readable: ReadableAudiences,
) -> tuple[Hit, ...]:
    settings, question = listed.settings, listed.retrieved.question
    terms, asked = QueryTerms.of(question), words_asked(question)
    documents = [passage.document for _, passage in shown]
    contributors = contributors_of(transaction, [document.id for document in documents], readable)
    also = also_in(transaction, documents, readable) if settings.fold else {}
    return tuple(
        Hit(
            passage,
            round(entry.relevance, 4),
            extract(passage.text, terms, settings.extract_words),
            contributors.get(passage.document.id, ()),
            listed.reasons(entry),
            matched_words(asked, _text(passage)),
            also.get(passage.document.id, ()),
        )
        for entry, passage in shown
    )


def _text(passage: FoundPassage) -> str:
    return indexed_text(passage.document.title, passage.locator.heading, passage.text)
