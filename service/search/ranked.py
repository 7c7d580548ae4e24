"""What stands for a document in a ranking."""

from dataclasses import dataclass

from indexer.store.passages import FoundPassage
from service.search.reasons import HitReasons


@dataclass(frozen=True, slots=True)
class RankedPassage:
    """The best passage of a document, with the reasons for its relevance."""

    passage: FoundPassage
    reasons: HitReasons

    @property
    def relevance(self) -> float:
        return self.reasons.relevance
