"""Words of a question that hardly any passage has, and the words of the corpus that they resemble."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indexer.index.allowed import AllowedRows
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


def find_spellings(parts: Sequence[AllowedRows], words: Sequence[str]) -> list[Spelling]:
    """The doubtful ones of the words, which are given in small letters."""
    counted = {word: sum(len(part.having_any(whole_tokens(word))) for part in parts) for word in words}
    return [
        Spelling(word, passages, tuple(_similar(parts, word)))
        for word, passages in counted.items()
        if passages <= HARDLY_ANY
    ]


def _similar(parts: Sequence[AllowedRows], word: str) -> list[SimilarWord]:
    """Without a bound on how many are looked at: words of other passages would take the places of those that count."""
    found = []
    for other, edits in _near(parts, word).items():
        token = whole_tokens(other)[0]
        if len(having := np.concatenate([part.passages_at(part.having(token)) for part in parts])):
            found.append(SimilarWord(other, token, edits, len(having), _examples(having)))
    return sorted(found, key=lambda similar: (similar.edits, -similar.passages, similar.word))


def _examples(passages: NDArray[np.int64]) -> tuple[int, ...]:
    """Passages spread over those given, so that the word itself is in some, and not only other forms of it."""
    spread = np.unique(np.linspace(0, len(passages) - 1, EXAMPLES).astype(np.int64))
    return tuple(np.sort(passages)[spread].tolist())


def _near(parts: Sequence[AllowedRows], word: str) -> dict[str, int]:
    """The words of all segments that may be meant, with their edits: at most one, two where both have eight letters."""
    return {
        other: edits
        for part in parts
        for other, edits in part.segment.words.near(word, 2 if len(word) >= LONG else 1)
        if _may_mean(word, other) and (edits == 1 or len(other) >= LONG)
    }


def _may_mean(word: str, other: str) -> bool:
    """Whether a slip of the hand could be all: another number is another thing, and so is another ending."""
    same_number = sorted(DIGIT.findall(word)) == sorted(DIGIT.findall(other))
    # The stemmer leaves some endings on: `overheated` is no slip for `overheats`.
    return same_number and ENDING.sub("", word) != ENDING.sub("", other)
