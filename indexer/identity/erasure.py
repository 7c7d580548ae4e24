"""People who asked to be erased: knowing them again by keyed hashes, and taking their names out of texts.

A home keeps HMAC-SHA256 digests under its secret: of person ids and identities, and of the phrases that name somebody
in a text (a full name in either order, an address, a handle). Every word of a text could begin such a phrase, so two
bytes of the keyed hash of first words are kept, too: of the different words of a text one in tens of thousands has to
be looked at, and a home in which nobody was erased pays nothing.
"""

import hashlib
import hmac
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from indexer.domain.content import Audience, AudienceKind, Block, Credit, ParsedDocument
from indexer.domain.erasure import Trace, TraceKind
from indexer.domain.people import FORMER_MEMBER, DirectoryPerson, DirectoryRecords, Identity, IdentityKind
from indexer.identity.identities import identities_of
from indexer.notation import display_name
from indexer.notation.words import Word, fold, folded_words, placed_words, spoken_words
from indexer.settings import SourceBase
from indexer.store import Transaction, erased

WIDEST_GAP = 3
LEAST_HANDLE = 4
LEAST_NAME = 5
SHORT_LINE_WORDS = 5
KNOWN_WORDS = 200_000
LINE = re.compile(r"[^\n]+")

ANYWHERE = frozenset({TraceKind.PHRASE, TraceKind.MENTION})


class Erased:
    """Those who were erased from a home. False where nobody was."""

    def __init__(self, secret: bytes, traces: Sequence[Trace]) -> None:
        self._secret = secret
        self._whose: dict[tuple[TraceKind, bytes], str] = {(t.kind, t.digest): t.whose for t in traces}
        self._beginnings: dict[int, set[tuple[int, TraceKind]]] = defaultdict(set)
        for trace in traces:
            if trace.words:
                self._beginnings[trace.start].add((trace.words, trace.kind))
        self._starts: dict[str, int | None] = {}
        self.count = len(traces)

    def __bool__(self) -> bool:
        return bool(self._whose)

    def whose_person(self, person: str) -> str | None:
        """Whose id this is; None of somebody who was not erased."""
        return self._look(TraceKind.PERSON, person)

    def whose_identity(self, identity: Identity) -> str | None:
        return self._look(TraceKind.IDENTITY, str(identity))

    def whose_name(self, name: str) -> str | None:
        """Whose full name this is; None also of one that somebody else bears, too."""
        return self._look(TraceKind.PHRASE, " ".join(folded_words(name)))

    def whose_credit(self, found: Iterable[Identity], name: str | None) -> str | None:
        """Who is meant by a credit that shows these identities and this name."""
        known = next((whose for identity in found if (whose := self.whose_identity(identity))), None)
        return known or (self.whose_name(display_name(name)) if name else None)

    def without(self, text: str, kinds: Collection[TraceKind] = ANYWHERE) -> str:
        """The text with `former member` in place of every phrase that names one of them."""
        if not self._whose or not any(self._start(word) is not None for word in spoken_words(text)):
            return text
        kept: list[str] = []
        done = 0
        for start, end in self._places(text, kinds):
            kept += (text[done:start], FORMER_MEMBER)
            done = end
        return "".join((*kept, text[done:])) if kept else text

    def without_signatures(self, text: str) -> str:
        """A message of one of them, also without the names under it."""
        return LINE.sub(lambda line: self._unsigned(line[0]), text) if self._whose else text

    def _unsigned(self, line: str) -> str:
        short = len(line.split()) <= SHORT_LINE_WORDS
        return self.without(line, {TraceKind.SIGNATURE}) if short else line

    def _places(self, text: str, kinds: Collection[TraceKind]) -> Iterator[tuple[int, int]]:
        words = placed_words(text)
        number = 0
        while number < len(words):
            length = self._phrase_at(text, words, number, kinds)
            if length:
                yield words[number].start - _is_mentioned(text, words[number]), words[number + length - 1].end
            number += length or 1

    def _phrase_at(self, text: str, words: Sequence[Word], number: int, kinds: Collection[TraceKind]) -> int:
        """How many words the longest phrase has that begins here; 0 where none does."""
        start = self._start(words[number].folded)
        for length, kind in sorted(self._beginnings[start], reverse=True) if start is not None else ():
            found = words[number : number + length]
            if kind not in kinds or len(found) < length or not _together(text, found):
                continue
            if kind is TraceKind.MENTION and not _is_mentioned(text, found[0]):
                continue
            if self._look(kind, " ".join(word.folded for word in found)):
                return length
        return 0

    def _start(self, word: str) -> int | None:
        """The start of phrases that the word may be the first of; None of nearly every word."""
        try:
            return self._starts[word]
        except KeyError:
            if len(self._starts) >= KNOWN_WORDS:
                self._starts.clear()
            start = start_of(self._secret, fold(word))
            self._starts[word] = start if start in self._beginnings else None
            return self._starts[word]

    def _look(self, kind: TraceKind, value: str) -> str | None:
        return self._whose.get((kind, digest_of(self._secret, kind, value))) if self._whose else None


