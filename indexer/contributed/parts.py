"""Parts in the documents that a question finds: what the columns give to whoever ranks people."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from indexer.contributed.arrays import Numbers
from indexer.store.contributions import Part
from indexer.store.parts import NEVER, ROLES

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
CODES = {role: code for code, role in enumerate(ROLES)}


def microseconds(moment: datetime | None) -> int:
    """Since 1970, as the columns keep moments."""
    return NEVER if moment is None else (moment - EPOCH) // MICROSECOND


@dataclass(frozen=True, slots=True)
class Parts:
    """Parts in some documents, one a place in each column; those of one person in one document are together. `places`
    are those of the documents in the list that was asked for, `people` places in the list of `ids`, `roles` numbers of
    ROLES; a community of 0 and a message of -1 are none, and a moment may be NEVER."""

    ids: Sequence[str]
    places: Numbers
    documents: Numbers
    communities: Numbers
    people: Numbers
    roles: Numbers
    moments: Numbers
    messages: Numbers
    likes: Numbers

    def __len__(self) -> int:
        return len(self.places)

    @classmethod
    def of(cls, documents: Sequence[int], parts: Iterable[Part]) -> "Parts":
        """Those of the parts that are in these documents (row ids)."""
        place = {document: number for number, document in enumerate(documents)}
        numbers: dict[str, int] = {}
        found = [part for part in parts if part.document in place]
        for part in found:
            numbers.setdefault(part.person, len(numbers))
        # Stable: what one person did in one document stays in the order that was given.
        found.sort(key=lambda part: (place[part.document], numbers[part.person]))
        rows = [
            (
                place[part.document],
                part.document,
                part.community or 0,
                numbers[part.person],
                CODES[part.role],
                microseconds(part.at),
                -1 if part.message is None else part.message,
                part.likes,
            )
            for part in found
        ]
        return cls(list(numbers), *np.asarray(rows, np.int64).reshape(-1, 8).T)

    def part(self, row: int) -> Part:
        """One of them by itself."""
        moment, message = int(self.moments[row]), int(self.messages[row])
        return Part(
            int(self.documents[row]),
            self.ids[int(self.people[row])],
            ROLES[self.roles[row]],
            None if moment == NEVER else EPOCH + moment * MICROSECOND,
            None if message < 0 else message,
            int(self.likes[row]),
            int(self.communities[row]) or None,
        )

    def where(self, kept: NDArray[np.bool_]) -> "Parts":
        """Those that the mask keeps."""
        return Parts(self.ids, *(column[kept] for column in self._columns()))

    def followed_by(self, other: "Parts") -> "Parts":
        """These and others of the same people."""
        pairs = zip(self._columns(), other._columns(), strict=True)
        return Parts(self.ids, *(np.concatenate(pair) for pair in pairs))

    def _columns(self) -> tuple[Numbers, ...]:
        told = (self.places, self.documents, self.communities, self.people, self.roles, self.moments)
        return (*told, self.messages, self.likes)
