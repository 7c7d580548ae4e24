"""Words of a text as they are compared when somebody's name is looked for: without case and accents."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

# Scripts without spaces between words: each character is one.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
WORD = re.compile(rf"[{_UNSPACED}]|(?:[^\W_{_UNSPACED}][\u0300-\u036f]*)+")
KNOWN_WORDS = 200_000


@dataclass(frozen=True, slots=True)
class Word:
    """A word, folded, and where it stands in its text."""

    folded: str
    start: int
    end: int


def spoken_words(text: str) -> set[str]:
    """The different words of a text, as they are written."""
    return set(WORD.findall(text))


def placed_words(text: str) -> list[Word]:
    """The words of a text in order."""
    return [Word(fold(match[0]), match.start(), match.end()) for match in WORD.finditer(text)]


def folded_words(text: str) -> tuple[str, ...]:
    """The words of a text in order, folded."""
    return tuple(map(fold, WORD.findall(text)))


@lru_cache(KNOWN_WORDS)
def fold(word: str) -> str:
    """The word in small letters without accents."""
    if word.isascii():
        return word.lower()
    parted = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in parted if not unicodedata.combining(letter)).casefold()
