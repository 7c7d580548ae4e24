"""What stands for a document in a ranking."""

from typing import NamedTuple

from indexer.store.passages import ListedPassage
from service.search.reasons import bounded


class RankedPassage(NamedTuple):
    """The best passage of a document, with what makes up its relevance (reasons.py): what it `earned`, and what that
    was raised or lowered to. `position` is its place among the candidates; `reading` is a cross-encoder's score."""

    passage: ListedPassage
    position: int
    earned: float
    reading: float | None = None
    least: float | None = None
    most: float | None = None

    @property
    def relevance(self) -> float:
        return bounded(self.earned, self.least, self.most)
