"""Feedback: keeping what people say of a search, showing it, taking it back, and letting it weigh on similar queries.

Whoever is signed in votes as their account, from wherever; for others a voter is a random id that a browser or a
program keeps.
"""

import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from indexer.domain.accounts import AuditAction
from indexer.domain.content import Document
from indexer.domain.errors import NotFound
from indexer.domain.feedback import Judgement, Opinion, Target, TargetKind
from indexer.domain.people import Person
from indexer.home import Home
from indexer.index import QueryTerms
from indexer.store import Transaction, choices, contributions, documents, feedback, people, remembered
from service.auth import ReadableAudiences, Viewer, is_voter_of_account, readable_audiences, voter_of
from service.search.engine import OpenIndex
from service.search.influence import measure_influence, overlap
from service.search.retrieve import Retrieved
from service.settings import FeedbackSettings

COMPARED_QUERIES = 200
COMPARED_IN_MEANING = 10


@dataclass(frozen=True, slots=True)
class JudgedTarget:
    """A document or a person with its judgements for one query, and the voter's own among them."""

    item: Document | Person
    target: Target
    useful: int
    not_useful: int
    own: Judgement | None


def with_feedback(
    transaction: Transaction,
    index: OpenIndex,
    retrieved: Retrieved,
    readable: ReadableAudiences,
    settings: FeedbackSettings,
) -> Retrieved:
    """The candidates with what judgements for similar queries do to their documents and people (influence.py).

    Of the queries for which these documents and people were judged, the latest 200 are compared by the terms they
    share, and where there is a model the ten that share most by the cosine of their vectors. Which these are follows
    from what is judged alone, never from what others asked since the service began.
    """
    if not settings.bound:
        return retrieved
    found = retrieved.candidates.documents
    judged_documents, judged_people = feedback.judged_things(transaction)
    theirs = _who_had_parts(transaction, index, found, judged_people, readable)
    opinions = feedback.opinions_on(transaction, judged_documents.intersection(found.tolist()), theirs)
    if not opinions:
        return retrieved
    closeness = _closeness(index, retrieved.query.text, opinions)
    compared = [opinion for opinion in opinions if opinion.query in closeness]
    return replace(retrieved, influence=measure_influence(compared, lambda opinion: closeness[opinion.query], settings))


def _who_had_parts(
    transaction: Transaction,
    index: OpenIndex,
    document_ids: NDArray[np.int64],
    people_ids: Collection[str],
    readable: ReadableAudiences,
) -> list[str]:
    """Those of the people (ids) who had a part in one of these documents (row ids)."""
    if not people_ids:
        return []
    columns = index.contributed.columns(transaction)
    numbers = remembered(
        transaction,
        ("numbers of the judged", columns.ids),
        lambda: {columns.ids.number(person): person for person in people_ids},
    )
    taking_part = set(columns.parts_in(np.unique(document_ids), readable.ids).people.tolist())
    return [numbers[number] for number in numbers.keys() & taking_part]


def new_voter() -> str:
    """An id for a voter that nobody can guess."""
    return secrets.token_urlsafe(16)


def known_voter(home: Home, viewer: Viewer, told: str | None) -> str | None:
    """As whom the viewer votes: as their account where they are signed in, so that nobody votes twice; others as what
    they were `told` that they are."""
    return voter_of(home, viewer.account) if viewer.account else told


def give_judgement(home: Home, viewer: Viewer, voter: str, query: str, target: Target, useful: bool) -> Judgement:
    """Keep that the target was useful for the query, or was not, in place of what the voter said of it before.

    NotFound for what does not exist or the viewer may not know of.
    """
    with home.database.begin() as transaction:
        readable = readable_audiences(transaction, viewer)
        present = _present(transaction, target)
        if present not in _visible(transaction, [present], readable):
            raise NotFound(f"there is no {target.kind} {target.id}")
        now = datetime.now(UTC)
        judgement = Judgement(secrets.token_urlsafe(12), voter, query, terms_of(query), present, useful, now)
        return feedback.save_judgement(transaction, judgement)


