"""What people chose of how they are found, heeded before anybody is ranked.

Whoever is hidden gets no vote. Nor does anybody for a question that concerns a subject which they removed or hid: it
has all words of the subject, or is near it in meaning. For other questions those documents do not speak for them whose
best passage has all words of such a subject.
"""

from collections.abc import Mapping, Sequence

from indexer.domain.accounts import PersonChoices
from indexer.passages import indexed_text
from indexer.store import Transaction, passages
from service.directory import concerns, stems_of
from service.experts.votes import Vote
from service.search import Retrieved
from service.settings import ExpertSettings


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
    by_words = {subject for subject in subjects if concerns(asked, stems_of(subject))}
    others = sorted(subjects - by_words, key=lambda subject: (-len(asked & stems_of(subject)), subject))
    near = retrieved.likeness(others).items()
    return by_words | {subject for subject, likeness in near if likeness >= settings.subject_likeness}


def _stems_of_passages(transaction: Transaction, votes: Sequence[Vote]) -> dict[int, frozenset[str]]:
    """The tokens of the best passage of each vote, by the passage's row id."""
    wanted = {vote.fit.passage for vote in votes}
    stored = passages.find_passages(transaction, wanted) if wanted else {}
    texts = {
        row: indexed_text(found.document.title, found.locator.heading, found.text) for row, found in stored.items()
    }
    return {row: stems_of(texts.get(row, "")) for row in wanted}
