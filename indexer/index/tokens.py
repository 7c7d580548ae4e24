"""Words for keyword search: stemmed, and identifiers both whole and in parts.

`E-4711`, `in_place_update`, `v1.27` and `InPlacePodVerticalScaling` are found by themselves, by their parts, and
(`E4711`) without their joints.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

import Stemmer

LONGEST = 64
TOKEN = re.compile(r"\w+(?:[-./:+#@]\w+)*", re.UNICODE)
JOINT = re.compile(r"[-./:+#@_]+")
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
DIGIT = re.compile(r"\d")
UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")

_stemmer = Stemmer.Stemmer("english", 0)


def tokens(text: str) -> Iterator[str]:
    """The tokens of a text in order, an identifier's parts after the whole."""
    for written in TOKEN.findall(text):
        yield from _tokens_of(written)


@lru_cache(maxsize=200_000)
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
