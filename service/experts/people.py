"""Ranks people by the documents they had a part in, one vote a document, and keeps the documents as evidence."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from indexer.contributed import Columns
from indexer.domain.accounts import PersonChoices
from indexer.domain.content import Document
from indexer.domain.feedback import TargetKind
from indexer.domain.people import Community, Person, Role
from indexer.store import Transaction, documents, passages, people
from indexer.store.passages import CitedPassage
from service.auth import ReadableAudiences
from service.contributed import Contributed
from service.experts.activity import NO_ACTIVITY, Activity, active_lately
from service.experts.reasons import Active, PersonReasons, person_reasons
from service.experts.votes import YEAR, Fits, Vote, Votes, cast_votes, concerned_communities, divisors, shares
from service.experts.wishes import heed
from service.search import Retrieved
from service.settings import ExpertSettings

STRONG_DOCUMENTS = 3
FAIR_DOCUMENTS = 2
RECENT_YEARS = 3
TELLING_SHARE = 0.1
ABOUT_PASSAGES = 3


class Confidence(StrEnum):
    """A band from how many documents speak for a person and how recent they are; never a probability."""

    STRONG = "strong"
    FAIR = "fair"
    SLIGHT = "slight"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A document that speaks for a person. `share` is its part of the person's score before restraint; the shares of
    all counted documents add up to 1, of which only the largest are kept. `vote` has the factors."""

    passage: CitedPassage
    role: Role
    at: datetime | None
    message: int | None
    share: float
    vote: Vote


@dataclass(frozen=True, slots=True)
class RankedPerson:
    """A person with the reasons for their rank. `documents` counts all that the viewer may read and they had a part
    in, `last_active` is the latest date among the evidence; `reasons` has every vote that counts. `away_until` is the
    last day of an absence that has begun, `questions_a_week` how often they want to be asked at most."""

    person: Person
    communities: tuple[Community, ...]
    score: float
    confidence: Confidence
    evidence: tuple[Evidence, ...]
    documents: int
    last_active: datetime | None
    reasons: PersonReasons
    away_until: date | None = None
    questions_a_week: int | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """The scores (`values`) of the `voters` (numbers in the `columns`, ascending), and what they are made of: their
    votes, how many readable `documents` those have who are `counted` (numbers, ascending), what part people had lately
    in the communities concerned, and what they chose of how they are found. `without` are people (ids) whose score is 0
    because nothing speaks for them; `communities` are those that the viewer may know of, by row id."""

    columns: Columns
    communities: Mapping[int, Community]
    voters: NDArray[np.int64]
    values: NDArray[np.float64]
    without: Sequence[str]
    votes: Votes
    counted: NDArray[np.int64]
    documents: NDArray[np.int64]
    lately: Activity
    choices: Mapping[str, PersonChoices]

    @property
    def scores(self) -> dict[str, float]:
        """The score of each person (id)."""
        scored = zip(self.voters.tolist(), self.values.tolist(), strict=True)
        return {**{self.columns.ids[number]: value for number, value in scored}, **dict.fromkeys(self.without, 0.0)}

    def score_of(self, person: str) -> float:
        """The score of one of them (id)."""
        number = self.columns.ids.number(person)
        place = int(np.searchsorted(self.voters, -1 if number is None else number))
        return float(self.values[place]) if place < len(self.voters) and self.voters[place] == number else 0.0

    def votes_of(self, person: str, most: int) -> list[Vote]:
        """So many of a person's votes, the strongest first."""
        number = self.columns.ids.number(person)
        return [] if number is None else self.votes.of(number, most)

    def documents_of(self, person: str) -> int:
        """How many documents a person had a part in."""
        number = self.columns.ids.number(person)
        place = np.searchsorted(self.counted, -1 if number is None else number)
        return int(self.documents[place]) if place < len(self.counted) and self.counted[place] == number else 0

    def active(self, person: str) -> list[Active]:
        """A person's part in the recent work of each community that the viewer may know of."""
        number = self.columns.ids.number(person)
        lately = [] if number is None else self.lately.of(number)
        return [
            Active(self.communities[part.community].name, part) for part in lately if part.community in self.communities
        ]


def rank_people(
    transaction: Transaction,
    contributed: Contributed,
    retrieved: Retrieved,
    readable: ReadableAudiences,
    settings: ExpertSettings,
    *,
    now: datetime | None = None,
    shortlist: Collection[str] | None = None,
    absent: Collection[int] = (),
    everybody: bool = False,
) -> list[RankedPerson]:
    """The people to ask, best first; votes.py has the formula.

    With a shortlist (person ids) these people alone are ranked, all of them, and the prolific are restrained more:
    that is the fairer question when somebody has to be chosen. Retrieve with `people` set to the same for that. What is
    `absent` (row ids of documents) counts as never written. What people chose is heeded before any is left out, unless
    `everybody` asks for all: that is to measure a ranking, never to show one.
    """
    tally = score_people(
        transaction,
        contributed,
        retrieved,
        readable,
        settings,
        now=now,
        shortlist=shortlist,
        absent=absent,
        everybody=everybody,
    )
    best = _best(tally) if shortlist is not None else _best_with_telling_document(tally, settings)
    votes = {person: tally.votes_of(person, settings.documents) for person in best}
    counted = {vote.part.document for cast in votes.values() for vote in cast}
    cited = documents.find_by_ids(transaction, counted, readable.ids)
    reasons = _reasons(votes, cited, tally, retrieved, settings, _restraint(settings, shortlist))
    return _described(transaction, votes, cited, tally, reasons, readable, settings)


