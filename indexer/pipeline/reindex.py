"""Reindexing: what `knowwho index` does, step by step."""

import logging
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from indexer.analysis import find_near_duplicates
from indexer.contributed import renew_columns
from indexer.domain.content import ItemStamp
from indexer.domain.errors import NotFound, SourceUnavailable
from indexer.domain.progress import Progress, ReportProgress, ignore_progress
from indexer.embedding import Encoder
from indexer.home import Home
from indexer.identity import resolve_people
from indexer.parsing import ParserPool
from indexer.pipeline.boilerplate import leave_out_boilerplate
from indexer.pipeline.build import build_generation, compact_index
from indexer.pipeline.digests import settings_digest
from indexer.pipeline.directories import read_directories
from indexer.pipeline.reading import ItemReader, Reading
from indexer.pipeline.results import ReindexResult, SourceResult
from indexer.settings import Settings, SourceSettings
from indexer.sources import Source, open_source
from indexer.store import identities
from indexer.store import items as stored_items
from indexer.store.items import SourceState

log = logging.getLogger(__name__)


def reindex(
    home: Home,
    encoder: Encoder,
    settings: Settings,
    chosen: Sequence[SourceSettings],
    *,
    full: bool = False,
    items: Sequence[tuple[str, str]] | None = None,
    community: str | None = None,
    report: ReportProgress = ignore_progress,
) -> ReindexResult:
    """Read what has changed in the chosen sources, and publish after each of them.

    Only these `items` (source, uri), or only those whose documents belong to a `community` (its slug): nothing else is
    looked at then, but items are new to the home only if they are named. `full` reads also what has not changed.
    A source that cannot be read is reported and left as it was; the others go on. HomeBusy where another process
    writes this home, NotFound where an item's source is not among the chosen.
    """
    scope = _Scope(_by_source(items, chosen), community)
    with home.writing():
        home.prepare()
        results = [] if scope.narrow else read_directories(home, settings, chosen, full=full)
        with ParserPool(settings.parsing) as parsers:
            run = _Run(home, encoder, parsers, settings, full, scope, report)
            read = [reindex_source(run, source) for source in chosen if scope.concerns(source)]
        _resolve_the_rest(run)
        if all(result.error for result in read):
            # Otherwise done already: a run that was killed may have saved passages that no generation holds yet.
            build_generation(home, encoder, settings, report)
        if not scope.narrow:
            compact_index(home, encoder, settings, report)
        renew_columns(home)
        return ReindexResult((*results, *read), home.index.current_name(), _unlisted(home, settings))


@dataclass(frozen=True, slots=True)
class _Scope:
    """Which items of the sources are looked at: all of them, these (uris by source), or those of a community."""

    items: dict[str, list[str]] | None
    community: str | None

    @property
    def narrow(self) -> bool:
        return self.items is not None or self.community is not None

    def concerns(self, source: SourceSettings) -> bool:
        return source.kind != "directory" and (self.items is None or source.name in self.items)


@dataclass(frozen=True, slots=True)
class _Run:
    """What every step of one run shares."""

    home: Home
    encoder: Encoder
    parsers: ParserPool
    settings: Settings
    full: bool
    scope: _Scope
    report: ReportProgress


def reindex_source(run: _Run, settings: SourceSettings) -> SourceResult:
    """Bring the database and the index up to date with one source of documents."""
    start = time.monotonic()
    try:
        with closing(open_source(settings, run.settings.parsing.max_item_megabytes * 2**20)) as source:
            result = _read_source(run, source, settings)
    except SourceUnavailable as error:
        log.warning("%s", error, extra={"action": "source_unavailable", "source": settings.name})
        _note_error(run.home, settings, run.settings, str(error))
        # What was saved before the source went away is published, or nobody would find it until the source is back.
        build = build_generation(run.home, run.encoder, run.settings, run.report)
        return SourceResult(settings.name, build=build, error=str(error), seconds=time.monotonic() - start)
    leave_out_boilerplate(run.home, settings.name, run.settings.passages, run.report)
    find_near_duplicates(run.home.database, run.report)
    build = build_generation(run.home, run.encoder, run.settings, run.report)
    return replace(result, build=build, seconds=time.monotonic() - start)


def _read_source(run: _Run, source: Source, settings: SourceSettings) -> SourceResult:
    state = _begin(run, settings)
    mark = source.mark()
    reading = _narrow(run, source, settings) if run.scope.narrow else _whole(run, source, settings, state, mark)
    with run.home.database.begin() as transaction:
        stored_items.remove_items(transaction, settings.name, reading.gone)
    reader = ItemReader(run.home, run.settings, run.parsers, source, settings, run.report)
    read = reader.read(reading)
    with run.home.database.begin() as transaction:
        resolve_people(transaction, run.settings.identity.placeholders, everything=False)
        if not run.scope.narrow:
            digest = settings_digest(settings, run.settings)
            finished = SourceState(settings.name, settings.kind, digest, mark, datetime.now(UTC))
            stored_items.save_source_state(transaction, finished)
    return SourceResult(
        settings.name,
        read.states.total(),
        reading.unchanged + read.same,
        len(reading.gone) + read.gone,
        tuple(read.states.items()),
        error=reading.error,
    )


