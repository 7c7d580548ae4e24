"""Long lists of values for `IN (…)`, cut to what one statement may hold."""

from collections.abc import Hashable, Iterable, Iterator
from typing import TypeVar

Value = TypeVar("Value", bound=Hashable)

VALUES_A_STATEMENT = 5_000


def in_batches(values: Iterable[Value]) -> Iterator[list[Value]]:
    """The values, each once, in lists that one statement takes."""
    distinct = list(dict.fromkeys(values))
    for start in range(0, len(distinct), VALUES_A_STATEMENT):
        yield distinct[start : start + VALUES_A_STATEMENT]
