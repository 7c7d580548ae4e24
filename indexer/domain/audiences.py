"""How people write down who may read something: a word, members of a community, or given people."""

import re
from dataclasses import dataclass

from indexer.domain.content import AudienceKind

NAMED = (AudienceKind.MEMBERS, AudienceKind.PEOPLE)
BETWEEN_NAMES = re.compile(r"[,;\n]")


@dataclass(frozen=True, slots=True)
class SpelledAudience:
    """An audience as it was written. `names` are those after the colon, None where there is no colon."""

    kind: AudienceKind
    names: tuple[str, ...] | None = None


def spelled_audience(text: str) -> SpelledAudience | None:
    """What `public`, `signed_in`, `community`, `members`, `members: brakes` or `people: ada, bo@example.org` says, in
    any case; None for what is none of these."""
    word, colon, rest = text.partition(":")
    kind = word.strip().casefold().replace("-", "_").replace(" ", "_")
    if kind not in set(AudienceKind) or (colon and kind not in NAMED):
        return None
    names = tuple(dict.fromkeys(name.strip() for name in BETWEEN_NAMES.split(rest) if name.strip()))
    return SpelledAudience(AudienceKind(kind), names if colon else None)
