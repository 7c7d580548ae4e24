"""What somebody may have meant to type, from the words of passages that they may read."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indexer.index import RowFilter, SearchEngine, SimilarWord, Spelling
from indexer.index.tokens import DIGIT, word_spans
from indexer.passages import indexed_text
from indexer.store import Transaction, passages
from service.auth import ReadableAudiences
from service.search.snippet import COMMON

MOST_WORDS = 32
SHORTEST = 5
SHORTEST_CERTAIN = 6
FAR_MORE = 50
# Whatever the corpus is about, these are not typing errors in a question.
USUAL_WORDS = """
about after again almost along already also although always another anybody anyone anything around away because
been before being below best better both cannot come could different down during each either enough even ever
every everybody everyone example find first from further getting give going good happen happened happening hello
help here into know last less like long look looking made make many maybe mean might more most much must near
need never next nobody none nothing often once only other over part people perhaps please possible quite rather
really same says seen several shall since some somebody somehow someone something sometimes somewhere soon still
such suddenly sure take tell than thank thanks them then these they thing things those through today tomorrow
tried trying under until used uses using usually very want wants well went were which while whom whose without
wonder work working would wrong yesterday
"""
USUAL = COMMON | frozenset(USUAL_WORDS.split())


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A corrected question, and its changed words: as they were written, as they were meant.

    It is certain where nothing that may be read has the written words, and only one word is one edit away from each;
    `searched` says that the corrected question was the one that was searched for.
    """

    text: str
    words: tuple[tuple[str, str], ...]
    certain: bool
    searched: bool = False


def suggest(
    transaction: Transaction,
    engine: SearchEngine,
    question: str,
    readable: ReadableAudiences,
    withdrawn: NDArray[np.int64],
) -> Suggestion | None:
    """The question with the words of the corpus in place of those that look like typing errors, None where none do.

    Only words that a passage has which the viewer may read now are looked at, whatever filters narrow the search:
    `withdrawn` are passages of the index that no longer count.
    Texts of many words are left alone: they were pasted.
    """
    written = _doubtful(question)
    if not 0 < len(written) <= MOST_WORDS:
        return None
    spellings = engine.spellings(list(written), RowFilter(readable.ids, without=withdrawn))
    texts = _texts(transaction, spellings, readable)
    found = {spelling: forms for spelling in spellings if (forms := _readable_forms(spelling, texts))}
    if not found:
        return None
    meant = {spelling.word: next(iter(forms.values())) for spelling, forms in found.items()}
    return Suggestion(
        _corrected(question, meant),
        tuple((written[word], instead) for word, instead in meant.items()),
        all(_is_certain(spelling, list(forms)) for spelling, forms in found.items()),
    )


def _doubtful(question: str) -> dict[str, str]:
    """The words that may be misspelt, as they are written, by their small letters."""
    words = (question[start:end] for start, end in word_spans(question))
    told = {word.casefold(): word for word in words}
    return {word: written for word, written in told.items() if len(word) >= SHORTEST and word not in USUAL}


def _texts(transaction: Transaction, spellings: Iterable[Spelling], readable: ReadableAudiences) -> Mapping[int, str]:
    """The examples that may still be read, as they are indexed."""
    ids = {id for spelling in spellings for similar in _likely(spelling) for id in similar.examples}
    found = passages.find_passages(transaction, ids) if ids else {}
    return {
        id: indexed_text(passage.document.title, passage.locator.heading, passage.text)
        for id, passage in found.items()
        if passage.audience in readable.ids
    }


def _readable_forms(spelling: Spelling, texts: Mapping[int, str]) -> dict[SimilarWord, str]:
    """The similar words that the examples have, the most likely first, each as most of them write it."""
    return {similar: form for similar in _likely(spelling) if (form := _as_written(similar, texts))}


def _likely(spelling: Spelling) -> Iterator[SimilarWord]:
    """All of them for a word that nothing has; for one that hardly anything has, far more frequent neighbours."""
    for similar in spelling.similar:
        slip = similar.edits == 1 and len(spelling.word) >= SHORTEST_CERTAIN and not DIGIT.search(spelling.word)
        if not spelling.passages or (slip and similar.passages >= FAR_MORE * spelling.passages):
            yield similar


def _as_written(similar: SimilarWord, texts: Mapping[int, str]) -> str | None:
    forms = Counter(
        text[start:end]
        for text in (texts[id] for id in similar.examples if id in texts)
        if similar.word in text.casefold()
        for start, end in word_spans(text)
        if text[start:end].casefold() == similar.word
    )
    return max(forms, key=lambda form: (forms[form], form)) if forms else None


def _is_certain(spelling: Spelling, similar: Sequence[SimilarWord]) -> bool:
    nearest = {other.token for other in similar if other.edits == 1}
    long_word = len(spelling.word) >= SHORTEST_CERTAIN and not DIGIT.search(spelling.word)
    return long_word and not spelling.passages and len(nearest) == 1


def _corrected(question: str, meant: Mapping[str, str]) -> str:
    pieces, place = [], 0
    for start, end in word_spans(question):
        if instead := meant.get(question[start:end].casefold()):
            pieces += [question[place:start], instead]
            place = end
    return "".join([*pieces, question[place:]])
