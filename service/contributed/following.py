"""Follows the database: what is asked of the columns is always what the database says now."""

import threading

from indexer.domain.accounts import PersonChoices
from indexer.store import Transaction, choices, parts
from service.contributed.columns import Columns


class Contributed:
    """Gives searches everybody's parts in all documents, and what people chose of how they are found.

    Both are read whole at first, and from then on as far as the database has noted changes. Safe to use from several
    threads; not for a transaction that writes, since what it takes back would be remembered.
    """

    def __init__(self) -> None:
        self._reading = threading.Lock()
        self._columns: tuple[int, Columns] | None = None
        self._choices: tuple[int, dict[str, PersonChoices]] | None = None

    def columns(self, transaction: Transaction) -> Columns:
        """Everybody's parts as they are now."""
        known = self._columns
        if known is not None and known[0] == parts.latest_changes(transaction)[0]:
            return known[1]
        with self._reading:
            # The number first: what changes while parts are read is read again, which does no harm.
            latest = parts.latest_changes(transaction)[0]
            self._columns = latest, self._at(transaction, latest)
            return self._columns[1]

    def choices(self, transaction: Transaction) -> dict[str, PersonChoices]:
        """What everybody chose, by person (id); nothing of those who chose nothing."""
        known = self._choices
        if known is not None and known[0] == parts.latest_changes(transaction)[1]:
            return known[1]
        with self._reading:
            latest = parts.latest_changes(transaction)[1]
            self._choices = latest, choices.all_choices(transaction)
            return self._choices[1]

    def _at(self, transaction: Transaction, latest: int) -> Columns:
        known = self._columns
        if known is None or latest < known[0]:  # numbers never fall, so the database is another one
            return Columns.of(parts.read_all_parts(transaction))
        changed = parts.changed_since(transaction, known[0])
        if 2 * len(changed) > len(known[1].documents):
            return Columns.of(parts.read_all_parts(transaction))
        return known[1].changed(parts.read_parts(transaction, changed), changed)
