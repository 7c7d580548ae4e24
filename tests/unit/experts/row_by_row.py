"""Ranking people row by row, as it was before it was done in columns: what the columns must come to as well."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select

from indexer.domain.accounts import PersonChoices
from indexer.domain.people import Role
from indexer.passages import indexed_text
from indexer.store import Transaction, choices, contributions, passages, people
from indexer.store.contributions import MOMENT, Part
from indexer.store.tables import contributions as stored_parts
from indexer.store.tables import documents, identities, in_audiences
from service.auth import ReadableAudiences
from service.directory import concerns, stems_of
from service.experts.votes import Fit, Lately, Vote, activity_factor, divisor, shares
from service.search import Retrieved
from service.settings import ExpertSettings

YEAR = timedelta(days=365.25)
TELLING_DOCUMENTS = 20
TELLING_SHARPNESS = 6
LEAST_ACTIVITY = 1.0
FORGOTTEN_HALF_LIVES = 5
ABOUT_PASSAGES = 3


@dataclass(frozen=True, slots=True)
class Activity:
    """Parts in documents, one a place in each column: row ids of community and document, the person, the role, and
    when, in Julian days."""

    communities: list[int]
    documents: list[int]
    people: list[str]
    roles: list[str]
    days: list[float]

    @classmethod
    def of(cls, parts: Iterable[Part]) -> "Activity":
        """Those of the parts that have a date, in documents that belong to a community."""
        found = cls([], [], [], [], [])
        for part in parts:
            if part.community is not None and part.at is not None:
                found.communities.append(part.community)
                found.documents.append(part.document)
                found.people.append(part.person)
                found.roles.append(part.role)
                found.days.append(julian_day(part.at))
        return found


def julian_day(moment: datetime) -> float:
    """Days since noon of 24 November 4714 BC in Greenwich."""
    return moment.timestamp() / 86_400 + 2_440_587.5


def activity_since(
    transaction: Transaction,
    community_ids: Iterable[int],
    audience_ids: Iterable[int],
    since: datetime,
    until: datetime,
    absent: Iterable[int] = (),
) -> Activity:
    """Everybody's parts between two moments in the documents of these communities that are in the given audiences;
    those in `absent` (row ids) do not count."""
    statement = (
        select(
            documents.c.community_id,
            stored_parts.c.document_id,
            identities.c.person_id,
            stored_parts.c.role,
            func.julianday(MOMENT),
        )
        .join(identities, identities.c.id == stored_parts.c.identity_id)
        .join(documents, documents.c.id == stored_parts.c.document_id)
        .where(
            in_audiences(audience_ids),
            documents.c.community_id.in_(list(community_ids)),
            # No part is later than its document, and this the database finds by an index.
            documents.c.updated >= since,
            MOMENT.between(since, until),
            identities.c.person_id.is_not(None),
        )
    )
    if left_out := list(absent):
        statement = statement.where(documents.c.id.not_in(left_out))
    columns = list(zip(*transaction.execute(statement), strict=True)) or [()] * 5
    return Activity(*map(list, columns))


@dataclass(frozen=True, slots=True)
class Tally:
    """By person: votes (strongest first), the number of readable documents, what part they had lately in the
    communities concerned, the score, and what they chose of how they are found."""

    votes: Mapping[str, Sequence[Vote]]
    documents: Mapping[str, int]
    lately: Mapping[str, Sequence[Lately]]
    scores: Mapping[str, float]
    choices: Mapping[str, PersonChoices]


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
        done = activity_since(transaction, concern, readable.ids, since, until, absent)
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


def _names_of_communities(transaction: Transaction, readable: ReadableAudiences) -> dict[int, str]:
    """The names of the communities that the viewer may know of, by row id."""
    ids = passages.community_ids(transaction)
    known = (community for community in people.all_communities(transaction) if community.slug in readable.communities)
    return {ids[community.slug]: community.name for community in known}


def best_of(tally: Tally, settings: ExpertSettings, shortlist: Collection[str] | None) -> list[str]:
    """Whom `rank_people` shows, in order."""
    best = sorted(tally.scores, key=lambda person: (-tally.scores[person], person))
    if shortlist is None:
        fitting = {
            person: max((vote.fit.relevance for vote in cast), default=0.0) for person, cast in tally.votes.items()
        }
        least = settings.least_fit * max(fitting.values(), default=0.0)
        best = [p for p in best if fitting[p] >= least and tally.scores[p] >= settings.least_score][: settings.shown]
    return [person for person in best if person != "unknown"]


def fits_of(retrieved: Retrieved, settings: ExpertSettings, expansion: float) -> dict[int, Fit]:
    """How well each candidate document (by row id) fits, for those that fit well enough to speak for somebody."""
    wider = retrieved.expanded(expansion, settings.fusion)
    found, relevance = wider.candidates, wider.relevance(settings.fusion)
    about = about_of(wider, relevance)
    return {
        (document := int(found.documents[position])): Fit(
            int(found.passages[position]), float(relevance[position]), about[document]
        )
        for position in wider.best_of_documents(relevance)
        if relevance[position] > settings.least_relevance
    }


def about_of(retrieved: Retrieved, relevance: NDArray[np.float32]) -> dict[int, float]:
    documents = retrieved.candidates.documents
    return {
        int(document): float(np.mean(np.sort(relevance[documents == document].astype(np.float64))[-ABOUT_PASSAGES:]))
        for document in np.unique(documents)
    }


def cast_votes(
    fits: Mapping[int, Fit],
    parts: Sequence[Part],
    concern: Mapping[int, float],
    settings: ExpertSettings,
    now: datetime,
    *,
    shared: bool = True,
) -> dict[str, list[Vote]]:
    """Each person's votes, strongest first: one for each of the fitting documents (by row id), in their best role.
    `shared`: the authors of a document share its vote."""
    votes: dict[tuple[str, int], Vote] = {}
    authors = Counter(document for document, _ in {(p.document, p.person) for p in parts if p.role is Role.AUTHOR})
    for part in parts:
        sharing = authors[part.document] if shared and part.role is Role.AUTHOR else 1
        concerned = 0.0 if part.community is None else concern.get(part.community, 0.0)
        vote = _vote(part, fits[part.document], concerned, sharing, settings, now)
        known = votes.get((part.person, part.document))
        if vote.weight > 0 and (known is None or known.weight < vote.weight):
            votes[part.person, part.document] = vote
    by_person: dict[str, list[Vote]] = defaultdict(list)
    for vote in sorted(votes.values(), key=lambda vote: (-vote.weight, vote.part.document)):
        by_person[vote.part.person].append(vote)
    return dict(by_person)


def concerned_communities(
    fits: Mapping[int, Fit], community_of: Mapping[int, int | None], least: float
) -> dict[int, float]:
    """How much the question concerns each community (row id), adding up to at most 1: its share of the documents that
    are most about it, the better the more."""
    best = sorted(fits, key=lambda document: (-fits[document].about, document))[:TELLING_DOCUMENTS]
    told = {document: max(fits[document].about - least, 0.0) ** TELLING_SHARPNESS for document in best}
    total = sum(told.values()) or 1.0
    concern: dict[int, float] = defaultdict(float)
    for document, weight in told.items():
        # What belongs to no community counts in the total, but says nothing about which one is meant.
        if (community := community_of.get(document)) is not None:
            concern[community] += weight / total
    return dict(concern)


def activity_shares(done: Activity, settings: ExpertSettings, now: datetime) -> dict[int, dict[str, float]]:
    """What share each person had lately in the work of each community (row id), by their best role in each document and
    how long ago that was."""
    if not done.days:
        return {}
    people, person = np.unique(done.people, return_inverse=True)
    communities, community = np.unique(done.communities, return_inverse=True)
    half_life = settings.activity_half_life_years * YEAR / timedelta(days=1)
    roles = {role: _weight(role, settings) for role in set(done.roles)}
    age = julian_day(now) - np.asarray(done.days)
    worth = np.asarray([roles[role] for role in done.roles]) * 2.0 ** (-age / half_life)
    document = np.asarray(done.documents, np.int64)
    order = np.lexsort((-worth, document, person))
    best = order[np.r_[True, (np.diff(person[order]) != 0) | (np.diff(document[order]) != 0)]]
    done_by = np.zeros((len(communities), len(people)))
    np.add.at(done_by, (community[best], person[best]), worth[best])
    shares = done_by / (LEAST_ACTIVITY + done_by.sum(axis=1, keepdims=True))
    return {
        int(found): {str(people[column]): float(row[column]) for column in np.flatnonzero(row)}
        for found, row in zip(communities, shares, strict=True)
    }


def active_lately(concern: Mapping[int, float], activity: Mapping[int, Mapping[str, float]]) -> dict[str, list[Lately]]:
    """By person their part in each of the communities concerned, the largest first."""
    found: dict[str, list[Lately]] = defaultdict(list)
    for community, by_person in activity.items():
        for person, share in by_person.items():
            found[person].append(Lately(community, share, concern.get(community, 0.0)))
    return {person: sorted(parts, key=lambda part: -part.gain) for person, parts in found.items()}


def active_since(settings: ExpertSettings, now: datetime) -> datetime:
    """From when on a part in a community's work counts as lately; what was before would weigh next to nothing."""
    since = now - FORGOTTEN_HALF_LIVES * settings.activity_half_life_years * YEAR
    return since.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def score(
    votes: Sequence[Vote], documents: int, lately: Iterable[Lately], settings: ExpertSettings, restraint: float
) -> float:
    """What a person's votes (strongest first) and what they did lately come to; `documents` is how many they had a part
    in at all."""
    restrained = float(sum(shares(votes, settings)) / divisor(documents, settings, restraint))
    return restrained * activity_factor(lately, settings)


