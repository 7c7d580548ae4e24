"""The shapes of a shortlist: people given, the same people ranked."""

from typing import Annotated

from pydantic import Field

from service.api.schemas import SupportedPerson, ranked_out
from service.api.shape import Shape
from service.experts import LONGEST_NAME, MOST_PEOPLE, Confidence, Shortlist, ShortlistedPerson
from service.search import LONGEST_TEXT

ABOUT_PEOPLE = "Ids, addresses, handles (also namespace:handle) or full names of the people to rank"


class ShortlistIn(Shape):
    """A text, such as a question or a whole abstract, and the people to rank for it."""

    text: str = Field(min_length=1, max_length=LONGEST_TEXT)
    people: list[Annotated[str, Field(max_length=LONGEST_NAME)]] = Field(
        min_length=1, max_length=MOST_PEOPLE, description=ABOUT_PEOPLE
    )
    limit: int | None = Field(default=None, ge=1, description="How many of the best are returned; all without it")
    explain: bool = Field(default=False, description="Whether to give the reasons for each rank in numbers, too")


class ShortlistedPersonOut(SupportedPerson):
    """A person as an answer has them, and why they stand where they do."""

    given: list[str] = Field(description="What they were called in the request")
    confidence: Confidence | None = Field(description="null where nothing that you may read speaks for them")
    sentence: str = Field(description="What speaks for them, or that nothing does")


class ShortlistOut(Shape):
    """Everybody who was given, best first; those for whom nothing speaks come last, in the order they were given."""

    text: str
    sentence: str = Field(description="What the order is worth")
    people: list[ShortlistedPersonOut]
    total: int = Field(description="How many people were ranked")
    generation: str
    degraded: str | None
    took_ms: int


def shortlist_out(found: Shortlist, *, limit: int | None = None, explain: bool = False) -> ShortlistOut:
    return ShortlistOut(
        text=found.text,
        sentence=found.sentence,
        people=[_shortlisted_out(entry, explain) for entry in found.people[:limit]],
        total=len(found.people),
        generation=found.generation,
        degraded=found.degraded,
        took_ms=found.took_ms,
    )


def _shortlisted_out(entry: ShortlistedPerson, explain: bool) -> ShortlistedPersonOut:
    ranked = ranked_out(entry.ranked, explain)
    return ShortlistedPersonOut(
        **ranked.model_dump(exclude={"confidence"}),
        confidence=ranked.confidence if ranked.evidence else None,
        given=list(entry.given),
        sentence=entry.sentence,
    )
