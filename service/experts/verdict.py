"""What to do with an answer: read, ask, both, or accept that nobody knows yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from service.experts.people import Confidence, RankedPerson
from service.search import Page
from service.settings import VerdictSettings

AS_GOOD = 0.8  # of the best score: for so little nobody need wait until somebody is back
BANDS = tuple(Confidence)
NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")


class VerdictKind(StrEnum):
    READ = "read"
    ASK = "ask"
    BOTH = "both"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The kind, and a sentence that says it to people."""

    kind: VerdictKind
    sentence: str


def judge(strength: float, page: Page, ranked: Sequence[RankedPerson], settings: VerdictSettings) -> Verdict:
    """The verdict from the corpus as a whole (`strength`), its best document, and the people whose documents speak for
    them. A document that fits well is known whatever the strength: an error code has few neighbours in meaning."""
    readable = page.best_relevance >= settings.read
    if page.best is None or not (readable or strength >= settings.known):
        return Verdict(VerdictKind.NOBODY, "Nobody has written about this yet.")
    worth_asking = [entry for entry in ranked if entry.score >= settings.ask]
    if readable and worth_asking:
        return Verdict(VerdictKind.BOTH, f"{_who(worth_asking)}; “{page.best.title}” covers it best.")
    if worth_asking:
        return Verdict(VerdictKind.ASK, f"{_who(worth_asking)}; what is written only touches on it.")
    if readable:
        return Verdict(VerdictKind.READ, f"“{page.best.title}” covers it best.")
    if ranked:
        return Verdict(VerdictKind.ASK, f"What is written only touches on this; {_one_to_ask(ranked)} comes closest.")
    return Verdict(VerdictKind.READ, "What is written only touches on this.")


def _who(ranked: Sequence[RankedPerson]) -> str:
    number = sum(entry.confidence is not Confidence.SLIGHT for entry in ranked) or len(ranked)
    if number == 1:
        return f"{_one_to_ask(ranked)} knows this"
    return f"{NUMBERS[number] if number < len(NUMBERS) else number} people know this"


def _one_to_ask(ranked: Sequence[RankedPerson]) -> str:
    """The name of the first, or of the next who is here and as good: of nearly the score, on no slighter evidence."""
    first = ranked[0]
    as_good = (
        entry
        for entry in ranked
        if entry.score >= AS_GOOD * first.score and BANDS.index(entry.confidence) <= BANDS.index(first.confidence)
    )
    chosen = next((entry for entry in as_good if entry.away_until is None), first)
    back = chosen.away_until
    return f"{chosen.person.name} (away until {back.day} {back:%B %Y})" if back else chosen.person.name
