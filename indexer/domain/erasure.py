"""What is remembered of people who asked to be erased: enough to know them again, nothing to tell who they were."""

from dataclasses import dataclass
from enum import StrEnum


class TraceKind(StrEnum):
    """What a hash is of: a person's id, an identity, or a phrase. A `phrase` is replaced wherever it stands; a `shared`
    one, which somebody else bears as well, only in documents that they had a part in; a `mention` only after an @; a
    `signature` only in short lines of their own messages."""

    PERSON = "person"
    IDENTITY = "identity"
    PHRASE = "phrase"
    SHARED = "shared"
    MENTION = "mention"
    SIGNATURE = "signature"


@dataclass(frozen=True, slots=True)
class Trace:
    """One keyed hash. `whose` is the same for all of one person's; `words` and `start` are 0 of what is no phrase."""

    digest: bytes
    kind: TraceKind
    whose: str
    words: int = 0
    start: int = 0
