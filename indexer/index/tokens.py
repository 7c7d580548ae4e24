"""Words for keyword search: stemmed, and identifiers both whole and in parts.

`E-4711`, `in_place_update`, `v1.27` and `InPlacePodVerticalScaling` are found by themselves, by their parts, and
(`E4711`) without their joints.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import Stemmer

LONGEST = 64
TOKEN = re.compile(r"\w+(?:[-./:+#@]\w+)*", re.UNICODE)
JOINT = re.compile(r"[-./:+#@_]+")
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
DIGIT = re.compile(r"\d")
PART = re.compile(r"[^-./:+#@_]+")
UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")

SHORTEST_IDENTIFIER = 3

_stemmer = Stemmer.Stemmer("english", 0)


def tokens(text: str) -> Iterator[str]:
    """The tokens of a text in order, an identifier's parts after the whole."""
    for written in TOKEN.findall(text):
        yield from _tokens_of(written)


@dataclass(frozen=True, slots=True)
class Identifier:
    """What finds an identifier: as a whole, with or without its joints; and, where that occurs nowhere, by its parts
    with a digit."""

    whole: tuple[str, ...]
    parts: tuple[str, ...]


def identifiers(text: str) -> Iterator[Identifier]:
    """Those words of a text that have a digit or a joint, and at least three characters: `E-4711`, `in_place`."""
    for written in TOKEN.findall(text):
        if len(written) >= SHORTEST_IDENTIFIER and not UNSPACED.search(written) and (found := _tokens_of(written)):
            whole = whole_tokens(written)
            if DIGIT.search(written) or JOINT.search(whole[0]):
                parts = (token for token in found if len(token) >= SHORTEST_IDENTIFIER and DIGIT.search(token))
                yield Identifier(whole, tuple(part for part in parts if part not in whole))


def whole_tokens(written: str) -> tuple[str, ...]:
    """The tokens that stand for all of a word: itself and, of one with a digit, itself without its joints."""
    whole = _tokens_of(written)[:1]
    return tuple(dict.fromkeys((*whole, JOINT.sub("", whole[0])))) if whole and DIGIT.search(written) else whole


def word_spans(text: str) -> Iterator[tuple[int, int]]:
    """Where the words of a text stand that may be misspelt: the parts of a joined one, but one with a digit whole.

    Numbers and scripts without spaces are left out.
    """
    for match in TOKEN.finditer(text):
        for start, end in _words_in(match.group()):
            yield match.start() + start, match.start() + end


def words_of(text: str) -> Iterator[str]:
    """The words that `word_spans` finds, in small letters."""
    for written in TOKEN.findall(text):
        for start, end in _words_in(written):
            yield written[start:end].casefold()


@lru_cache(maxsize=50_000)
def _words_in(written: str) -> tuple[tuple[int, int], ...]:
    if UNSPACED.search(written) or not any(map(str.isalpha, written)):
        return ()
    if DIGIT.search(written):
        return ((0, len(written)),)
    return tuple(part.span() for part in PART.finditer(written))


@lru_cache(maxsize=50_000)
def _tokens_of(written: str) -> tuple[str, ...]:
    written = written[:LONGEST]
    if UNSPACED.search(written):
        return tuple(written[start : start + 2] for start in range(max(len(written) - 1, 1)))
    parts = [part for joined in JOINT.split(written) for part in CAMEL.split(joined) if part]
    if len(parts) < 2:
        return (_stem(written),) if parts else ()
    whole = written.casefold().strip("_")
    found = [whole, *(_stem(part) for part in parts)]
    if DIGIT.search(written):
        found.append(JOINT.sub("", whole))
    return tuple(dict.fromkeys(found))


def _stem(word: str) -> str:
    folded = word.casefold()
    return folded if DIGIT.search(folded) else str(_stemmer.stemWord(folded))
