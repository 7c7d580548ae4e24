"""Words of a question that hardly any passage has, and the words of the corpus that they resemble."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indexer.index.readable import Readable
from indexer.index.tokens import DIGIT, whole_tokens

HARDLY_ANY = 2
LONG = 8
ENDING = re.compile(r"(?:ing|e?[sdr])$")
EXAMPLES = 8


@dataclass(frozen=True, slots=True)
class SimilarWord:
    """A word of the corpus in small letters: the edits that lead to it, the token it is found by, how many allowed
    passages have that token (also as another form of the word), and the ids of some of them."""

    word: str
    token: str
    edits: int
    passages: int
    examples: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Spelling:
    """A word that at most two allowed passages have, in small letters, with all that it resembles: fewest edits first,
    then most passages. Of a similar word the allowed passages may have other forms alone: the examples tell."""

    word: str
    passages: int
    similar: tuple[SimilarWord, ...]


def find_spellings(readable: Readable, words: Sequence[str]) -> list[Spelling]:
    """The doubtful ones of the words, which are given in small letters."""
    return [
        Spelling(word, passages, tuple(_similar(readable, word)))
        for word in words
        if (passages := _passages_with(readable, word)) is not None
    ]


def _passages_with(readable: Readable, word: str) -> int | None:
    """How many passages have a word of which there are hardly any; None of the others."""
    found = readable.occurrences(whole_tokens(word)).values()
    if any(token.frequency > HARDLY_ANY for token in found):
        return None
    having = len(np.unique(np.concatenate([np.zeros(0, np.int64), *map(readable.numbers_with, found)])))
    return having if having <= HARDLY_ANY else None


def _similar(readable: Readable, word: str) -> list[SimilarWord]:
    """Without a bound on how many are looked at: words of other passages would take the places of those that count."""
    near = _near(readable, word)
    tokens = {other: whole_tokens(other)[0] for other in near}
    occurrences = readable.occurrences(tokens.values())
    found = []
    for other, edits in near.items():
        token = occurrences[tokens[other]]
        if token.frequency:
            having = readable.passages_at(readable.spread(readable.numbers_with(token)))
            found.append(SimilarWord(other, tokens[other], edits, len(having), _examples(having)))
    return sorted(found, key=lambda similar: (similar.edits, -similar.passages, similar.word))


def _examples(passages: NDArray[np.int64]) -> tuple[int, ...]:
    """Passages spread over those given, so that the word itself is in some, and not only other forms of it."""
    spread = np.unique(np.linspace(0, len(passages) - 1, EXAMPLES).astype(np.int64))
    return tuple(np.sort(passages)[spread].tolist())


def _near(readable: Readable, word: str) -> dict[str, int]:
    """The words of all segments that may be meant, with their edits: at most one, two where both have eight letters."""
    return {
        other: edits
        for part in readable.parts
        for other, edits in part.segment.words.near(word, 2 if len(word) >= LONG else 1)
        if _may_mean(word, other) and (edits == 1 or len(other) >= LONG)
    }


def _may_mean(word: str, other: str) -> bool:
    """Whether a slip of the hand could be all: another number is another thing, and so is another ending."""
    same_number = sorted(DIGIT.findall(word)) == sorted(DIGIT.findall(other))
    # The stemmer leaves some endings on: `overheated` is no slip for `overheats`.
    return same_number and ENDING.sub("", word) != ENDING.sub("", other)
