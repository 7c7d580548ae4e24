"""People's ids by number, and the numbers by id, without a Python object for each of them."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Any, Self, overload

import numpy as np
from numpy.typing import NDArray

REMEMBERED = 20_000


class Ids(Sequence[str]):
    """Ids in the order of their letters, in one row of bytes (`starts` says where each begins, and where the last
    ends), and more that came later. What came later is seen by all who share it: numbers never change."""

    def __init__(self, letters: NDArray[np.uint8], starts: NDArray[Any]) -> None:
        self.letters, self.starts = letters, starts
        self._size = max(len(starts) - 1, 0)
        self._more: list[str] = []
        self._numbers: dict[str, int] = {}

    @classmethod
    def of(cls, ids: Iterable[str]) -> Self:
        """These, each of which is there once."""
        told = sorted(entry.encode() for entry in ids)
        starts = np.cumsum([0, *map(len, told)], dtype=np.uint32)
        return cls(np.frombuffer(b"".join(told), np.uint8), starts)

    def __len__(self) -> int:
        return self._size + len(self._more)

    @overload
    def __getitem__(self, number: int) -> str: ...
    @overload
    def __getitem__(self, number: slice) -> list[str]: ...
    def __getitem__(self, number: int | slice) -> str | list[str]:
        if isinstance(number, slice):
            return [self[place] for place in range(*number.indices(len(self)))]
        return self._letters_of(number).decode() if number < self._size else self._more[number - self._size]

    def number(self, wanted: str) -> int | None:
        """Whose id this is; None where it is nobody's."""
        if (known := self._numbers.get(wanted)) is not None:
            return known
        told = wanted.encode(errors="surrogatepass")
        place = bisect_left(range(self._size), told, key=self._letters_of)
        if place == self._size or self._letters_of(place) != told:
            return None
        if len(self._numbers) < REMEMBERED:  # the same people are asked for again and again
            self._numbers[wanted] = place
        return place

    def numbered(self, ids: Iterable[str]) -> list[int]:
        """The numbers of these, those that are new added."""
        return [self._numbered(wanted) for wanted in ids]

    def _numbered(self, wanted: str) -> int:
        number = self.number(wanted)
        if number is None:
            number = self._numbers[wanted] = len(self)
            self._more.append(wanted)
        return number

    def _letters_of(self, place: int) -> bytes:
        return self.letters[self.starts[place] : self.starts[place + 1]].tobytes()