def _best(tally: Tally) -> list[str]:
    scores = tally.scores
    return sorted(scores, key=lambda person: (-scores[person], person))


def _best_with_telling_document(tally: Tally, settings: ExpertSettings) -> list[str]:
    """The best who have a document that fits nearly as well as the best that has people behind it: many that hardly
    fit make nobody one to ask, but somebody is always left."""
    _, relevance = tally.votes.best()
    asked = np.flatnonzero(
        (relevance >= settings.least_fit * relevance.max(initial=0.0)) & (tally.values >= settings.least_score)
    )
    if len(asked) > settings.shown:
        # The last one's equals, too: among them the id decides.
        least = np.partition(tally.values[asked], -settings.shown)[-settings.shown]
        asked = asked[tally.values[asked] >= least]
    ids = tally.columns.ids
    ranked = sorted((-float(tally.values[place]), ids[int(tally.voters[place])]) for place in asked.tolist())
    return [person for _, person in ranked[: settings.shown]]


def score_people(
    transaction: Transaction,
    contributed: Contributed,
    retrieved: Retrieved,
    readable: ReadableAudiences,
    settings: ExpertSettings,
    *,
    now: datetime | None = None,
    shortlist: Collection[str] | None = None,
    absent: Collection[int] = (),
    everybody: bool = False,
) -> Tally:
    """The score of everybody who has a vote, or who is on the shortlist, with what it is made of."""
    moment = now or datetime.now(UTC)
    known = contributed.now(transaction)
    columns, communities = known.columns, _known_communities(transaction, readable)
    left = retrieved.only(~np.isin(retrieved.candidates.documents, list(absent))) if absent else retrieved
    fits = fits_of(left, settings, settings.expansion if shortlist is None else settings.shortlist_expansion)
    parts = columns.parts_in(fits.documents, readable.ids)
    of_fits = np.zeros(len(fits.documents), np.int64)
    of_fits[parts.places] = np.where(np.isin(parts.communities, list(communities)), parts.communities, 0)
    concern = concerned_communities(fits, of_fits, settings.least_relevance)
    votes = cast_votes(fits, parts, concern, settings, moment, shared=shortlist is None)
    listed = {person: columns.ids.number(person) for person in shortlist or ()}
    asked = np.asarray(sorted(number for number in listed.values() if number is not None), np.int64)
    chosen = _among({} if everybody else known.chosen, votes, asked)
    votes = heed(transaction, votes, chosen, retrieved, settings)
    if shortlist is not None:
        votes = votes.where(np.isin(votes.people, asked))
    voters, totals = votes.totals(settings)
    lately = NO_ACTIVITY
    if shortlist is None and settings.activity_weight:
        until = min(moment, retrieved.query.until or moment)
        lately = active_lately(columns, voters, concern, readable, settings, moment, until, absent)
    counted = _union(voters, asked)
    counts = columns.count_readable(counted, readable.ids, until=retrieved.query.until, absent=absent)
    restrained = divisors(counts[np.searchsorted(counted, voters)], settings, _restraint(settings, shortlist))
    values = totals / restrained * (1 + settings.activity_weight * lately.gains(voters))
    scored = set(voters.tolist()) if listed else set()
    return Tally(
        columns,
        communities,
        voters,
        values * _judged(retrieved, columns, voters),
        sorted(person for person, number in listed.items() if number is None or number not in scored),
        votes,
        counted,
        counts,
        lately,
        {columns.ids[number]: choice for number, choice in chosen.items()},
    )


def _among(chosen: Mapping[int, PersonChoices], votes: Votes, shortlist: NDArray[np.int64]) -> dict[int, PersonChoices]:
    """What those (numbers) chose who have a vote, and those on the shortlist."""
    if not chosen:
        return {}
    return {number: chosen[number] for number in _union(votes.voters(), shortlist).tolist() if number in chosen}


