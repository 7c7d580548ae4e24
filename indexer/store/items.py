"""What was read from which source, and how each reading ended."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from indexer.domain.content import ItemReport, ItemState
from indexer.domain.jobs import DeadLetter
from indexer.store.batches import in_batches
from indexer.store.database import Transaction
from indexer.store.rows import plain_rows
from indexer.store.tables import communities, documents, items, sources

_KNOWN = select(
    items.c.uri, items.c.revision, items.c.content_digest, items.c.state, items.c.failures, items.c.next_try
)


@dataclass(frozen=True, slots=True)
class KnownItem:
    """An item as it was when last read. `failures` counts the attempts in a row that came to nothing; `next_try` is
    when the next is due, None where none is."""

    revision: str
    content_digest: str
    state: ItemState
    failures: int = 0
    next_try: datetime | None = None


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
    return {row.uri: _known(row) for row in transaction.execute(_KNOWN.where(items.c.source == source))}


def count_items(transaction: Transaction, source: str) -> int:
    """How many items of a source there are."""
    counted = select(func.count()).select_from(items).where(items.c.source == source)
    return int(transaction.execute(counted).scalar_one())


def known_revisions(transaction: Transaction, source: str) -> dict[str, str]:
    """The revision of every item of a source, by its uri."""
    return dict(plain_rows(transaction, select(items.c.uri, items.c.revision).where(items.c.source == source)))


def chosen_items(transaction: Transaction, source: str, uris: Iterable[str]) -> dict[str, KnownItem]:
    """Those of these items of a source that were ever read, by uri."""
    return {
        row.uri: _known(row)
        for batch in in_batches(uris)
        for row in transaction.execute(_KNOWN.where(items.c.source == source, items.c.uri.in_(batch)))
    }


def due_items(transaction: Transaction, source: str, now: datetime) -> dict[str, KnownItem]:
    """The items of a source whose next try is due, by uri."""
    due = (items.c.source == source) & (items.c.next_try <= now)
    return {row.uri: _known(row) for row in transaction.execute(_KNOWN.where(due))}


def items_of_community(transaction: Transaction, slug: str, source: str) -> list[str]:
    """The uris of the items of a source whose documents belong to a community."""
    statement = (
        select(items.c.uri)
        .join(documents, documents.c.item_id == items.c.id)
        .join(communities, communities.c.id == documents.c.community_id)
        .where(communities.c.slug == slug, items.c.source == source)
        .order_by(items.c.uri)
    )
    return list(transaction.execute(statement).scalars())


def record_item(
    transaction: Transaction,
    *,
    source: str,
    uri: str,
    revision: str,
    content_digest: str,
    state: ItemState,
    reason: str | None,
    failures: int = 0,
    next_try: datetime | None = None,
) -> int:
    """Write down how the reading of an item ended, and after so many failures in a row when to try again; gives the
    item's row id."""
    values = {
        "source": source,
        "uri": uri,
        "revision": revision,
        "content_digest": content_digest,
        "state": state,
        "reason": reason,
        "read_at": datetime.now(UTC),
        "attempts": 1,
        "failures": failures,
        "next_try": next_try,
    }
    return int(transaction.execute(_RECORD, values).scalar_one())


def touch_item(transaction: Transaction, source: str, uri: str, revision: str) -> None:
    """Note a new revision of an item whose content turned out to be the same."""
    transaction.execute(update(items).where(items.c.source == source, items.c.uri == uri).values(revision=revision))


def remove_items(transaction: Transaction, source: str, uris: Sequence[str] | None = None) -> int:
    """Remove items (all of the source's where `uris` is None) with their documents; gives how many there were."""
    if uris is None:
        return transaction.execute(delete(items).where(items.c.source == source)).rowcount
    return sum(
        transaction.execute(delete(items).where(items.c.source == source, items.c.uri.in_(batch))).rowcount
        for batch in in_batches(uris)
    )


def dead_letters(transaction: Transaction, chosen: Sequence[str] | None = None) -> list[DeadLetter]:
    """The items of the chosen sources (all where None) that keep failing, those to be tried soonest first and those
    that are parked last."""
    statement = select(items).where(items.c.failures > 0)
    if chosen:
        statement = statement.where(items.c.source.in_(chosen))
    ordered = statement.order_by(items.c.next_try.nulls_last(), items.c.source, items.c.uri)
    return [
        DeadLetter(row.source, row.uri, row.reason or "", row.failures, row.read_at, row.next_try)
        for row in transaction.execute(ordered)
    ]


def retry_items(
    transaction: Transaction, now: datetime, *, sources: Sequence[str] | None = None, uris: Sequence[str] | None = None
) -> int:
    """Let the next reindex try failing items again, parked ones too: those of these sources and uris, all where None.
    Gives how many."""
    statement = update(items).where(items.c.failures > 0).values(next_try=now)
    if sources is not None:
        statement = statement.where(items.c.source.in_(sources))
    if uris is not None:
        statement = statement.where(items.c.uri.in_(uris))
    return transaction.execute(statement).rowcount


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


def save_settings_digest(transaction: Transaction, name: str, digest: str) -> None:
    """Note that a source counts as read with these settings."""
    transaction.execute(update(sources).where(sources.c.name == name).values(settings_digest=digest))


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


def _known(row: Any) -> KnownItem:
    return KnownItem(row.revision, row.content_digest, ItemState(row.state), row.failures, row.next_try)


def _record_statement() -> Any:
    told = ("revision", "content_digest", "state", "reason", "read_at", "failures", "next_try")
    statement = insert(items)
    new: dict[str, Any] = {name: statement.excluded[name] for name in told}
    again = statement.on_conflict_do_update(
        index_elements=["source", "uri"], set_={**new, "attempts": items.c.attempts + 1}
    )
    return again.returning(items.c.id)


# Made once: making it takes longer than carrying it out, and every item needs it.
_RECORD = _record_statement()