def _begin(run: _Run, settings: SourceSettings) -> SourceState | None:
    """How the source was left; that it is being read is said at once, so that a first run that is killed goes on where
    it stopped."""
    with run.home.database.begin() as transaction:
        state = stored_items.source_state(transaction, settings.name)
        if state is None and not stored_items.count_items(transaction, settings.name):
            state = SourceState(settings.name, settings.kind, settings_digest(settings, run.settings))
            stored_items.save_source_state(transaction, state)
    return state


def _whole(run: _Run, source: Source, settings: SourceSettings, state: SourceState | None, mark: str | None) -> Reading:
    """What has changed in the whole source, and what failed earlier and is to be tried again by now."""
    anew = run.full or state is None or state.settings_digest != settings_digest(settings, run.settings)
    with run.home.database.read() as transaction:
        due = stored_items.due_items(transaction, settings.name, datetime.now(UTC))
        count = stored_items.count_items(transaction, settings.name)
    if not anew and state is not None and mark is not None and mark == state.mark and state.error is None:
        return Reading(_stamps(due), due, frozenset(due), unchanged=count - len(due))
    run.report(Progress(f"listing {settings.name}", 0, None, "items"))
    with run.home.database.read() as transaction:
        revisions = stored_items.known_revisions(transaction, settings.name)
    changes = source.changes_since(dict.fromkeys(revisions, "") if anew else revisions)
    listed = {*changes.gone, *(stamp.uri for stamp in changes.to_read)}
    again = {uri: item for uri, item in due.items() if uri not in listed}
    with run.home.database.read() as transaction:
        known = stored_items.chosen_items(transaction, settings.name, (stamp.uri for stamp in changes.to_read))
    return Reading(
        [*changes.to_read, *_stamps(again)],
        {**known, **again},
        None if anew else frozenset(again),
        changes.gone,
        changes.unchanged - len(again),
    )


def _narrow(run: _Run, source: Source, settings: SourceSettings) -> Reading:
    """What is to be read of the items that were asked for. The source is listed only where one is new to the home."""
    with run.home.database.read() as transaction:
        if run.scope.items is not None:
            wanted = run.scope.items[settings.name]
        else:
            wanted = stored_items.items_of_community(transaction, run.scope.community or "", settings.name)
        known = stored_items.chosen_items(transaction, settings.name, wanted)
    new = set(wanted) - known.keys()
    listed = [stamp for stamp in source.changes_since({}).to_read if stamp.uri in new] if new else []
    missing = sorted(new - {stamp.uri for stamp in listed})
    failed = frozenset(uri for uri, item in known.items() if item.failures)
    return Reading(
        [*_stamps(known), *listed],
        known,
        None if run.full else failed,
        error=f"{settings.name} has no item {', '.join(missing)}" if missing else None,
    )


def _stamps(known: dict[str, stored_items.KnownItem]) -> list[ItemStamp]:
    return [ItemStamp(uri, item.revision) for uri, item in known.items()]


def _by_source(
    items: Sequence[tuple[str, str]] | None, chosen: Sequence[SourceSettings]
) -> dict[str, list[str]] | None:
    if items is None:
        return None
    names = [source.name for source in chosen]
    unknown = sorted({source for source, _ in items} - set(names))
    if unknown:
        raise NotFound(f"there is no source {', '.join(unknown)} among those to read: {', '.join(names)}")
    return {name: list(dict.fromkeys(uri for source, uri in items if source == name)) for name in dict(items)}


def _resolve_the_rest(run: _Run) -> None:
    """Removing a source, or a document outside a run, leaves people who have nothing to show."""
    with run.home.database.begin() as transaction:
        if identities.touched(transaction):
            resolve_people(transaction, run.settings.identity.placeholders, everything=False)


def _note_error(home: Home, source: SourceSettings, settings: Settings, error: str) -> None:
    with home.database.begin() as transaction:
        state = stored_items.source_state(transaction, source.name)
        digest = settings_digest(source, settings)
        state = replace(state, error=error) if state else SourceState(source.name, source.kind, digest, error=error)
        stored_items.save_source_state(transaction, state)


def _unlisted(home: Home, settings: Settings) -> tuple[str, ...]:
    listed = {source.name for source in settings.sources}
    with home.database.read() as transaction:
        return tuple(state.name for state in stored_items.known_sources(transaction) if state.name not in listed)
