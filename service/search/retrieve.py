"""Candidates for a question, and how relevant each is on an absolute scale."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from indexer.domain.errors import QueryInvalid
from indexer.embedding import CrossEncoder
from indexer.index import Candidates, QueryTerms, RowFilter, crowding_of
from indexer.store import Transaction, contributions, passages
from service.auth import ReadableAudiences
from service.search.engine import OpenIndex, Serving
from service.search.influence import Influence
from service.search.models import QueryModel
from service.search.query import Query
from service.search.spelling import Suggestion, suggest
from service.settings import FusionSettings, SearchSettings

TOP = 3
WHOLE = 1_000_000
EXPANDED_BY = 20  # documents
MOST_COMPARED = 50  # texts
TELLING_WORDS = 0.07  # of the most that BM25 could be


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The candidates for a question, and its unit vector where it has one. `degraded` says, in a sentence for people,
    what the search had to do without. `influence` is that of feedback; there is none before `with_feedback`.
    `suggestion` is what may have been meant; `cross_encoder` reads the best again, and `unread` says in a sentence why
    a wanted one cannot; `missing` says what a damaged index lacks. `model` made the vector."""

    query: Query
    candidates: Candidates
    generation: str
    degraded: str | None
    vector: NDArray[np.float32] | None = None
    influence: Influence = field(default_factory=Influence)
    suggestion: Suggestion | None = None
    cross_encoder: CrossEncoder | None = None
    unread: str | None = None
    missing: str | None = None
    model: QueryModel | None = None

    @property
    def question(self) -> str:
        """What was searched for: the question as it was asked, or corrected."""
        return self.suggestion.text if self.suggestion and self.suggestion.searched else self.query.text

    @property
    def shortcomings(self) -> str | None:
        """What the search had to do without, all of it; None where that is nothing."""
        return " ".join(filter(None, (self.degraded, self.missing, self.unread))) or None

    def relevance(self, fusion: FusionSettings, neighbours: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """How well each candidate fits, (n,): (1 - w) · meaning + w · words. Without a query vector the words stand
        alone. `neighbours` are those of `neighbours()`, for who has them already."""
        words = self.words(fusion)
        if self.degraded:
            return words
        return np.asarray(
            (1 - fusion.word_weight) * self.meaning(fusion, neighbours) + fusion.word_weight * words, np.float32
        )

    def meaning(self, fusion: FusionSettings, neighbours: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """How close each candidate is in meaning, (n,): cosine + crowding · (cosine - mean cosine to its neighbours).
        Passages that are close to everything in their field stand back: see indexer/index/crowding.py."""
        cosines = self.candidates.cosines
        if not fusion.crowding:
            return cosines
        around = self.neighbours() if neighbours is None else neighbours
        return np.asarray(cosines + fusion.crowding * (cosines - around), np.float32)

    def neighbours(self) -> NDArray[np.float32]:
        """The mean cosine of each candidate to its ten nearest, (n,)."""
        found = self.candidates
        return crowding_of(found.vectors, found.documents, found.cosines)

    def words(self, fusion: FusionSettings) -> NDArray[np.float32]:
        """How well the words of each candidate fit, (n,): min(1, scale · BM25 / the most it could be)."""
        return np.asarray(np.minimum(1.0, fusion.word_scale * self.candidates.lexical), np.float32)

    def likeness(self, texts: Sequence[str]) -> dict[str, float]:
        """How close in meaning these texts are to the question, a cosine by text; of more than 50 only the first."""
        if self.vector is None or self.model is None:
            return {}
        vectors = self.model.query_vectors(texts[:MOST_COMPARED])
        return {text: float(self.vector @ vector) for text, vector in vectors.items()}

    def only(self, keep: NDArray[np.bool_]) -> "Retrieved":
        """The same with those candidates that the mask, (n,), keeps."""
        return replace(self, candidates=self.candidates.kept(keep))

    def listed(self, per_list: int) -> "Retrieved":
        """The same with only so many candidates by meaning and by words: those to list."""
        return replace(self, candidates=self.candidates.nearest(per_list))

    def expanded(self, share: float, fusion: FusionSettings) -> "Retrieved":
        """The same for the question moved towards what fits it best, its vector q becoming unit((1 - share) · q +
        share · m) with m the unit mean of the best passages of the 20 best documents, each by its relevance.

        Pseudo-relevance feedback after J. Rocchio (1971): the people whose work is about the subject are found by what
        else is written about it, not only by the words of this question.
        """
        if self.vector is None or not share or not len(self.candidates.passages):
            return self
        relevance = self.relevance(fusion)
        best = self.best_of_documents(relevance)[:EXPANDED_BY]
        towards = _unit(np.maximum(relevance[best], 0) @ self.candidates.vectors[best])
        cosines = self.candidates.vectors @ _unit((1 - share) * self.vector + share * towards)
        return replace(self, candidates=replace(self.candidates, cosines=cosines))

    def is_exact(self) -> NDArray[np.bool_]:
        """Which candidates have a rare identifier of the question, (n,)."""
        return np.isin(self.candidates.passages, self.candidates.exact)

    def best_of_documents(self, relevance: NDArray[np.float32]) -> NDArray[np.int64]:
        """Positions of the best candidate of each document, best first; equals in order of passage id."""
        order = np.lexsort((self.candidates.passages, -relevance))
        _, first = np.unique(self.candidates.documents[order], return_index=True)
        return np.asarray(order[np.sort(first)], np.int64)

    def best_mean_of_documents(
        self, relevance: NDArray[np.float32], number: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The documents (row ids, ascending), and the mean relevance of the best so many candidates of each, of fewer
        where it has fewer."""
        documents = self.candidates.documents
        order = np.lexsort((-relevance, documents))
        found, starts, counts = np.unique(documents[order], return_index=True, return_counts=True)
        counted = np.arange(len(order)) - np.repeat(starts, counts) < number
        places = np.repeat(np.arange(len(found)), counts)[counted]
        sums = np.bincount(places, relevance[order[counted]], len(found))
        return found, sums / np.bincount(places, minlength=len(found))

    def strength(self) -> float:
        """How much the corpus has to say: the mean of the three best cosines tells in-domain from foreign questions.

        Without a query vector, the mean of the three best shares of words.
        """
        told = self.candidates.lexical if self.degraded else self.candidates.cosines
        return float(np.sort(told)[-TOP:].sum() / TOP)


def retrieve_passages(
    transaction: Transaction, index: OpenIndex, query: Query, readable: ReadableAudiences, settings: SearchSettings
) -> Retrieved:
    """The best passages by meaning and by words among those that the viewer may read and the filters allow.

    A question whose words are found nowhere is searched for as it was certainly meant. QueryInvalid for a community
    that does not exist; IndexOutdated where nothing has been indexed yet, IndexCorrupt where none of it can be read.
    """
    return index.ask(lambda serving: _retrieve(transaction, index, serving, query, readable, settings))


def _retrieve(
    transaction: Transaction,
    index: OpenIndex,
    serving: Serving,
    query: Query,
    readable: ReadableAudiences,
    settings: SearchSettings,
) -> Retrieved:
    engine, model = serving.engine, serving.model
    withdrawn = index.withdrawn.from_viewer(transaction, engine.generation, readable)
    rows = replace(_rows(transaction, query, readable), without=withdrawn)
    per_list = settings.candidates if query.people is None else WHOLE
    vector, degraded = model.query_vector(query.text)
    found = engine.candidates(vector, QueryTerms.of(query.text), rows, per_list)
    suggestion = suggest(transaction, engine, query.text, readable, withdrawn)
    if suggestion and suggestion.certain and not _has_words(found):
        suggestion = replace(suggestion, searched=True)
        vector, degraded = model.query_vector(suggestion.text)
        found = engine.candidates(vector, QueryTerms.of(suggestion.text), rows, per_list)
    cross_encoder, unread = index.cross_encoder()
    return Retrieved(
        query,
        found,
        engine.generation,
        degraded,
        vector,
        suggestion=suggestion,
        cross_encoder=cross_encoder,
        unread=unread,
        missing=serving.note,
        model=model,
    )


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32)


def _has_words(found: Candidates) -> bool:
    """Whether the words of a candidate say enough to believe that the question was meant as it was typed."""
    return float(found.lexical.max(initial=0.0)) >= TELLING_WORDS


def _rows(transaction: Transaction, query: Query, readable: ReadableAudiences) -> RowFilter:
    communities = None
    if query.communities:
        known = passages.community_ids(transaction)
        unknown = sorted(query.communities - (known.keys() & readable.communities))
        if unknown:
            raise QueryInvalid(f"there is no community {', '.join(unknown)}; Communities lists those there are")
        communities = frozenset(known[slug] for slug in query.communities)
    theirs = None if query.people is None else frozenset(contributions.documents_of(transaction, query.people))
    return RowFilter(readable.ids, communities, query.kinds or None, query.since, query.until, theirs)
