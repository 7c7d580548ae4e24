"""What was read from which source, and how each reading ended."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from indexer.domain.content import ItemReport, ItemState
from indexer.store.database import Transaction
from indexer.store.tables import items, sources


@dataclass(frozen=True, slots=True)
class KnownItem:
    """An item as it was when last read."""

    revision: str
    content_digest: str
    state: ItemState


@dataclass(frozen=True, slots=True)
class SourceState:
    """How the last complete reading of a source left it. `mark` is the source's own word for its whole state."""

    name: str
    kind: str
    settings_digest: str
    mark: str | None = None
    finished: datetime | None = None
    error: str | None = None


def known_items(transaction: Transaction, source: str) -> dict[str, KnownItem]:
    """Every item of a source by its uri."""
    rows = transaction.execute(
        select(items.c.uri, items.c.revision, items.c.content_digest, items.c.state).where(items.c.source == source)
    )
    return {row.uri: KnownItem(row.revision, row.content_digest, ItemState(row.state)) for row in rows}


def record_item(
    transaction: Transaction,
    *,
    source: str,
    uri: str,
    revision: str,
    content_digest: str,
    state: ItemState,
    reason: str | None,
) -> int:
    """Write down how the reading of an item ended; gives the item's row id."""
    values = {
        "revision": revision,
        "content_digest": content_digest,
        "state": state,
        "reason": reason,
        "read_at": datetime.now(UTC),
    }
    statement = insert(items).values(source=source, uri=uri, attempts=1, **values)
    statement = statement.on_conflict_do_update(
        index_elements=["source", "uri"], set_={**values, "attempts": items.c.attempts + 1}
    )
    return int(transaction.execute(statement.returning(items.c.id)).scalar_one())


def read_since(transaction: Transaction, source: str, moment: datetime | None) -> bool:
    """Whether an item of the source was read after the moment, at any time where that is None."""
    statement = select(items.c.id).where(items.c.source == source)
    if moment is not None:
        statement = statement.where(items.c.read_at > moment)
    return transaction.execute(statement.limit(1)).first() is not None


def touch_item(transaction: Transaction, source: str, uri: str, revision: str) -> None:
    """Note a new revision of an item whose content turned out to be the same."""
    transaction.execute(update(items).where(items.c.source == source, items.c.uri == uri).values(revision=revision))


def remove_items(transaction: Transaction, source: str, uris: Sequence[str] | None = None) -> int:
    """Remove items (all of the source's where `uris` is None) with their documents; gives how many there were."""
    if uris is None:
        return transaction.execute(delete(items).where(items.c.source == source)).rowcount
    return sum(
        transaction.execute(delete(items).where(items.c.source == source, items.c.uri == uri)).rowcount for uri in uris
    )


def source_state(transaction: Transaction, name: str) -> SourceState | None:
    row = transaction.execute(select(sources).where(sources.c.name == name)).first()
    return None if row is None else SourceState(**row._mapping)


def known_sources(transaction: Transaction) -> list[SourceState]:
    return [SourceState(**row._mapping) for row in transaction.execute(select(sources).order_by(sources.c.name))]


def save_source_state(transaction: Transaction, state: SourceState) -> None:
    values = {
        "kind": state.kind,
        "settings_digest": state.settings_digest,
        "mark": state.mark,
        "finished": state.finished,
        "error": state.error,
    }
    statement = insert(sources).values(name=state.name, **values)
    transaction.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))


def forget_source(transaction: Transaction, name: str) -> int:
    """Remove a source and everything read from it; gives the number of items."""
    removed = remove_items(transaction, name)
    transaction.execute(delete(sources).where(sources.c.name == name))
    return removed


def count_states(transaction: Transaction) -> dict[str, dict[ItemState, int]]:
    """How many items of each source ended in each state."""
    counts: dict[str, dict[ItemState, int]] = {}
    statement = select(items.c.source, items.c.state, func.count()).group_by(items.c.source, items.c.state)
    for source, state, count in transaction.execute(statement.order_by(items.c.source, items.c.state)):
        counts.setdefault(source, {})[ItemState(state)] = count
    return counts


def report_items(
    transaction: Transaction, states: Iterable[ItemState], chosen: Sequence[str] | None = None
) -> list[ItemReport]:
    """The items in the given states with their reasons, of the chosen sources (all where None), by source and uri."""
    statement = select(items).where(items.c.state.in_(list(states))).order_by(items.c.source, items.c.uri)
    if chosen:
        statement = statement.where(items.c.source.in_(chosen))
    return [
        ItemReport(row.source, row.uri, ItemState(row.state), row.reason, row.read_at, row.attempts)
        for row in transaction.execute(statement)
    ]