def _vote(part: Part, fit: Fit, concern: float, authors: int, settings: ExpertSettings, now: datetime) -> Vote:
    role = _weight(part.role, settings)
    quality = _quality(part, settings)
    age = _age(part, settings, now)
    community = 1 + settings.community_weight * concern
    above = max(0.0, fit.relevance - settings.least_relevance)
    weight = role * quality * age * community * above**settings.sharpness / authors
    return Vote(part, fit, role, quality, age, community, authors, weight)


def _weight(role: str, settings: ExpertSettings) -> float:
    return float(getattr(settings.roles, role.replace(" ", "_")))


def _quality(part: Part, settings: ExpertSettings) -> float:
    """From 1 to 2 with the likes that readers gave."""
    return 1 + min(part.likes, settings.most_likes) / settings.most_likes


def _age(part: Part, settings: ExpertSettings, now: datetime) -> float:
    """From 1 down to `oldest_share` as time goes by; a part without a date counts as one half-life old."""
    years = settings.half_life_years if part.at is None else max((now - part.at) / YEAR, 0.0)
    return settings.oldest_share + (1 - settings.oldest_share) * float(2 ** (-years / settings.half_life_years))


def heed(
    transaction: Transaction,
    votes: Mapping[str, Sequence[Vote]],
    choices: Mapping[str, PersonChoices],
    retrieved: Retrieved,
    settings: ExpertSettings,
) -> dict[str, Sequence[Vote]]:
    """The votes that remain; who has none left is not there."""
    asked = _asked_about({s for chosen in choices.values() for s in chosen.unwanted}, retrieved, settings)
    heeded = dict(votes)
    for person, chosen in choices.items():
        if chosen.hidden or not asked.isdisjoint(chosen.unwanted):
            heeded.pop(person, None)
    picky = {person: chosen.unwanted for person, chosen in choices.items() if person in heeded and chosen.unwanted}
    stems = _stems_of_passages(transaction, [vote for person in picky for vote in votes[person]])
    for person, unwanted in picky.items():
        left_out = [stems_of(subject) for subject in unwanted]
        heeded[person] = [
            vote
            for vote in votes[person]
            if not any(concerns(stems[vote.fit.passage], subject) for subject in left_out)
        ]
    return {person: cast for person, cast in heeded.items() if cast}


def _asked_about(subjects: set[str], retrieved: Retrieved, settings: ExpertSettings) -> set[str]:
    """Those of the subjects that the question concerns."""
    asked = stems_of(retrieved.query.text) | stems_of(retrieved.question)
    near = retrieved.likeness(sorted(subjects)).items()
    by_words = {subject for subject in subjects if concerns(asked, stems_of(subject))}
    return by_words | {subject for subject, likeness in near if likeness >= settings.subject_likeness}


def _stems_of_passages(transaction: Transaction, votes: Sequence[Vote]) -> dict[int, frozenset[str]]:
    """The tokens of the best passage of each vote, by the passage's row id."""
    wanted = {vote.fit.passage for vote in votes}
    stored = passages.find_passages(transaction, wanted) if wanted else {}
    texts = {
        row: indexed_text(found.document.title, found.locator.heading, found.text) for row, found in stored.items()
    }
    return {row: stems_of(texts.get(row, "")) for row in wanted}
