"""Reads directories: who there is, in which communities and units."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from indexer.domain.content import ItemState
from indexer.domain.errors import DirectoryInvalid, SourceUnavailable
from indexer.domain.people import DirectoryPerson, DirectoryRecords
from indexer.home import Home
from indexer.identity import directory_without, read_erased, resolve_people
from indexer.identity.erasure import traces_of
from indexer.pipeline.digests import settings_digest
from indexer.pipeline.planning import plan_source
from indexer.pipeline.results import SourceResult
from indexer.settings import DirectorySource, Settings, SourceSettings
from indexer.sources import Directory
from indexer.store import Transaction, erased, items, people
from indexer.store.database import take_write_lock
from indexer.store.items import SourceState


def read_directories(
    home: Home, settings: Settings, chosen: Sequence[SourceSettings], *, full: bool
) -> list[SourceResult]:
    """Apply what the directories say, all of them, when one of the chosen ones has changed."""
    wanted = [source for source in chosen if isinstance(source, DirectorySource)]
    listed = [source for source in settings.sources if isinstance(source, DirectorySource)]
    results: list[SourceResult] = []
    for source in wanted:
        try:
            read, gone, unchanged = plan_source(home, settings, source)
            results.append(SourceResult(source.name, read, unchanged, gone))
        except SourceUnavailable as error:
            results.append(SourceResult(source.name, error=str(error)))
    if not any(result.read or result.removed or (full and not result.error) for result in results):
        return results
    try:
        records = _all_records(listed)
    except (DirectoryInvalid, SourceUnavailable) as error:
        return [replace(result, error=str(error)) for result in results]
    with home.database.begin() as transaction:
        take_write_lock(transaction)  # nobody may be erased between this look and what is saved
        people.apply_directory(transaction, _without_erased(home, transaction, records))
        resolve_people(transaction, settings.identity.placeholders)
        for source in wanted:
            _record_directory(transaction, source, settings)
    return results


def _all_records(listed: Sequence[DirectorySource]) -> DirectoryRecords:
    found = [Directory(source).records() for source in listed]
    persons: dict[str, DirectoryPerson] = {}
    for entry in (entry for records in found for entry in records.people):
        known = persons.get(entry.person.id)
        persons[entry.person.id] = replace(known, identities=known.identities + entry.identities) if known else entry
    return DirectoryRecords(
        people=tuple(persons.values()),
        communities=tuple({c.slug: c for records in reversed(found) for c in records.communities}.values()),
        units=tuple({unit.name: unit for records in reversed(found) for unit in records.units}.values()),
        memberships=tuple(membership for records in found for membership in records.memberships),
    )


def _without_erased(home: Home, transaction: Transaction, records: DirectoryRecords) -> DirectoryRecords:
    """The records without those who were erased; what is new of these is remembered as theirs, too."""
    kept, listed = directory_without(records, read_erased(transaction, home.secret))
    before = erased.count_traces(transaction)
    for whose, entry in listed:
        traces = traces_of(home.secret(), whose, [entry.person.id], entry.identities, ())
        erased.remember_traces(transaction, traces, datetime.now(UTC))
    if erased.count_traces(transaction) != before:
        erased.begin_erasure(transaction)
    erased.note_listed(transaction, len(listed))
    return kept


def _record_directory(transaction: Transaction, source: DirectorySource, settings: Settings) -> None:
    directory = Directory(source)
    known = items.known_items(transaction, source.name)
    changes = directory.changes_since({})
    listed = {stamp.uri for stamp in changes.to_read}
    items.remove_items(transaction, source.name, [uri for uri in known if uri not in listed])
    for stamp in changes.to_read:
        items.record_item(
            transaction,
            source=source.name,
            uri=stamp.uri,
            revision=stamp.revision,
            content_digest=stamp.revision,
            state=ItemState.OK,
            reason=None,
        )
    digest = settings_digest(source, settings)
    items.save_source_state(transaction, SourceState(source.name, source.kind, digest, None, datetime.now(UTC)))
