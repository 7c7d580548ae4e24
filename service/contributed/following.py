"""Follows the database: what is asked of the columns is always what the database says now."""

import logging
import threading
from dataclasses import dataclass

from indexer.contributed import Columns, is_much, open_kept, renew_columns
from indexer.domain.accounts import PersonChoices
from indexer.domain.errors import KnowwhoError
from indexer.home import Home
from indexer.store import Transaction, choices, parts
from indexer.store.parts import Latest

log = logging.getLogger(__name__)

REREAD_SHARE = 0.5  # where so many documents have changed, all of them are read


@dataclass(frozen=True, slots=True)
class Known:
    """Everybody's parts as columns, and what people chose of how they are found, by person (id) and by number of the
    person in the columns; nothing of those who chose nothing. `latest` says what the database had noted by then,
    `mapped` whether the base of the columns is a file."""

    latest: Latest
    columns: Columns
    mapped: bool
    choices: dict[str, PersonChoices]
    chosen: dict[int, PersonChoices]


class Contributed:
    """Gives searches everybody's parts in all documents, and what people chose of how they are found.

    Parts are mapped from the file that the home keeps of them, or read whole at first where there is none; from then on
    both are followed as far as the database has noted changes. Where a home is given, a file is written in the
    background that has what is missing in the one there is. Safe to use from several threads; not for a transaction
    that writes, since what it takes back would be remembered.
    """

    def __init__(self, home: Home | None = None) -> None:
        self._home = home
        self._reading = threading.Lock()
        self._renewing = threading.Lock()
        self._known: Known | None = None

    def columns(self, transaction: Transaction) -> Columns:
        """Everybody's parts as they are now."""
        return self.now(transaction).columns

    def now(self, transaction: Transaction) -> Known:
        """Everybody's parts and choices as they are now."""
        latest = parts.latest_changes(transaction)
        known = self._known
        if known is not None and known.latest == latest:
            return known
        with self._reading:
            # The numbers first: what changes while the rest is read is read again, which does no harm.
            latest = parts.latest_changes(transaction)
            self._known = known = self._read(transaction, latest, self._known)
        self._renew_where_much_is_new(known)
        return known

    def _read(self, transaction: Transaction, latest: Latest, known: Known | None) -> Known:
        # Numbers never fall: where they do, the database is another one.
        if known is not None and (latest.parts < known.latest.parts or latest.choices < known.latest.choices):
            known = None
        columns, mapped = self._columns(transaction, latest, known)
        if known is not None and latest.choices == known.latest.choices and columns.ids is known.columns.ids:
            return Known(latest, columns, mapped, known.choices, known.chosen)
        chosen = choices.all_choices(transaction)
        numbers = zip(columns.ids.numbered(chosen), chosen.values(), strict=True)
        return Known(latest, columns, mapped, chosen, dict(numbers))

    def _columns(self, transaction: Transaction, latest: Latest, known: Known | None) -> tuple[Columns, bool]:
        if self._home is not None and (known is None or latest.kept != known.latest.kept):
            kept = open_kept(self._home, latest.kept)
            if kept is not None and kept.number <= latest.parts:
                return _followed(transaction, kept.columns, kept.number, latest, mapped=True)
        if known is None:
            return _all_columns(transaction), False
        return _followed(transaction, known.columns, known.latest.parts, latest, mapped=known.mapped)

    def _renew_where_much_is_new(self, known: Known) -> None:
        columns = known.columns
        private = columns.changed_parts + (0 if known.mapped else len(columns.base.roles))
        if self._home is None or not is_much(private, len(columns.base.roles)):
            return
        if self._renewing.acquire(blocking=False):
            threading.Thread(target=self._renew, args=(self._home,), name="renew-columns", daemon=True).start()

    def _renew(self, home: Home) -> None:
        try:
            renew_columns(home)
        except KnowwhoError as error:
            log.warning("columns are not written: %s", error, extra={"action": "columns_not_written"})
        finally:
            self._renewing.release()


def _all_columns(transaction: Transaction) -> Columns:
    return Columns.of(parts.read_all_parts(transaction))


def _followed(
    transaction: Transaction, known: Columns, number: int, latest: Latest, *, mapped: bool
) -> tuple[Columns, bool]:
    """The columns with everything that changed after a note's number, and whether their base is still the same."""
    if number == latest.parts:
        return known, mapped
    changed = parts.changed_since(transaction, number)
    if len(changed) > REREAD_SHARE * len(known.base.documents):
        return _all_columns(transaction), False
    return known.changed(parts.read_parts(transaction, changed), changed), mapped
