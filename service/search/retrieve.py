"""Candidates for a question, and how relevant each is on an absolute scale."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indexer.domain.errors import QueryInvalid
from indexer.index import Candidates, QueryTerms, RowFilter
from indexer.store import Transaction, contributions, passages
from service.auth import ReadableAudiences
from service.search.engine import OpenIndex
from service.search.query import Query
from service.settings import SearchSettings

TOP = 3
WHOLE = 1_000_000


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The candidates for a question. `degraded` says, in a sentence for people, what the search had to do without."""

    query: Query
    candidates: Candidates
    generation: str
    degraded: str | None

    def relevance(self, word_weight: float, word_scale: float) -> NDArray[np.float32]:
        """How well each candidate fits, (n,): (1 - w) · cosine + w · min(1, scale · BM25 / the most it could be).

        Without a query vector the words stand alone.
        """
        words = np.minimum(1.0, word_scale * self.candidates.lexical)
        if self.degraded:
            return np.asarray(words, np.float32)
        return np.asarray((1 - word_weight) * self.candidates.cosines + word_weight * words, np.float32)

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

    QueryInvalid for a community that does not exist; IndexOutdated where nothing has been indexed yet.
    """
    engine = index.engine()
    vector, degraded = index.query_vector(query.text)
    rows = _rows(transaction, query, readable)
    per_list = settings.candidates if query.people is None else WHOLE
    found = engine.candidates(vector, QueryTerms.of(query.text), rows, per_list)
    return Retrieved(query, found, engine.generation, degraded)


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
