"""Extracts: the stretch of a passage that answers, with the matched words marked."""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice

from indexer.index import QueryTerms
from indexer.index.tokens import tokens

Run = tuple[str, bool]
NOTHING: frozenset[str] = frozenset()
WORD = re.compile(r"\S+")
EDGE = re.compile(r"^(\W*)(.*?)(\W*)$", re.DOTALL)
COMMON = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "by",
        "can",
        "do",
        "does",
        "for",
        "from",
        "has",
        "have",
        "how",
        "i",
        "if",
        "in",
        "is",
        "it",
        "its",
        "my",
        "of",
        "on",
        "or",
        "our",
        "should",
        "that",
        "the",
        "their",
        "there",
        "this",
        "to",
        "was",
        "we",
        "what",
        "when",
        "where",
        "which",
        "who",
        "why",
        "will",
        "with",
        "you",
        "your",
    ]
)


def extract(text: str, terms: QueryTerms, words: int) -> list[Run]:
    """Runs of text, each with whether it matches the query: the window of about `words` words that matches most.

    An ellipsis stands where the passage goes on. Common words of the query are not marked.
    """
    wanted = frozenset(terms.weights) - COMMON
    found = [NOTHING if wanted.isdisjoint(there := tokens_of_word(word)) else wanted & there for word in text.split()]
    first = _best_window(found, words)
    last = min(first + words, len(found))
    spans = [match.span() for match in islice(WORD.finditer(text), last)]
    runs: list[Run] = [("… ", False)] if first else []
    place = spans[first][0] if spans else 0
    for number in range(first, last):
        start, end = spans[number]
        if found[number]:
            before, word, after = EDGE.match(text[start:end]).groups()  # type: ignore[union-attr]
            runs += [(text[place:start] + before, False), (word, True), (after, False)]
        else:
            runs.append((text[place:end], False))
        place = end
    if last < len(found):
        runs.append((" …", False))
    return _joined(runs)


def tokens_in(text: str) -> set[str]:
    """The tokens of a text: no token has a space in it."""
    return set().union(*map(tokens_of_word, text.split()))


@lru_cache(maxsize=20_000)
def tokens_of_word(word: str) -> frozenset[str]:
    """The tokens of what stands between two spaces."""
    return frozenset(tokens(word))


def _best_window(found: Sequence[frozenset[str]], words: int) -> int:
    """Where the window starts that holds the most different terms, then the most matches; a sentence's lead of a few
    words is kept before the first match."""
    matches = [number for number, terms in enumerate(found) if terms]
    if not matches or len(found) <= words:
        return 0
    lead = words // 6

    def worth(start: int) -> tuple[int, int, int]:
        window = found[start : start + words]
        return len(NOTHING.union(*window)), sum(map(bool, window)), -start

    starts = [max(0, min(number - lead, len(found) - words)) for number in matches]
    return max(starts, key=worth)


def _joined(runs: Sequence[Run]) -> list[Run]:
    joined: list[Run] = []
    for text, marked in runs:
        if joined and joined[-1][1] == marked:
            joined[-1] = (joined[-1][0] + text, marked)
        elif text:
            joined.append((text, marked))
    return joined
