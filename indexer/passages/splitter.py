"""Splits a document into passages at headings, then at paragraphs, then at sentences.

A passage aims at `target_words` words. Messages of a thread share a passage while they are short, so that a question
stays with its one-line answer; a passage's locator is that of its first block.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from indexer.domain.content import Block, BlockKind, Locator, ParsedDocument, Passage
from indexer.settings import PassageSettings

SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s+|\n+")
CHARACTERS_A_WORD = 7  # counts code, tables and unspaced scripts by their length, since a model does too


@dataclass(frozen=True, slots=True)
class _Piece:
    """A block or a part of one: never longer than a passage may be."""

    block: Block
    text: str
    words: int


def split(document: ParsedDocument, settings: PassageSettings) -> tuple[Passage, ...]:
    """The passages of a document in reading order; quotations of other messages are left out."""
    pieces = [piece for block in document.blocks for piece in _pieces(block, settings.max_words)]
    groups = _join_short(_grouped(pieces, settings), settings)
    return tuple(_passage(number, group, document.title) for number, group in enumerate(groups, 1))


def indexed_text(title: str, heading: str | None, text: str) -> str:
    """What is embedded and matched for a passage: `title: heading. text`."""
    context = f"{title}: {heading}." if heading else f"{title}."
    return f"{context} {text}"


def count_words(text: str) -> int:
    """Words as a model pays for them: at least one for every seven characters."""
    return max(len(text.split()), len(text) // CHARACTERS_A_WORD)


def _pieces(block: Block, max_words: int) -> Iterator[_Piece]:
    text = block.text.strip()
    if block.kind is BlockKind.QUOTE or not text:
        return
    if (words := count_words(text)) <= max_words:
        yield _Piece(block, text, words)
        return
    part: list[str] = []
    size = 0
    for sentence in _short_sentences(text, max_words):
        if part and size + count_words(sentence) > max_words:
            yield _Piece(block, " ".join(part), size)
            part, size = [], 0
        part.append(sentence)
        size += count_words(sentence)
    yield _Piece(block, " ".join(part), size)


def _short_sentences(text: str, max_words: int) -> Iterator[str]:
    for sentence in SENTENCE_END.split(text):
        if count_words(sentence) <= max_words:
            yield sentence
            continue
        longest = max_words * CHARACTERS_A_WORD
        line: list[str] = []
        size = 0
        for word in _cut_words(sentence, longest):
            if line and (size + len(word) > longest or len(line) >= max_words):
                yield " ".join(line)
                line, size = [], 0
            line.append(word)
            size += len(word) + 1
        yield " ".join(line)


def _cut_words(sentence: str, longest: int) -> Iterator[str]:
    for word in sentence.split():
        yield from (word[start : start + longest] for start in range(0, len(word), longest))


def _grouped(pieces: Sequence[_Piece], settings: PassageSettings) -> Iterator[list[_Piece]]:
    group: list[_Piece] = []
    words = 0
    for piece in pieces:
        new_section = bool(group) and piece.block.headings != group[-1].block.headings
        full = words >= settings.target_words or words + piece.words > settings.max_words
        if group and (new_section or full):
            yield group
            group, words = [], 0
        group.append(piece)
        words += piece.words
    if group:
        yield group


def _join_short(groups: Iterator[list[_Piece]], settings: PassageSettings) -> list[list[_Piece]]:
    """Join a group too short to stand alone with the one before it, else with the one after."""
    joined: list[list[_Piece]] = []
    for group in groups:
        short = bool(joined) and min(_words(group), _words(joined[-1])) < settings.min_words
        if short and _words(group) + _words(joined[-1]) <= settings.max_words:
            joined[-1] += group
        else:
            joined.append(group)
    return joined


def _words(group: Sequence[_Piece]) -> int:
    return sum(piece.words for piece in group)


def _passage(number: int, group: Sequence[_Piece], title: str) -> Passage:
    first = group[0].block
    heading = _heading(first, title)
    text = "\n\n".join(_texts(group))
    indexed = indexed_text(title, heading, text)
    digest = hashlib.blake2b(indexed.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    return Passage(number, text, indexed, Locator(first.page, heading, first.message, first.line), digest)


def _texts(group: Sequence[_Piece]) -> Iterator[str]:
    """The pieces' texts; one that comes from another section brings its heading along."""
    headings = group[0].block.headings
    for piece in group:
        if piece.block.headings != headings:
            headings = piece.block.headings
            yield f"{headings[-1]}: {piece.text}" if headings else piece.text
        else:
            yield piece.text


def _heading(block: Block, title: str) -> str | None:
    return " › ".join(heading for heading in block.headings if heading != title) or None
