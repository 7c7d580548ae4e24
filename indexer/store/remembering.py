"""Remembers what was read until anything is committed."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from indexer.store.database import Transaction

Value = TypeVar("Value")

MOST_REMEMBERED = 100
REMEMBERED = "remembered"


def remembered(transaction: Transaction, key: Hashable, read: Callable[[], Value]) -> Value:
    """What `read` gave under this key, if nothing has been committed since, by this process or another; else what it
    gives now. For what many requests read again and hardly anything changes: nobody may change the value.

    Each connection remembers for itself, because only for itself SQLite tells whether the database has changed.
    """
    raw: Any = transaction.connection.dbapi_connection
    if raw.in_transaction:  # what it writes may yet be rolled back
        return read()
    # The first counts what others commit, the second what this connection changes.
    state = transaction.exec_driver_sql("PRAGMA data_version").scalar_one(), raw.total_changes
    known_state, known = transaction.info.get(REMEMBERED, (None, {}))
    if known_state != state or len(known) >= MOST_REMEMBERED:
        known = {}
        transaction.info[REMEMBERED] = state, known
    if key not in known:
        known[key] = read()
    found: Value = known[key]
    return found
