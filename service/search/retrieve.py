"""Candidates for a question, and how relevant each is on an absolute scale."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from indexer.domain.errors import QueryInvalid
from indexer.embedding import CrossEncoder
from indexer.index import Candidates, QueryTerms, RowFilter
from indexer.store import Transaction, contributions, passages
from service.auth import ReadableAudiences
from service.search.engine import OpenIndex
from service.search.influence import Influence
from service.search.query import Query
from service.search.spelling import Suggestion, suggest
from service.settings import FusionSettings, SearchSettings

TOP = 3
WHOLE = 1_000_000
TELLING_WORDS = 0.07  # of the most that BM25 could be


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The candidates for a question. `degraded` says, in a sentence for people, what the search had to do without.
    `influence` is that of feedback; there is none before `with_feedback`. `suggestion` is what may have been meant;
    `cross_encoder` reads the best again, and `unread` says in a sentence why a wanted one cannot."""

    query: Query
    candidates: Candidates
    generation: str
    degraded: str | None
    influence: Influence = field(default_factory=Influence)
    suggestion: Suggestion | None = None
    cross_encoder: CrossEncoder | None = None
    unread: str | None = None

    @property
    def question(self) -> str:
        """What was searched for: the question as it was asked, or corrected."""
        return self.suggestion.text if self.suggestion and self.suggestion.searched else self.query.text

    @property
    def shortcomings(self) -> str | None:
        """What the search had to do without, all of it; None where that is nothing."""
        return " ".join(filter(None, (self.degraded, self.unread))) or None

    def relevance(self, fusion: FusionSettings) -> NDArray[np.float32]:
        """How well each candidate fits, (n,): (1 - w) · meaning + w · words. Without a query vector the words stand
        alone."""
        words = self.words(fusion)
        if self.degraded:
            return words
        return np.asarray((1 - fusion.word_weight) * self.meaning(fusion) + fusion.word_weight * words, np.float32)

    def meaning(self, fusion: FusionSettings) -> NDArray[np.float32]:
        """How close each candidate is in meaning, (n,): cosine + crowding · (cosine - mean cosine to its neighbours).
        Passages that are close to everything in their field stand back: see indexer/index/crowding.py."""
        found = self.candidates
        return np.asarray(found.cosines + fusion.crowding * (found.cosines - found.crowding), np.float32)

    def words(self, fusion: FusionSettings) -> NDArray[np.float32]:
        """How well the words of each candidate fit, (n,): min(1, scale · BM25 / the most it could be)."""
        return np.asarray(np.minimum(1.0, fusion.word_scale * self.candidates.lexical), np.float32)

    def is_exact(self) -> NDArray[np.bool_]:
        """Which candidates have a rare identifier of the question, (n,)."""
        return np.isin(self.candidates.passages, self.candidates.exact)

    def best_of_documents(self, relevance: NDArray[np.float32]) -> NDArray[np.int64]:
        """Positions of the best candidate of each document, best first; equals in order of passage id."""
        order = np.lexsort((self.candidates.passages, -relevance))
        _, first = np.unique(self.candidates.documents[order], return_index=True)
        return np.asarray(order[np.sort(first)], np.int64)

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
    that does not exist; IndexOutdated where nothing has been indexed yet.
    """
    engine = index.engine()
    rows = _rows(transaction, query, readable)
    per_list = settings.candidates if query.people is None else WHOLE
    vector, degraded = index.query_vector(query.text)
    found = engine.candidates(vector, QueryTerms.of(query.text), rows, per_list)
    suggestion = suggest(transaction, engine, query.text, readable)
    if suggestion and suggestion.certain and not _has_words(found):
        suggestion = replace(suggestion, searched=True)
        vector, degraded = index.query_vector(suggestion.text)
        found = engine.candidates(vector, QueryTerms.of(suggestion.text), rows, per_list)
    cross_encoder, unread = index.cross_encoder()
    return Retrieved(
        query,
        found,
        engine.generation,
        degraded,
        suggestion=suggestion,
        cross_encoder=cross_encoder,
        unread=unread,
    )


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
