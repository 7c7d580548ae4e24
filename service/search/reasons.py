"""Why a passage ranks where it does, in numbers that multiply to its relevance and in words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from indexer.domain.content import Mark
from indexer.index.tokens import tokens
from service.search.influence import Effect
from service.search.snippet import COMMON, tokens_in

CLOSENESS = (
    (0.6, "Very close in meaning to the question"),
    (0.4, "Close in meaning to the question"),
    (0.25, "Somewhat close in meaning to the question"),
    (-1.0, "Hardly close in meaning to the question"),
)
SEEMS_TO_ANSWER = 0.5


@dataclass(frozen=True, slots=True)
class HitReasons:
    """The parts of a passage's relevance. `cosine` is None where there was no model, and the words stand alone;
    `neighbours` is the passage's mean cosine to its nearest ones, and `crowding` how much that counts; `words`
    is BM25 as a share of what the query could get, 1 at most. `reading` is the cross-encoder's score, None where the
    passage was not read again. `standing` is under 1 for what is out of date. `least` is what the relevance was raised
    to, because the passage has a rare identifier of the question; `most` what it was lowered to, so that the document
    stands behind the one that has superseded it."""

    cosine: float | None
    neighbours: float
    crowding: float
    words: float
    word_weight: float
    mark: Mark | None
    standing: float
    feedback: Effect
    reading: float | None = None
    reading_weight: float = 0.0
    least: float | None = None
    most: float | None = None

    @property
    def meaning(self) -> float | None:
        """Cosine + crowding · (cosine - neighbours)."""
        return None if self.cosine is None else self.cosine + self.crowding * (self.cosine - self.neighbours)

    @property
    def fit(self) -> float:
        """(1 - word weight) · meaning + word weight · words; read again, (1 - reading weight) · that + reading weight ·
        reading."""
        matching = self.words
        if self.meaning is not None:
            matching = (1 - self.word_weight) * self.meaning + self.word_weight * self.words
        if self.reading is None:
            return matching
        return (1 - self.reading_weight) * matching + self.reading_weight * self.reading

    @property
    def relevance(self) -> float:
        """Fit · standing · the factor of feedback, `least` at least and `most` at most."""
        return bounded(self.earned, self.least, self.most)

    @property
    def earned(self) -> float:
        return self.fit * self.standing * self.feedback.factor

    @property
    def raised(self) -> bool:
        """Whether the passage stands higher than it would without a rare identifier."""
        return self.least is not None and self.relevance == self.least

    @property
    def lowered(self) -> bool:
        """Whether the passage stands lower than it would, had its document no successor."""
        return self.most is not None and self.relevance == self.most

    def steps(self) -> list[tuple[str, str]]:
        """The sum line by line: what, and its figures."""
        told = [("Words", f"{self.words:.3f}")]
        if self.cosine is not None and self.meaning is not None:
            apart = f"{self.cosine:.3f} + {self.crowding:.3f} × ({self.cosine:.3f} - {self.neighbours:.3f})"
            told = [
                ("Close to it, apart from its neighbours", f"{apart} = {self.meaning:.3f}"),
                ("Meaning", _product(1 - self.word_weight, self.meaning)),
                ("Words", f"+ {_product(self.word_weight, self.words)}"),
            ]
        if self.reading is not None:
            read = _product(self.reading_weight, self.reading)
            told.append(("Read again", f"× {1 - self.reading_weight:.3f} + {read}"))
        if self.standing != 1 and self.mark:
            told.append((self.mark.capitalize(), f"× {self.standing:.3f}"))
        if self.feedback.factor != 1:
            told.append(("Feedback", f"× {self.feedback.factor:.3f}"))
        if self.raised:
            told.append(("Identifier", f"raised to {self.relevance:.3f}"))
        if self.lowered:
            told.append(("Behind its successor", f"lowered to {self.relevance:.3f}"))
        return [*told, ("Relevance", f"= {self.relevance:.3f}")]

    def sentence(self, matched: Sequence[str]) -> str:
        """The reasons in words; `matched` are the words of the query that the passage has."""
        told = [_fit_in_words(self.cosine, matched)]
        if self.reading is not None:
            told.append(f"Read together with the question, it {_reading_in_words(self.reading)}.")
        if self.raised:
            told.append("It stands higher for an identifier that few others have.")
        if self.lowered:
            told.append("It stands behind the document that has superseded it.")
        if self.standing < 1 and self.mark:
            told.append(f"It is {self.mark} and counts less.")
        told += feedback_in_words(self.feedback)
        return " ".join(told)


def bounded(earned: float, least: float | None, most: float | None) -> float:
    """What was earned, raised to `least` and lowered to `most` where there are such."""
    if least is not None:
        earned = max(earned, least)
    return earned if most is None else min(earned, most)


def words_asked(question: str) -> dict[str, frozenset[str]]:
    """The words of a question, as they were typed, each with its tokens."""
    words = dict.fromkeys(word.strip(".,;:!?()[]\"'“”") for word in question.split())
    return {word: frozenset(tokens(word)) for word in words}


def matched_words(asked: Mapping[str, frozenset[str]], text: str) -> tuple[str, ...]:
    """The words of the question that a text has."""
    there = tokens_in(text)
    return tuple(word for word, found in asked.items() if not there.isdisjoint(found))


def feedback_in_words(effect: Effect) -> list[str]:
    """A sentence on what was said for this or similar questions; none where nothing was."""
    if not effect.useful and not effect.not_useful:
        return []
    counts = ((effect.useful, "useful"), (effect.not_useful, "not useful"))
    told = " and ".join(f"{word} by {number}" for number, word in counts if number)
    return [f"Found {told}, for this or a similar question."]


def _product(one: float, other: float) -> str:
    return f"{one:.3f} × {other:.3f} = {one * other:.3f}"


def _fit_in_words(cosine: float | None, matched: Sequence[str]) -> str:
    telling = [word for word in matched if word.casefold() not in COMMON] or matched
    having = f"it has {_quoted(telling)}" if matched else "it has none of its words"
    if cosine is None:
        return f"Found by words alone: {having}."
    closeness = next(phrase for least, phrase in CLOSENESS if cosine >= least)
    return f"{closeness}; {having}."


def _reading_in_words(score: float) -> str:
    return "seems to answer it" if score >= SEEMS_TO_ANSWER else "hardly seems to answer it"


def _quoted(words: Iterable[str]) -> str:
    quoted = [f"“{word}”" for word in words]
    return " and ".join(part for part in (", ".join(quoted[:-1]), quoted[-1]) if part)
