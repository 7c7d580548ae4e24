"""Ranks people by the documents they had a part in, one vote a document, and keeps the documents as evidence."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

import numpy as np

from indexer.domain.accounts import PersonChoices
from indexer.domain.people import Community, Person, Role
from indexer.store import Transaction, choices, contributions, documents, passages, people
from indexer.store.passages import FoundPassage
from service.auth import ReadableAudiences
from service.experts.reasons import Active, PersonReasons, person_reasons
from service.experts.votes import (
    YEAR,
    Fit,
    Lately,
    Vote,
    active_lately,
    active_since,
    activity_shares,
    cast_votes,
    concerned_communities,
    score,
    shares,
)
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

    passage: FoundPassage
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
    """By person: votes (strongest first), the number of readable documents, what part they had lately in the
    communities concerned, the score, and what they chose of how they are found."""

    votes: Mapping[str, Sequence[Vote]]
    documents: Mapping[str, int]
    lately: Mapping[str, Sequence[Lately]]
    scores: Mapping[str, float]
    choices: Mapping[str, PersonChoices]


def rank_people(
    transaction: Transaction,
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
        transaction, retrieved, readable, settings, now=now, shortlist=shortlist, absent=absent, everybody=everybody
    )
    best = sorted(tally.scores, key=lambda person: (-tally.scores[person], person))
    if shortlist is None:
        telling = _with_telling_document(tally.votes, settings)
        best = [person for person in best if person in telling and tally.scores[person] >= settings.least_score]
        best = best[: settings.shown]
    reasons = _reasons(transaction, best, tally, retrieved, readable, settings, _restraint(settings, shortlist))
    return _described(transaction, best, tally, reasons, readable, settings)


def _with_telling_document(votes: Mapping[str, Sequence[Vote]], settings: ExpertSettings) -> set[str]:
    """Who has a document that fits nearly as well as the best that has people behind it: many that hardly fit make
    nobody one to ask, but somebody is always left."""
    best = {person: max((vote.fit.relevance for vote in cast), default=0.0) for person, cast in votes.items()}
    least = settings.least_fit * max(best.values(), default=0.0)
    return {person for person, relevance in best.items() if relevance >= least}


def score_people(
    transaction: Transaction,
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
    left = retrieved.only(~np.isin(retrieved.candidates.documents, list(absent))) if absent else retrieved
    fits = fits_of(left, settings, settings.expansion if shortlist is None else settings.shortlist_expansion)
    parts = contributions.parts_in(transaction, fits, readable.ids)
    known = _names_of_communities(transaction, readable)
    community_of = {part.document: part.community for part in parts if part.community in known}
    concern = concerned_communities(fits, community_of, settings.least_relevance)
    votes: Mapping[str, Sequence[Vote]]
    votes = cast_votes(fits, parts, concern, settings, moment, shared=shortlist is None)
    chosen = {} if everybody else choices.choices_of(transaction, {*votes, *(shortlist or ())})
    votes = heed(transaction, votes, chosen, retrieved, settings)
    lately: Mapping[str, Sequence[Lately]] = {}
    if shortlist is not None:
        votes = {person: votes.get(person, []) for person in shortlist}
    elif settings.activity_weight:
        until = min(moment, retrieved.query.until or moment)
        since = active_since(settings, moment)
        done = contributions.activity_since(transaction, concern, readable.ids, since, until, absent)
        lately = active_lately(concern, activity_shares(done, settings, moment))
    counts = contributions.count_readable(transaction, votes, readable.ids, until=retrieved.query.until, absent=absent)
    restraint = _restraint(settings, shortlist)
    scores = {
        person: score(cast, counts.get(person, 0), lately.get(person, ()), settings, restraint)
        * retrieved.influence.on_person(person).factor
        for person, cast in votes.items()
    }
    return Tally(votes, counts, lately, scores, chosen)


def _restraint(settings: ExpertSettings, shortlist: Collection[str] | None) -> float:
    return settings.restraint if shortlist is None else settings.shortlist_restraint


def _reasons(
    transaction: Transaction,
    best: Sequence[str],
    tally: Tally,
    retrieved: Retrieved,
    readable: ReadableAudiences,
    settings: ExpertSettings,
    restraint: float,
) -> dict[str, PersonReasons]:
    counted = {vote.part.document for person in best for vote in tally.votes[person][: settings.documents]}
    found = documents.find_by_ids(transaction, counted, readable.ids)
    names = _names_of_communities(transaction, readable)
    return {
        person: person_reasons(
            tally.votes[person],
            found,
            tally.documents.get(person, 0),
            [Active(names[part.community], part) for part in tally.lately.get(person, ()) if part.community in names],
            settings,
            restraint,
            retrieved.influence.on_person(person),
        )
        for person in best
    }


def _names_of_communities(transaction: Transaction, readable: ReadableAudiences) -> dict[int, str]:
    """The names of the communities that the viewer may know of, by row id."""
    ids = passages.community_ids(transaction)
    known = (community for community in people.all_communities(transaction) if community.slug in readable.communities)
    return {ids[community.slug]: community.name for community in known}


def fits_of(retrieved: Retrieved, settings: ExpertSettings, expansion: float) -> dict[int, Fit]:
    """How well each candidate document (by row id) fits, for those that fit well enough to speak for somebody."""
    wider = retrieved.expanded(expansion, settings.fusion)
    found, relevance = wider.candidates, wider.relevance(settings.fusion)
    about = wider.best_mean_of_documents(relevance, ABOUT_PASSAGES)
    return {
        (document := int(found.documents[position])): Fit(
            int(found.passages[position]), float(relevance[position]), about[document]
        )
        for position in wider.best_of_documents(relevance)
        if relevance[position] > settings.least_relevance
    }


def _described(
    transaction: Transaction,
    best: Sequence[str],
    tally: Tally,
    reasons: Mapping[str, PersonReasons],
    readable: ReadableAudiences,
    settings: ExpertSettings,
) -> list[RankedPerson]:
    """The people in the order of `best`, with what a reader wants to know of each."""
    votes = {person: tally.votes[person] for person in best}
    found = people.shown_people(transaction, votes, readable.ids)
    communities = _communities(transaction, votes, readable)
    wanted = [vote.fit.passage for cast in votes.values() for vote in cast[: settings.evidence]]
    stored = passages.find_passages(transaction, wanted)
    ranked = []
    today = datetime.now(UTC).date()
    for person, cast in votes.items():
        chosen = tally.choices.get(person, PersonChoices())
        evidence = tuple(_evidence(cast, stored, settings))
        if person in found:
            ranked.append(
                RankedPerson(
                    found[person],
                    communities.get(person, ()),
                    tally.scores[person],
                    _confidence(evidence, datetime.now(UTC)),
                    evidence,
                    reasons[person].documents,
                    max((entry.at for entry in evidence if entry.at), default=None),
                    reasons[person],
                    chosen.away_on(today),
                    chosen.questions_a_week,
                )
            )
    return ranked


def _communities(
    transaction: Transaction, best: Iterable[str], readable: ReadableAudiences
) -> dict[str, tuple[Community, ...]]:
    found: dict[str, list[Community]] = defaultdict(list)
    for taking_part in people.participations(transaction, readable.ids, people_ids=best):
        if taking_part.community.slug in readable.communities:
            found[taking_part.person.id].append(taking_part.community)
    return {person: tuple(communities) for person, communities in found.items()}


def _evidence(
    votes: Sequence[Vote], stored: Mapping[int, FoundPassage], settings: ExpertSettings
) -> Iterable[Evidence]:
    gains = shares(votes, settings)
    for vote, gain in list(zip(votes, gains, strict=False))[: settings.evidence]:
        if vote.fit.passage in stored:
            share = round(gain / sum(gains), 4)
            yield Evidence(stored[vote.fit.passage], vote.part.role, vote.part.at, vote.part.message, share, vote)


def _confidence(evidence: Sequence[Evidence], now: datetime) -> Confidence:
    telling = [entry for entry in evidence if entry.share >= TELLING_SHARE]
    recent = any(entry.at and now - entry.at < RECENT_YEARS * YEAR for entry in telling)
    if len(telling) >= STRONG_DOCUMENTS and recent:
        return Confidence.STRONG
    return Confidence.FAIR if len(telling) >= FAIR_DOCUMENTS else Confidence.SLIGHT
