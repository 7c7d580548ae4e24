"""What a run would do, and what the first items of a source would become, without doing it."""

from contextlib import closing
from datetime import UTC, datetime

from indexer.domain.content import ParsedDocument, SourceItem
from indexer.domain.errors import DocumentUnreadable
from indexer.home import Home
from indexer.parsing import ParserPool
from indexer.pipeline.digests import settings_digest
from indexer.pipeline.placement import Communities, NamedPeople, Place, place
from indexer.pipeline.reading import Outcome
from indexer.settings import DirectorySource, Settings, SourceSettings
from indexer.sources import Directory, Source, open_source
from indexer.store import identities, items, people


def plan_source(home: Home, settings: Settings, source_settings: SourceSettings) -> tuple[int, int, int]:
    """How many items a run would read, remove and leave, without doing it. Raises SourceUnavailable."""
    with closing(_open(source_settings, settings)) as source:
        with home.database.read() as transaction:
            known = items.known_items(transaction, source_settings.name)
            state = items.source_state(transaction, source_settings.name)
            due = items.due_items(transaction, source_settings.name, datetime.now(UTC))
        stale = state is None or state.settings_digest != settings_digest(source_settings, settings)
        changes = source.changes_since({uri: "" if stale else item.revision for uri, item in known.items()})
    again = len(due.keys() - {stamp.uri for stamp in changes.to_read} - set(changes.gone))
    return len(changes.to_read) + again, len(changes.gone), changes.unchanged - again


def sample_source(
    settings: Settings, source_settings: SourceSettings, parsers: ParserPool, number: int
) -> list[tuple[SourceItem, Outcome]]:
    """The first few items of a source as they would be read, saving nothing. Raises SourceUnavailable, and
    DirectoryInvalid for a directory that contradicts itself."""
    if isinstance(source_settings, DirectorySource):
        Directory(source_settings).records()
        return []
    found: list[tuple[SourceItem, Outcome]] = []
    with closing(_open(source_settings, settings)) as source:
        for stamp in source.changes_since({}).to_read[:number]:
            try:
                item = source.fetch(stamp.uri)
                found.append((item, parsers.parse(item)))
            except DocumentUnreadable as error:
                found.append((SourceItem(stamp.uri, stamp.revision, b""), error))
    return found


def place_item(
    home: Home, settings: Settings, source_settings: SourceSettings, item: SourceItem, parsed: ParsedDocument
) -> Place:
    """Where an item would belong and who could read it, as the home knows people and communities now."""
    with home.database.read() as transaction:
        communities = Communities(people.all_communities(transaction))
        named = NamedPeople(people.directory_ids(transaction), identities.vouched_addresses(transaction))
    default = settings.default_visibility
    return place(item.uri, parsed.metadata, source_settings, communities, default, named)


def _open(source: SourceSettings, settings: Settings) -> Source:
    if isinstance(source, DirectorySource):
        return Directory(source)
    return open_source(source, settings.parsing.max_item_megabytes * 2**20)
