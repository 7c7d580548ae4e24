"""Subjects: some words, "brake squeal", and what they have to do with a question, a passage, or a person.

What a person knows about is measured on the titles and first headings of the documents that the viewer may read. Of the
words, and the pairs of neighbouring words, that two or more of a person's documents have, those come first for which

    words · documents · log((documents / all of theirs) / ((others' documents + 1) / (all others + 1)))

is largest. The others are what else the viewer may read, that of it which was read last. A word of a pair that came
first makes no subject of its own.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from indexer.domain.accounts import PersonChoices
from indexer.domain.content import Document
from indexer.index.tokens import DIGIT, tokens, word_spans
from indexer.store import Transaction, documents
from indexer.store.headings import Headings, headings_by, headings_by_others
from service.auth import ReadableAudiences

DOCUMENTS_READ = 500
OTHERS_READ = 500
SUBJECTS_SHOWN = 8
LEAST_DOCUMENTS = 2
LEAST_TELLING = math.log(2)  # twice as frequent as with others
EVIDENCE_SHOWN = 3
SHORTEST_WORD = 3
BETWEEN_HEADINGS = "›"
COMMON = """
about above after again all also and any are because been before being below between both but can case did does done
down draft during each few for from further get got had has have her here how into introduction its just last made
make may more most much must new nor not note notes now off old once one only other our out over overview own part
per question questions report same see should since some still such summary than that the their them then there
these they this those three through too two under until upon use used using very version was were what when where
which while who why will with without would yet you your
"""
COMMON_WORDS = frozenset(COMMON.split())

Phrase = tuple[str, ...]
"""The stems of one word or of two neighbours."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What several documents of a person are about (`latest` are the newest of them, `first` and `last` are years), or
    what the person says they know: then `claimed`, and perhaps without documents."""

    name: str
    documents: int = 0
    first: int | None = None
    last: int | None = None
    latest: tuple[Document, ...] = ()
    claimed: bool = False


def stems_of(text: str) -> frozenset[str]:
    """The tokens of a text, as keyword search has them."""
    return frozenset(tokens(text))


def concerns(text: frozenset[str], subject: frozenset[str]) -> bool:
    """Whether a text of these tokens has all of the subject's."""
    return bool(subject) and subject <= text


def subjects_of(
    transaction: Transaction, person: str, choices: PersonChoices, readable: ReadableAudiences
) -> tuple[Subject, ...]:
    """What a person (id) knows about by what the viewer may read, then what the person claims; without what they say
    is not theirs, or do not want to be found for."""
    theirs = headings_by(transaction, person, readable.ids, DOCUMENTS_READ)
    others = headings_by_others(transaction, person, readable.ids, OTHERS_READ) if theirs else []
    unwanted = [stems_of(subject) for subject in choices.unwanted]
    about = {name: found for name, found in _about(theirs, others).items() if not _is_among(name, unwanted)}
    newest = {entry.document for found in about.values() for entry in found[:EVIDENCE_SHOWN]}
    listed = documents.find_by_ids(transaction, newest, readable.ids)
    claimed = {stems_of(subject): subject for subject in choices.claimed}
    shown = [_subject(name, found, listed, stems_of(name) in claimed) for name, found in about.items()]
    measured = {stems_of(subject.name) for subject in shown}
    return (*shown, *(Subject(name, claimed=True) for stems, name in claimed.items() if stems not in measured))


def _is_among(name: str, subjects: Iterable[frozenset[str]]) -> bool:
    return any(concerns(stems_of(name), subject) for subject in subjects)


def _subject(name: str, about: Sequence[Headings], listed: Mapping[int, Document], claimed: bool) -> Subject:
    years = [entry.year for entry in about if entry.year is not None]
    latest = tuple(listed[entry.document] for entry in about[:EVIDENCE_SHOWN] if entry.document in listed)
    return Subject(name, len(about), min(years, default=None), max(years, default=None), latest, claimed)


def _about(theirs: Sequence[Headings], others: Sequence[Headings]) -> dict[str, list[Headings]]:
    """By name the subjects of these documents, the most telling first, each with its documents, newest first."""
    written = {entry.document: dict(_phrases(entry.texts)) for entry in theirs}
    found: dict[Phrase, list[Headings]] = defaultdict(list)
    for entry in theirs:
        for phrase in written[entry.document]:
            found[phrase].append(entry)
    several = {phrase: entries for phrase, entries in found.items() if len(entries) >= LEAST_DOCUMENTS}
    elsewhere = Counter(phrase for entry in others for phrase in dict(_phrases(entry.texts)) if phrase in several)
    worth = {}
    for phrase, entries in several.items():
        share, usual = len(entries) / len(theirs), (elsewhere[phrase] + 1) / (len(others) + 1)
        if (telling := math.log(share / usual)) >= LEAST_TELLING:
            worth[phrase] = len(phrase) * len(entries) * telling
    chosen = _apart(sorted(worth, key=lambda phrase: (-worth[phrase], phrase)))
    names = {phrase: Counter(written[entry.document][phrase] for entry in several[phrase]) for phrase in chosen}
    return {_name(names[phrase]): several[phrase] for phrase in chosen}


def _name(written: Counter[str]) -> str:
    """The form that is written most often, of several the shortest."""
    return min(written, key=lambda name: (-written[name], len(name), name))


def _apart(phrases: Iterable[Phrase]) -> list[Phrase]:
    """The first of the phrases that have no word in common."""
    chosen: list[Phrase] = []
    taken: set[str] = set()
    for phrase in phrases:
        if taken.isdisjoint(phrase) and len(chosen) < SUBJECTS_SHOWN:
            chosen.append(phrase)
            taken.update(phrase)
    return chosen


def _phrases(texts: Iterable[str]) -> Iterator[tuple[Phrase, str]]:
    """Every phrase of these texts as it is written."""
    for text in (part for whole in texts for part in whole.split(BETWEEN_HEADINGS)):
        words = [_word(text[start:end]) for start, end in word_spans(text)]
        yield from (((stem,), name) for stem, name in words if stem)
        for (one, first), (other, second) in pairwise(words):
            if one and other:
                yield (one, other), f"{first} {second}"


@lru_cache(maxsize=50_000)
def _word(written: str) -> tuple[str, str]:
    """The stem of a word, empty where it tells nothing, and the word as a subject is named by it."""
    plain = written.casefold()
    if len(plain) < SHORTEST_WORD or plain in COMMON_WORDS:
        return "", ""
    return next(tokens(written), ""), written if DIGIT.search(written) or written.isupper() else plain
