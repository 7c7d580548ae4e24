"""Splits a document into passages at headings, then at paragraphs, then at sentences.

A passage aims at `target_words` words. Messages of a thread share a passage while they are short, so that a question
stays with its one-line answer; a passage's locator is that of its first block.
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

from indexer.domain.content import Block, BlockKind, Locator, ParsedDocument, Passage
from indexer.passages.boilerplate import block_digest
from indexer.settings import PassageSettings

GAP = "\n\n"  # between the blocks of a passage
CHARACTERS_A_WORD = 7  # counts code, tables and the like by their length, since a model does too
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])\s*|\n+")
_WORD = re.compile(r"\s*\S+\s*")
_IDEOGRAPH = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A block or a part of one: never longer than a passage may be."""

    block: Block
    text: str
    words: int


def split(
    document: ParsedDocument, settings: PassageSettings, boilerplate: Collection[int] = ()
) -> tuple[Passage, ...]:
    """The passages of a document in reading order, without quotations of other messages and without the blocks whose
    digest is in `boilerplate`; a document that is nothing else keeps them."""
    own = [block for block in document.blocks if block_digest(block) not in boilerplate] if boilerplate else ()
    pieces = _all_pieces(own, settings) or _all_pieces(document.blocks, settings)
    groups = _joined_short(_grouped(pieces, settings), settings)
    return tuple(_passage(number, group, document.title) for number, group in enumerate(groups, 1))


def indexed_text(title: str, heading: str | None, text: str) -> str:
    """What is embedded and matched for a passage: `title: heading. text`; a title made of the text's own first words is
    not said twice."""
    opening = title.removesuffix("…").rstrip()
    context = [] if " ".join(text[: 2 * len(title) + 1].split()).startswith(opening) else [title]
    context += [heading] if heading else []
    return f"{': '.join(context)}. {text}" if context else text


def count_words(text: str) -> int:
    """Words as a model pays for them: one for each ideograph or kana, at least one for every seven characters.

    The gap that follows a text counts with it, so that texts set together never have more words than they had singly.
    """
    return max(_spoken_words(text), ceil((len(text) + len(GAP)) / CHARACTERS_A_WORD))


def _spoken_words(text: str) -> int:
    return max(len(text.split()), 0 if text.isascii() else len(_IDEOGRAPH.findall(text)))


def _most_characters(max_words: int) -> int:
    return max_words * CHARACTERS_A_WORD - len(GAP)


def _all_pieces(blocks: Iterable[Block], settings: PassageSettings) -> list[_Piece]:
    return [piece for block in blocks for piece in _pieces(block, settings.max_words)]


def _pieces(block: Block, max_words: int) -> Iterator[_Piece]:
    text = block.text.strip()
    if block.kind is BlockKind.QUOTE or not text:
        return
    if (words := count_words(text)) <= max_words:
        yield _Piece(block, text, words)
        return
    for stretch in _stretches(_short_sentences(text, max_words), max_words):
        part = stretch.rstrip().lstrip("\n" if block.kind is BlockKind.CODE else None)  # code keeps its indentation
        if part:
            yield _Piece(block, part, count_words(part))


def _stretches(parts: Iterable[str], max_words: int) -> Iterator[str]:
    """Consecutive parts of a text put together, as many as fit."""
    stretch, words = "", 0
    for part in parts:
        more = _spoken_words(part)
        if stretch and (words + more > max_words or len(stretch) + len(part) > _most_characters(max_words)):
            yield stretch
            stretch, words = "", 0
        stretch += part
        words += more
    yield stretch


def _short_sentences(text: str, max_words: int) -> Iterator[str]:
    """The text cut after sentences and lines; a sentence that is too long is cut between words."""
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    for start, end in pairwise((0, *ends, len(text))):
        sentence = text[start:end]
        if count_words(sentence) <= max_words:
            yield sentence
        else:
            yield from _stretches(_short_words(sentence, max_words), max_words)


def _short_words(sentence: str, max_words: int) -> Iterator[str]:
    """The words of a sentence with the blanks around them; one longer than a whole passage is cut anywhere."""
    for word in _WORD.findall(sentence):
        if count_words(word) <= max_words:
            yield word
        else:
            longest = max_words if _IDEOGRAPH.search(word) else _most_characters(max_words)
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


def _joined_short(groups: Iterator[list[_Piece]], settings: PassageSettings) -> list[list[_Piece]]:
    """Join a group too short to stand alone with the one before it, else with the one after."""
    joined: list[list[_Piece]] = []
    for group in groups:
        short = bool(joined) and min(_words(group), _words(joined[-1])) < settings.min_words
        if short and count_words(_text(joined[-1] + group)) <= settings.max_words:
            joined[-1] += group
        else:
            joined.append(group)
    return joined


def _words(group: Sequence[_Piece]) -> int:
    return sum(piece.words for piece in group)


def _passage(number: int, group: Sequence[_Piece], title: str) -> Passage:
    first = group[0].block
    heading = _heading(first, title)
    text = _text(group)
    indexed = indexed_text(title, heading, text)
    digest = hashlib.blake2b(indexed.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    return Passage(number, text, indexed, Locator(first.page, heading, first.message, first.line), digest)


def _text(group: Sequence[_Piece]) -> str:
    return GAP.join(_texts(group))


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
    """The path of headings; the outermost is left out where it repeats the title, with a number before it or so."""
    headings = block.headings
    if headings and title.casefold() in headings[0].casefold():
        headings = headings[1:]
    return " › ".join(headings) or None
