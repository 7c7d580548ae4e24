"""Subjects: some words, "brake squeal", and what they have to do with a question, a passage, or a person."""

from indexer.index.tokens import tokens


def stems_of(text: str) -> frozenset[str]:
    """The tokens of a text, as keyword search has them."""
    return frozenset(tokens(text))


def concerns(text: frozenset[str], subject: frozenset[str]) -> bool:
    """Whether a text of these tokens has all of the subject's."""
    return bool(subject) and subject <= text