NOBODY_ERASED = Erased(b"", ())


def read_erased(transaction: Transaction, secret: Callable[[], bytes], known: Erased = NOBODY_ERASED) -> Erased:
    """Those who were erased by now; `known` itself where nobody was since it was read. `secret` gives the home's."""
    if erased.count_traces(transaction) == known.count:
        return known
    return Erased(secret(), erased.all_traces(transaction))


def digest_of(secret: bytes, kind: TraceKind, value: str) -> bytes:
    return hmac.digest(secret, f"erased\0{kind}\0{value}".encode("utf-8", "surrogatepass"), hashlib.sha256)


def start_of(secret: bytes, word: str) -> int:
    told = hmac.digest(secret, f"start\0{word}".encode("utf-8", "surrogatepass"), hashlib.sha256)
    return int.from_bytes(told[:2])


def traces_of(
    secret: bytes,
    whose: str,
    ids: Iterable[str],
    identities: Iterable[Identity],
    phrases: Iterable[tuple[str, TraceKind]],
) -> list[Trace]:
    """The hashes to know a person by: of their ids and identities, and of the phrases that name them."""
    made = [Trace(digest_of(secret, TraceKind.PERSON, person), TraceKind.PERSON, whose) for person in ids]
    for identity in identities:
        made.append(Trace(digest_of(secret, TraceKind.IDENTITY, str(identity)), TraceKind.IDENTITY, whose))
    for phrase, kind in phrases:
        words = phrase.split()
        made.append(Trace(digest_of(secret, kind, phrase), kind, whose, len(words), start_of(secret, words[0])))
    return made


def phrases_of(
    ids: Iterable[str], names: Iterable[str], identities: Collection[Identity], *, shared: Collection[str] = ()
) -> set[tuple[str, TraceKind]]:
    """The phrases, folded, that name a person of these ids, names and identities; `shared` are the names that somebody
    else bears."""
    spelled = [folded_words(name) for name in names]
    spelled += [folded_words(identity.value) for identity in identities if identity.kind is IdentityKind.NAME]
    parts = {word for words in spelled for word in words}
    found = {(part, TraceKind.SIGNATURE) for part in parts if len(part) > 1}
    found |= {(phrase, TraceKind.PHRASE) for words in spelled for phrase in _full_names(words)}
    for handle in (*ids, *(identity.value for identity in identities if identity.kind is IdentityKind.HANDLE)):
        found |= _handle(" ".join(folded_words(handle)), parts)
    for identity in identities:
        if identity.kind is IdentityKind.ADDRESS:
            found.add((" ".join(folded_words(identity.value)), TraceKind.PHRASE))
    others = {phrase for name in shared for phrase in _full_names(folded_words(name))}
    return {
        (phrase, TraceKind.SHARED if kind is TraceKind.PHRASE and phrase in others else kind)
        for phrase, kind in found
        if phrase
    }


def _full_names(words: tuple[str, ...]) -> Iterator[str]:
    """A name in the orders in which people write it; nothing of a single word, which may mean others, too."""
    if len(words) < 2:
        return
    yield " ".join(words)
    yield " ".join((words[-1], *words[:-1]))
    if len(words) > 2:
        yield f"{words[0]} {words[-1]}"
        yield f"{words[-1]} {words[0]}"


