"""Many rows at once, for what compares a whole corpus or is asked with every question."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select

from indexer.store.database import Transaction


def plain_rows(
    transaction: Transaction, statement: Select[Any], values: Mapping[str, Any] | None = None
) -> list[tuple[Any, ...]]:
    """All rows as the driver gives them, several times as fast; for columns whose values need no translation: numbers,
    texts, bytes."""
    with transaction.execute(statement, values) as result:
        return list(result.cursor.fetchall()) if result.cursor is not None else []
