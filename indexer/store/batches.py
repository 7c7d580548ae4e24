"""Long lists of values for `IN (…)`."""

from collections.abc import Hashable, Iterable, Iterator
from typing import Any, TypeVar

from sqlalchemy import JSON, Select, bindparam, func, select

Value = TypeVar("Value", bound=Hashable)

VALUES_A_STATEMENT = 5_000


def in_batches(values: Iterable[Value]) -> Iterator[list[Value]]:
    """The values, each once, in lists that one statement takes, where it is made for each of them."""
    distinct = list(dict.fromkeys(values))
    for start in range(0, len(distinct), VALUES_A_STATEMENT):
        yield distinct[start : start + VALUES_A_STATEMENT]


def values_in(name: str) -> Select[Any]:
    """For `IN (…)` in a statement that is made once: the values of the list that is bound under this name. However many
    they are, neither SQLAlchemy nor SQLite has to compile it anew."""
    return select(func.json_each(bindparam(name, type_=JSON)).table_valued("value").c.value)
