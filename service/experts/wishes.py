"""What people chose of how they are found, heeded before anybody is ranked.

Whoever is hidden gets no vote. Nor does anybody for a question that concerns a subject which they removed or hid: it
has all words of the subject, or is near it in meaning. For other questions those documents do not speak for them whose
best passage has all words of such a subject.
"""

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from indexer.domain.accounts import PersonChoices
from indexer.passages import indexed_text
from indexer.store import Transaction, passages
from service.directory import concerns, stems_of
from service.experts.votes import Votes
from service.search import Retrieved
from service.settings import ExpertSettings


def heed(
    transaction: Transaction,
    votes: Votes,
    choices: Mapping[int, PersonChoices],
    retrieved: Retrieved,
    settings: ExpertSettings,
) -> Votes:
    """The votes that remain; `choices` are by the person's number."""
    asked = _asked_about({s for chosen in choices.values() for s in chosen.unwanted}, retrieved, settings)
    kept = np.ones(len(votes.people), np.bool_)
    picky: dict[int, Collection[str]] = {}
    for person, chosen in choices.items():
        if chosen.hidden or not asked.isdisjoint(chosen.unwanted):
            kept[votes.rows_of(person)] = False
        elif chosen.unwanted:
            picky[person] = chosen.unwanted
    passages_of = votes.fits.passages[votes.parts.places[votes.rows]]
    stems = _stems_of_passages(transaction, [passages_of[votes.rows_of(person)] for person in picky])
    for person, unwanted in picky.items():
        left_out = [stems_of(subject) for subject in unwanted]
        for row in votes.rows_of(person):
            kept[row] = not any(concerns(stems[int(passages_of[row])], subject) for subject in left_out)
    return votes if kept.all() else votes.where(kept)


def _asked_about(subjects: set[str], retrieved: Retrieved, settings: ExpertSettings) -> set[str]:
    """Those of the subjects that the question concerns."""
    asked = stems_of(retrieved.query.text) | stems_of(retrieved.question)
    by_words = {subject for subject in subjects if concerns(asked, stems_of(subject))}
    others = sorted(subjects - by_words, key=lambda subject: (-len(asked & stems_of(subject)), subject))
    near = retrieved.likeness(others).items()
    return by_words | {subject for subject, likeness in near if likeness >= settings.subject_likeness}


def _stems_of_passages(transaction: Transaction, ids: Collection[NDArray[np.int64]]) -> dict[int, frozenset[str]]:
    """The tokens of these passages, by the passage's row id."""
    wanted = {passage for some in ids for passage in some.tolist()}
    stored = passages.find_passages(transaction, wanted) if wanted else {}
    texts = {
        row: indexed_text(found.document.title, found.locator.heading, found.text) for row, found in stored.items()
    }
    return {row: stems_of(texts.get(row, "")) for row in wanted}
