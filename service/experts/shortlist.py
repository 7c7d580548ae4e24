"""Ranks given people for a text: whom of these to choose, say to review a paper or to join a call."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from indexer.domain.errors import QueryInvalid
from indexer.domain.people import Person
from indexer.home import Home
from service.auth import Viewer, readable_audiences
from service.directory import find_named_people
from service.experts.people import Confidence, RankedPerson, rank_people
from service.search import OpenIndex, Retrieved, parse_text, retrieve_passages, with_feedback
from service.settings import ServiceSettings, VerdictSettings

MOST_PEOPLE = 500
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class ShortlistedPerson:
    """A person with what they were called in the list, and what speaks for them: perhaps nothing."""

    given: tuple[str, ...]
    ranked: RankedPerson

    @property
    def person(self) -> Person:
        return self.ranked.person

    @property
    def sentence(self) -> str:
        """Why they rank where they do, or that nothing speaks for them."""
        return self.ranked.reasons.sentence()


@dataclass(frozen=True, slots=True)
class Shortlist:
    """Everybody who was given, best first; those for whom nothing speaks come last, in the order they were given.
    `touched` says whether anything they wrote is near the text at all."""

    text: str
    people: tuple[ShortlistedPerson, ...]
    touched: bool
    generation: str
    degraded: str | None
    took_ms: int

    @property
    def with_evidence(self) -> tuple[ShortlistedPerson, ...]:
        return tuple(entry for entry in self.people if entry.ranked.evidence)

    @property
    def without_evidence(self) -> tuple[ShortlistedPerson, ...]:
        return tuple(entry for entry in self.people if not entry.ranked.evidence)

    @property
    def sentence(self) -> str:
        """What the order is worth."""
        supported, total = len(self.with_evidence), len(self.people)
        if not supported:
            return "Nothing that you may read speaks for any of them on this."
        if not self.touched:
            return "What they had a part in hardly touches on this: take the order as a hint."
        if supported == total:
            return "There is evidence for each of them." if total > 1 else "There is evidence for them."
        return f"There is evidence for {supported} of the {total} people."


def rank_shortlist(
    home: Home, index: OpenIndex, text: str, names: Sequence[str], viewer: Viewer, settings: ServiceSettings
) -> Shortlist:
    """Rank the people of these names for a text by what the viewer may read. QueryInvalid, IndexOutdated."""
    start = time.perf_counter()
    query, given = parse_text(text), _checked(names)
    with index.turn, home.database.read() as transaction:
        readable = readable_audiences(transaction, viewer)
        meant = find_named_people(transaction, given, readable)
        ids = frozenset(person.id for person in meant.values())
        retrieved = retrieve_passages(transaction, index, replace(query, people=ids), readable, settings.search)
        retrieved = with_feedback(transaction, index, retrieved, readable, settings.feedback)
        ranked = rank_people(transaction, index.contributed, retrieved, readable, settings.experts, shortlist=ids)
    return Shortlist(
        text=query.text,
        people=tuple(
            _in_order(
                _cautious(ranked, settings.experts.least_fit), {name: person.id for name, person in meant.items()}
            )
        ),
        touched=_touched(retrieved, ranked, settings.verdict),
        generation=retrieved.generation,
        degraded=replace(retrieved, unread=None).shortcomings,
        took_ms=round((time.perf_counter() - start) * 1000),
    )


def _checked(names: Sequence[str]) -> list[str]:
    """The names without what is empty or said twice. QueryInvalid where they are none or too many."""
    given = list(dict.fromkeys(tidy for name in names if (tidy := " ".join(name.replace("\0", " ").split()))))
    if not given:
        raise QueryInvalid("nobody is named: give the people to choose from")
    if len(given) > MOST_PEOPLE:
        raise QueryInvalid(f"{len(given)} people are named: at most {MOST_PEOPLE} are ranked at once")
    if longest := [name for name in given if len(name) > LONGEST_NAME]:
        raise QueryInvalid(f"“{longest[0][:40]}…” is longer than {LONGEST_NAME} characters: give one person at a time")
    return given


def _cautious(ranked: Sequence[RankedPerson], least_fit: float) -> list[RankedPerson]:
    """The people with slight confidence in whoever has no document that fits nearly as well as the best of all: among
    everybody they would not be shown, however many documents they have."""
    least = least_fit * max(map(_best_fit, ranked), default=0.0)
    return [entry if _best_fit(entry) >= least else replace(entry, confidence=Confidence.SLIGHT) for entry in ranked]


def _best_fit(ranked: RankedPerson) -> float:
    return max((counted.vote.fit.relevance for counted in ranked.reasons.votes), default=0.0)


def _in_order(ranked: Iterable[RankedPerson], meant: dict[str, str]) -> Iterable[ShortlistedPerson]:
    given: dict[str, list[str]] = {}
    for name, person in meant.items():
        given.setdefault(person, []).append(name)
    order = {person: place for place, person in enumerate(given)}
    entries = [ShortlistedPerson(tuple(given[entry.person.id]), entry) for entry in ranked]
    yield from (entry for entry in entries if entry.ranked.evidence)
    yield from sorted((e for e in entries if not e.ranked.evidence), key=lambda entry: order[entry.person.id])


def _touched(retrieved: Retrieved, ranked: Sequence[RankedPerson], settings: VerdictSettings) -> bool:
    """Whether these people's documents are as near to the text as a question's must be for the verdict that something
    is known about it."""
    return retrieved.strength() >= settings.known or max(map(_best_fit, ranked), default=0.0) >= settings.read