def _handle(text: str, names: Collection[str]) -> set[tuple[str, TraceKind]]:
    """A handle is looked for after an @, and everywhere if it can hardly be anything else."""
    mixed = any(letter.isdigit() for letter in text) and any(letter.isalpha() for letter in text)
    of_name = any(len(name) >= LEAST_NAME and name in text and name != text for name in names)
    distinctive = len(text) >= LEAST_HANDLE and (" " in text or mixed or of_name)
    return {(text, TraceKind.PHRASE)} if distinctive else {(text, TraceKind.MENTION)}


def without_erased(document: ParsedDocument, source: SourceBase, gone: Erased) -> ParsedDocument:
    """What was parsed, without the names of those who were erased; its credits are left for `people_of`."""
    if not gone:
        return document
    theirs = any(_whose_credit(credit, source, gone) for credit in document.metadata.credits)
    written = {
        message.number
        for message in document.messages
        if message.credit is not None and _whose_credit(message.credit, source, gone)
    }
    kinds = kinds_for(theirs or bool(written))
    said = document.metadata
    return replace(
        document,
        title=gone.without(document.title, kinds),
        blocks=tuple(blocks_without(document.blocks, gone, kinds, written)),
        metadata=replace(said, url=address_without(said.url, gone)),
        reason=document.reason and gone.without(document.reason, kinds),
    )


def kinds_for(theirs: bool) -> frozenset[TraceKind]:
    """What is looked for in a document; more in those that one of them had a part in."""
    return ANYWHERE | {TraceKind.SHARED} if theirs else ANYWHERE


def blocks_without(
    blocks: Iterable[Block], gone: Erased, kinds: Collection[TraceKind], written: Collection[int]
) -> Iterator[Block]:
    """The blocks of a document without their names; `written` are the numbers of their messages."""
    for block in blocks:
        text = gone.without(block.text, kinds)
        if block.message in written:
            text = gone.without_signatures(text)
        headings = tuple(gone.without(heading, kinds) for heading in block.headings)
        yield (
            block if (text, headings) == (block.text, block.headings) else replace(block, text=text, headings=headings)
        )


def address_without(url: str | None, gone: Erased) -> str | None:
    """An address that leads somewhere, or None where it names one of them: it would lead nowhere without the name."""
    return None if url is None or gone.without(url) != url else url


def audience_without(audience: Audience, gone: Erased) -> Audience:
    """The audience, of given people without those who were erased."""
    if not gone or audience.kind is not AudienceKind.PEOPLE:
        return audience
    named = (person for person in audience.subject.split(",") if not gone.whose_person(person))
    return replace(audience, subject=",".join(named))


def directory_without(
    records: DirectoryRecords, gone: Erased
) -> tuple[DirectoryRecords, list[tuple[str, DirectoryPerson]]]:
    """What directories say of everybody else; and who of those erased is still listed, each with whose they are."""
    if not gone:
        return records, []
    listed = {
        entry.person.id: whose
        for entry in records.people
        if (whose := gone.whose_person(entry.person.id) or gone.whose_credit(entry.identities, None))
    }
    kept = replace(
        records,
        people=tuple(entry for entry in records.people if entry.person.id not in listed),
        communities=tuple(
            replace(community, domain=community.domain and gone.without(community.domain))
            for community in records.communities
        ),
        memberships=tuple(entry for entry in records.memberships if entry.person not in listed),
    )
    return kept, [(listed[entry.person.id], entry) for entry in records.people if entry.person.id in listed]


def _whose_credit(credit: Credit, source: SourceBase, gone: Erased) -> str | None:
    found = identities_of(credit, source.name, source.handle_namespace, trust_addresses=source.trust_addresses)
    return gone.whose_credit(found, credit.name)


def _together(text: str, words: Sequence[Word]) -> bool:
    """Whether nothing but a little punctuation or space stands between the words."""
    return all(
        after.start - before.end <= WIDEST_GAP and text.count("\n", before.end, after.start) < 2
        for before, after in pairwise(words)
    )


def _is_mentioned(text: str, word: Word) -> bool:
    return text[word.start - 1 : word.start] == "@" and not _follows_word(text, word)


def _follows_word(text: str, word: Word) -> bool:
    """Whether a word ends right before the sign that stands before this one."""
    return word.start >= 2 and text[word.start - 2].isalnum()
