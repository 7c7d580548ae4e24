"""Why a person ranks where they do, in numbers that add up to their score and in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from indexer.domain.content import Document
from service.experts.votes import Lately, Vote, activity_factor, divisor, shares
from service.search import Effect, feedback_in_words
from service.settings import ExpertSettings

MOST, MUCH = 0.5, 0.25
WORTH_TELLING = 0.03


@dataclass(frozen=True, slots=True)
class CountedVote:
    """A vote that counts, with its document. `gain` = `decay` · the vote's weight; `share` is its part of all gains."""

    document: Document
    vote: Vote
    decay: float
    gain: float
    share: float


@dataclass(frozen=True, slots=True)
class Active:
    """A person's part in the recent work of a community that the question concerns, with the community's name."""

    community: str
    lately: Lately


@dataclass(frozen=True, slots=True)
class PersonReasons:
    """The parts of a person's score, votes strongest first, and what they did lately in the communities concerned.
    `total` is the sum of the gains; `documents` is how many
    the viewer may read and the person had a part in, which decides the `divisor`; a vote's weight is its role · quality
    · age · community · max(0, relevance - `least_relevance`)^`sharpness` / authors."""

    votes: tuple[CountedVote, ...]
    active: tuple[Active, ...]
    activity: float
    least_relevance: float
    sharpness: float
    total: float
    documents: int
    divisor: float
    feedback: Effect

    @property
    def score(self) -> float:
        """Total / divisor · the factors of activity and feedback."""
        return self.total / self.divisor * self.activity * self.feedback.factor

    def sentence(self) -> str:
        """The reasons in words."""
        told = [self._documents_in_words()]
        if self.votes and self.votes[0].share >= MUCH:
            much = "above all" if self.votes[0].share >= MOST else "not least"
            told[0] += f", {much} “{self.votes[0].document.title}” ({self.votes[0].vote.part.role})"
        told[0] += "."
        if any(counted.vote.community > 1 for counted in self.votes):
            told.append("Documents of a community that the question concerns count more.")
        if any(counted.vote.authors > 1 for counted in self.votes):
            told.append("A document written by several says less of each.")
        told += [
            f"Lately {entry.lately.share:.0%} of what was done in {entry.community} was theirs."
            for entry in self.active[:1]
            if entry.lately.share >= WORTH_TELLING
        ]
        if self.votes and self.divisor > 1:
            told.append("Whoever had a part in several documents has to have several that fit.")
        return " ".join(told + feedback_in_words(self.feedback))

    def _documents_in_words(self) -> str:
        if not self.documents:
            return "They had no part in anything that you may read"
        if not self.votes:
            return f"{_none_of(self.documents)} that they had a part in speaks for them"
        if self.documents == 1:
            return "The one document that they had a part in speaks for them"
        verb = "speaks" if len(self.votes) == 1 else "speak"
        return f"{len(self.votes)} of the {self.documents} documents that they had a part in {verb} for them"


def _none_of(documents: int) -> str:
    """The beginning of a sentence on documents that count for nothing; only readable ones are spoken of."""
    return "Not even the one document" if documents == 1 else f"None of the {documents} documents"


def person_reasons(
    votes: Sequence[Vote],
    documents: Mapping[int, Document],
    readable_documents: int,
    active: Sequence[Active],
    settings: ExpertSettings,
    restraint: float,
    feedback: Effect,
) -> PersonReasons:
    """The reasons for the score of these votes (strongest first); `documents` by row id are those they name."""
    gains = shares(votes, settings)
    total = sum(gains)
    counted = [
        CountedVote(documents[vote.part.document], vote, settings.decay**place, gain, gain / total)
        for place, (vote, gain) in enumerate(zip(votes, gains, strict=False))
        if vote.part.document in documents
    ]
    return PersonReasons(
        tuple(counted),
        tuple(active),
        activity_factor((entry.lately for entry in active), settings),
        settings.least_relevance,
        settings.sharpness,
        total,
        readable_documents,
        divisor(readable_documents, settings, restraint),
        feedback,
    )
