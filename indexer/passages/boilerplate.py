"""Recognises the same block of text in many documents: templates, checklists, licences, signatures.

A block is known by the digest of its normalised text. Dates, times and page numbers count as equal; other numbers do
not, because they tell part numbers, fault codes and torques apart.
"""

import hashlib
import re
from collections.abc import Iterable

from indexer.domain.content import Block, BlockKind

_LINK = re.compile(r"!?\[([^\]]*)\]\([^)\s]*\)")
_TICK_BOX = re.compile(r"^\s*(?:[-+*•]\s+|\d+[.)]\s+)?(?:\[[ xX]\]\s*)?", re.M)
_MARKUP = re.compile(r"[*`~#|>]+|<[^<>\s][^<>]*>|\b_+|_+\b")
_ANY_MARKUP = re.compile(r"[*`~#|<>_]")
_ANY_DIGIT = re.compile(r"\d")
_PASSING = re.compile(
    r"\b(?:19|20)\d\d-\d\d-\d\d\b"  # 2025-03-02
    r"|\b\d{1,2}[./]\d{1,2}[./](?:19|20)\d\d\b"  # 2.3.2025
    r"|\b(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?\b"  # 10:30
    r"|\bpage \d+(?: ?(?:of|/) ?\d+)?\b"
    r"|\b(?:19|20)\d\d\b(?![-./]\w)"
)


def block_digest(block: Block) -> int:
    """A signed number of 64 bits that blocks with the same normalised text share."""
    digest = hashlib.blake2b(normalised(block.text).encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest(), "big", signed=True)


def block_digests(blocks: Iterable[Block]) -> frozenset[int]:
    """The digests of all blocks that passages are made of."""
    return frozenset(block_digest(block) for block in blocks if block.kind is not BlockKind.QUOTE)


def normalised(text: str) -> str:
    """The text without case, links' targets, markup, ticks and list markers, with dates and page numbers as one."""
    # Each of the slow patterns is tried only where it can match at all.
    bare = _TICK_BOX.sub("", _LINK.sub(r"\1", text) if "](" in text else text)
    folded = (_MARKUP.sub(" ", bare) if _ANY_MARKUP.search(bare) else bare).casefold()
    return " ".join((_PASSING.sub("0", folded) if _ANY_DIGIT.search(folded) else folded).split())