def _union(voters: NDArray[np.int64], shortlist: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.union1d(voters, shortlist) if len(shortlist) else voters


def _judged(retrieved: Retrieved, columns: Columns, voters: NDArray[np.int64]) -> NDArray[np.float64]:
    """The factor of feedback on each of the voters (numbers, ascending)."""
    factors = np.ones(len(voters))
    for target, effect in retrieved.influence.effects.items():
        number = columns.ids.number(target.id) if target.kind is TargetKind.PERSON else None
        if number is not None:
            factors[voters == number] = effect.factor
    return factors


def _restraint(settings: ExpertSettings, shortlist: Collection[str] | None) -> float:
    return settings.restraint if shortlist is None else settings.shortlist_restraint


def _reasons(
    votes: Mapping[str, Sequence[Vote]],
    cited: Mapping[int, Document],
    tally: Tally,
    retrieved: Retrieved,
    settings: ExpertSettings,
    restraint: float,
) -> dict[str, PersonReasons]:
    return {
        person: person_reasons(
            cast,
            cited,
            tally.documents_of(person),
            tally.active(person),
            settings,
            restraint,
            retrieved.influence.on_person(person),
        )
        for person, cast in votes.items()
    }


def _known_communities(transaction: Transaction, readable: ReadableAudiences) -> dict[int, Community]:
    """The communities that the viewer may know of, by row id."""
    communities = people.communities_by_row(transaction)
    return {row: community for row, community in communities.items() if community.slug in readable.communities}


def fits_of(retrieved: Retrieved, settings: ExpertSettings, expansion: float) -> Fits:
    """How well each candidate document fits, for those that fit well enough to speak for somebody."""
    wider = retrieved.expanded(expansion, settings.fusion)
    found, relevance = wider.candidates, wider.relevance(settings.fusion)
    best = wider.best_of_documents(relevance)
    best = best[relevance[best] > settings.least_relevance]
    known, about = wider.best_mean_of_documents(relevance, ABOUT_PASSAGES)
    rows = found.documents[best]
    return Fits(rows, found.passages[best], relevance[best].astype(np.float64), about[np.searchsorted(known, rows)])


def _described(
    transaction: Transaction,
    votes: Mapping[str, Sequence[Vote]],
    cited: Mapping[int, Document],
    tally: Tally,
    reasons: Mapping[str, PersonReasons],
    readable: ReadableAudiences,
    settings: ExpertSettings,
) -> list[RankedPerson]:
    """The people in the order of their `votes`, with what a reader wants to know of each; `cited` are the readable
    documents of the votes, by row id."""
    found = people.shown_people(transaction, votes, readable.ids)
    communities = _communities(transaction, votes, tally, readable)
    wanted = [vote.fit.passage for cast in votes.values() for vote in cast[: settings.evidence]]
    stored = passages.cite_passages(transaction, wanted, cited)
    ranked = []
    now = datetime.now(UTC)
    for person, cast in votes.items():
        chosen = tally.choices.get(person, PersonChoices())
        evidence = tuple(_evidence(cast, stored, settings))
        if person in found:
            ranked.append(
                RankedPerson(
                    found[person],
                    communities.get(person, ()),
                    tally.score_of(person),
                    _confidence(evidence, now),
                    evidence,
                    reasons[person].documents,
                    max((entry.at for entry in evidence if entry.at), default=None),
                    reasons[person],
                    chosen.away_on(now.date()),
                    chosen.questions_a_week,
                )
            )
    return ranked


def _communities(
    transaction: Transaction, best: Collection[str], tally: Tally, readable: ReadableAudiences
) -> dict[str, tuple[Community, ...]]:
    """By person the communities they take part in: those they have most to say in first."""
    standing = people.standings_in(transaction, best)
    contributed = tally.columns.communities_of(best, readable.ids)
    found: dict[str, list[tuple[int, int, str, Community]]] = {person: [] for person in best}
    for person, row in standing.keys() | contributed.keys():
        if community := tally.communities.get(row):
            rank = standing.get((person, row), people.NO_MEMBER)
            found[person].append((rank, -contributed.get((person, row), 0), community.name, community))
    return {
        person: tuple(entry[-1] for entry in sorted(theirs, key=lambda e: e[:3])) for person, theirs in found.items()
    }


def _evidence(
    votes: Sequence[Vote], stored: Mapping[int, CitedPassage], settings: ExpertSettings
) -> Iterable[Evidence]:
    gains = shares(votes, settings)
    total = sum(gains)
    for vote, gain in list(zip(votes, gains, strict=False))[: settings.evidence]:
        if vote.fit.passage in stored:
            share = round(gain / total, 4)
            yield Evidence(stored[vote.fit.passage], vote.part.role, vote.part.at, vote.part.message, share, vote)


def _confidence(evidence: Sequence[Evidence], now: datetime) -> Confidence:
    telling = [entry for entry in evidence if entry.share >= TELLING_SHARE]
    recent = any(entry.at and now - entry.at < RECENT_YEARS * YEAR for entry in telling)
    if len(telling) >= STRONG_DOCUMENTS and recent:
        return Confidence.STRONG
    return Confidence.FAIR if len(telling) >= FAIR_DOCUMENTS else Confidence.SLIGHT