def withdraw_judgement(home: Home, viewer: Viewer, judgement_id: str, voter: str | None) -> Judgement:
    """Take a judgement of the viewer back, with its effect, and return it; admins take back anybody's. `voter` is who
    they are as `known_voter` says. NotFound where they gave none of this id: then nothing is removed."""
    with home.database.begin() as transaction:
        removed = feedback.remove_judgement(transaction, judgement_id)
        if removed is None or not (viewer.administers or _is_of(removed, voter)):
            raise NotFound(f"you have given no judgement {judgement_id}")
        home.tell(transaction, AuditAction.FEEDBACK_WITHDRAWN, judgement_id, {"on": removed.target.kind.value})
    return removed


def _is_of(judgement: Judgement, voter: str | None) -> bool:
    """Whether the voter gave it. Only who gave it knows its id: that is enough for whoever has no account and does not
    say who they are."""
    return judgement.voter == voter or (voter is None and not is_voter_of_account(judgement.voter))


def judged_targets(
    transaction: Transaction, query: str, voter: str | None, readable: ReadableAudiences
) -> list[JudgedTarget]:
    """What was judged for this query and may be seen by the viewer, most judged first."""
    judgements = feedback.judgements_on_query(transaction, terms_of(query))
    visible = _visible(transaction, [judgement.target for judgement in judgements], readable)
    found = [_judged(target, item, judgements, voter) for target, item in visible.items()]
    return sorted(found, key=lambda entry: (-entry.useful - entry.not_useful, entry.target.kind, entry.target.id))


def list_judgements(transaction: Transaction, readable: ReadableAudiences) -> list[tuple[Judgement, Document | Person]]:
    """All judgements on what the viewer may see, newest first, each with what was judged."""
    judgements = feedback.all_judgements(transaction)
    visible = _visible(transaction, [judgement.target for judgement in judgements], readable)
    return [(judgement, visible[judgement.target]) for judgement in judgements if judgement.target in visible]


def terms_of(query: str) -> tuple[str, ...]:
    """What makes two texts the same query: their distinct tokens; the words as they are where there are no tokens."""
    return tuple(sorted(QueryTerms.of(query).weights or set(query.casefold().split())))


def _closeness(index: OpenIndex, text: str, opinions: Iterable[Opinion]) -> dict[str, float]:
    """How alike each of the opinions' queries is to this text, by the query's text."""
    terms_by_query = dict(islice({opinion.query: opinion.terms for opinion in opinions}.items(), COMPARED_QUERIES))
    ours = terms_of(text)
    shared = {query: overlap(ours, terms) for query, terms in terms_by_query.items()}
    model = index.serving().model
    vector, _ = model.query_vector(text) if shared else (None, None)
    if vector is None:
        return shared
    likeliest = sorted(shared, key=lambda query: (-shared[query], query))[:COMPARED_IN_MEANING]
    others = model.query_vectors(likeliest)
    return shared | {query: float(vector @ other) for query, other in others.items()}


def _present(transaction: Transaction, target: Target) -> Target:
    if target.kind is TargetKind.PERSON:
        present = people.present_ids(transaction, [target.id])
        return Target(TargetKind.PERSON, present.get(target.id, target.id))
    return target


def _visible(
    transaction: Transaction, targets: Sequence[Target], readable: ReadableAudiences
) -> dict[Target, Document | Person]:
    """Those of the targets that the viewer may know of: documents they may read, people whom a directory lists or who
    had a part in such a document, unless they do not want to be found."""
    document_ids = {target.id for target in targets if target.kind is TargetKind.DOCUMENT}
    person_ids = {target.id for target in targets if target.kind is TargetKind.PERSON}
    person_ids -= choices.which_are_hidden(transaction, person_ids)
    counts = contributions.count_readable(transaction, person_ids, readable.ids)
    found: dict[Target, Document | Person] = {}
    for public_id, document in documents.find_all_readable(transaction, document_ids, readable.ids).items():
        found[Target(TargetKind.DOCUMENT, public_id)] = document
    for person_id, person in people.shown_people(transaction, person_ids, readable.ids).items():
        if person.in_directory or counts.get(person_id):
            found[Target(TargetKind.PERSON, person_id)] = person
    return found


def _judged(
    target: Target, item: Document | Person, judgements: Iterable[Judgement], voter: str | None
) -> JudgedTarget:
    theirs = [judgement for judgement in judgements if judgement.target == target]
    useful = sum(judgement.useful for judgement in theirs)
    own = next((judgement for judgement in theirs if voter is not None and judgement.voter == voter), None)
    return JudgedTarget(item, target, useful, len(theirs) - useful, own)
