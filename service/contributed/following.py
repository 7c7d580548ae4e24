"""Follows the database: what is asked of the columns is always what the database says now."""

import threading
from dataclasses import dataclass

from indexer.domain.accounts import PersonChoices
from indexer.store import Transaction, choices, parts
from service.contributed.columns import Columns

REREAD_SHARE = 0.5  # where so many documents have changed, all of them are read


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read last, and the numbers of the latest notes then."""

    numbers: tuple[int, int]
    columns: Columns
    choices: dict[str, PersonChoices]


class Contributed:
    """Gives searches everybody's parts in all documents, and what people chose of how they are found.

    Both are read whole at first, and from then on as far as the database has noted changes. Safe to use from several
    threads; not for a transaction that writes, since what it takes back would be remembered.
    """

    def __init__(self) -> None:
        self._reading = threading.Lock()
        self._known: _Known | None = None

    def columns(self, transaction: Transaction) -> Columns:
        """Everybody's parts as they are now."""
        return self.now(transaction)[0]

    def now(self, transaction: Transaction) -> tuple[Columns, dict[str, PersonChoices]]:
        """Everybody's parts and choices, by person (id), as they are now; nothing of those who chose nothing."""
        numbers = parts.latest_changes(transaction)
        known = self._known
        if known is not None and known.numbers == numbers:
            return known.columns, known.choices
        with self._reading:
            # The numbers first: what changes while the rest is read is read again, which does no harm.
            numbers = parts.latest_changes(transaction)
            self._known = known = self._read(transaction, numbers, self._known)
            return known.columns, known.choices

    def _read(self, transaction: Transaction, numbers: tuple[int, int], known: "_Known | None") -> "_Known":
        # Numbers never fall: where they do, the database is another one.
        if known is None or any(now < before for now, before in zip(numbers, known.numbers, strict=True)):
            return _Known(numbers, _all_columns(transaction), choices.all_choices(transaction))
        columns, chosen = known.columns, known.choices
        if numbers[0] != known.numbers[0]:
            columns = _followed(transaction, columns, known.numbers[0])
        if numbers[1] != known.numbers[1]:
            chosen = choices.all_choices(transaction)
        return _Known(numbers, columns, chosen)


def _all_columns(transaction: Transaction) -> Columns:
    return Columns.of(parts.read_all_parts(transaction))


def _followed(transaction: Transaction, known: Columns, number: int) -> Columns:
    """The columns with everything that changed after a note's number."""
    changed = parts.changed_since(transaction, number)
    if len(changed) > REREAD_SHARE * len(known.documents):
        return _all_columns(transaction)
    return known.changed(parts.read_parts(transaction, changed), changed)
