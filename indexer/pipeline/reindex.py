"""Reindexing: what `knowwho index` does, step by step."""

import hashlib
import logging
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import TypeVar

from indexer.analysis import find_near_duplicates
from indexer.domain.content import DocumentKind, ItemStamp, ItemState, Message, ParsedDocument, SourceItem
from indexer.domain.errors import DirectoryInvalid, DocumentUnreadable, SourceUnavailable
from indexer.domain.people import Contribution, DirectoryPerson, DirectoryRecords
from indexer.domain.progress import Progress, ReportProgress, ignore_progress
from indexer.embedding import Encoder
from indexer.home import Home
from indexer.identity import people_of, resolve_people
from indexer.parsing import ParserPool
from indexer.passages import split
from indexer.pipeline.boilerplate import leave_out_boilerplate
from indexer.pipeline.build import BuildResult, build_generation
from indexer.pipeline.placement import Communities, Place, place
from indexer.settings import DirectorySource, Settings, SourceSettings
from indexer.sources import Directory, Source, open_source
from indexer.store import Transaction, documents, identities, items, people
from indexer.store.documents import DocumentDraft
from indexer.store.items import KnownItem, SourceState

log = logging.getLogger(__name__)

READER_VERSION = 2  # raise it when parsing or splitting gives other results: every source is then read again
ITEMS_A_TRANSACTION = 50
ONLY_LISTING = {"path", "include", "exclude", "address", "api_key", "api_user"}
SPLIT_AGAIN = {"boilerplate_documents", "boilerplate_share"}  # obeyed from the stored text, without reading again

Outcome = ParsedDocument | DocumentUnreadable
Element = TypeVar("Element")


@dataclass(frozen=True, slots=True)
class SourceResult:
    """What reading one source came to. `error` is set where the source could not be read to its end."""

    source: str
    read: int = 0
    unchanged: int = 0
    removed: int = 0
    states: tuple[tuple[ItemState, int], ...] = ()
    seconds: float = 0.0
    build: BuildResult | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ReindexResult:
    """What a whole run came to; `generation` serves now, `unlisted` are sources in the home but not in the settings."""

    sources: tuple[SourceResult, ...]
    generation: str | None
    unlisted: tuple[str, ...] = ()


def reindex(
    home: Home,
    encoder: Encoder,
    settings: Settings,
    chosen: Sequence[SourceSettings],
    *,
    full: bool = False,
    report: ReportProgress = ignore_progress,
) -> ReindexResult:
    """Read what has changed in the chosen sources, and publish after each of them.

    A source that cannot be read is reported and left as it was; the others go on. HomeBusy where another process
    writes this home.
    """
    with home.writing():
        home.prepare()
        results = _read_directories(home, settings, chosen, full=full)
        # A run that was killed may have saved passages that no generation holds yet.
        build_generation(home, encoder, settings, report)
        with ParserPool(settings.parsing) as parsers:
            run = _Run(home, encoder, parsers, settings, full, report)
            results += [reindex_source(run, source) for source in chosen if source.kind != "directory"]
        return ReindexResult(tuple(results), home.index.current_name(), _unlisted(home, settings))


@dataclass(frozen=True, slots=True)
class _Run:
    """What every step of one run shares."""

    home: Home
    encoder: Encoder
    parsers: ParserPool
    settings: Settings
    full: bool
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
        return SourceResult(settings.name, error=str(error), seconds=time.monotonic() - start)
    leave_out_boilerplate(run.home, settings.name, run.settings.passages)
    find_near_duplicates(run.home.database)
    build = build_generation(run.home, run.encoder, run.settings, run.report)
    return replace(result, build=build, seconds=time.monotonic() - start)


def plan_source(home: Home, settings: Settings, source_settings: SourceSettings) -> tuple[int, int, int]:
    """How many items a run would read, remove and leave, without doing it. Raises SourceUnavailable."""
    with closing(_open(source_settings, settings)) as source:
        with home.database.read() as transaction:
            known = items.known_items(transaction, source_settings.name)
            state = items.source_state(transaction, source_settings.name)
        stale = state is None or state.settings_digest != _settings_digest(source_settings, settings)
        changes = source.changes_since({uri: "" if stale else item.revision for uri, item in known.items()})
    return len(changes.to_read), len(changes.gone), changes.unchanged


def _open(source: SourceSettings, settings: Settings) -> Source:
    if isinstance(source, DirectorySource):
        return Directory(source)
    return open_source(source, settings.parsing.max_item_megabytes * 2**20)


def _read_source(run: _Run, source: Source, settings: SourceSettings) -> SourceResult:
    with run.home.database.read() as transaction:
        known = items.known_items(transaction, settings.name)
        state = items.source_state(transaction, settings.name)
    digest = _settings_digest(settings, run.settings)
    if state is None and not known:
        # Said at once, so that a first run that is killed goes on where it stopped.
        state = SourceState(settings.name, settings.kind, digest)
        with run.home.database.begin() as transaction:
            items.save_source_state(transaction, state)
    anew = run.full or state is None or state.settings_digest != digest
    mark = source.mark()
    if not anew and state is not None and mark is not None and mark == state.mark and state.error is None:
        return SourceResult(settings.name, unchanged=len(known))
    run.report(Progress(f"listing {settings.name}", 0, None, "items"))
    changes = source.changes_since({uri: "" if anew else item.revision for uri, item in known.items()})
    with run.home.database.begin() as transaction:
        items.remove_items(transaction, settings.name, changes.gone)
    reader = _Reader(run, source, settings, {} if anew else known, len(changes.to_read))
    states = reader.read(changes.to_read)
    with run.home.database.begin() as transaction:
        # Together with the source's state: a run that was killed before this line resolves its people next time.
        if changes.gone or items.read_since(transaction, settings.name, state.finished if state else None):
            resolve_people(transaction, run.settings.identity.placeholders)
        finished = SourceState(settings.name, settings.kind, digest, mark, datetime.now(UTC))
        items.save_source_state(transaction, finished)
    return SourceResult(
        settings.name,
        sum(states.values()),
        changes.unchanged + reader.touched,
        len(changes.gone),
        tuple(states.items()),
    )


class _Reader:
    """Fetches, parses and saves the items of one source that need it."""

    def __init__(
        self, run: _Run, source: Source, settings: SourceSettings, known: dict[str, KnownItem], total: int
    ) -> None:
        self._run, self._source, self._settings, self._known, self._total = run, source, settings, known, total
        with run.home.database.read() as transaction:
            self._communities = Communities(people.all_communities(transaction))
        self._unfetched: list[tuple[SourceItem, DocumentUnreadable]] = []
        self.touched = 0

    def read(self, stamps: Iterable[ItemStamp]) -> Counter[ItemState]:
        states: Counter[ItemState] = Counter()
        parsed = self._run.parsers.parse_all(self._fetched(stamps))
        for batch in _batches(parsed, ITEMS_A_TRANSACTION):
            ready = [*batch, *self._unfetched]
            self._unfetched.clear()
            states.update(self._save_all(ready))
            done = sum(states.values()) + self.touched
            self._run.report(Progress(f"reading {self._settings.name}", done, self._total, "items", ready[-1][0].uri))
        states.update(self._save_all(self._unfetched))
        return states

    def _fetched(self, stamps: Iterable[ItemStamp]) -> Iterator[SourceItem]:
        for stamp in stamps:
            try:
                item = self._source.fetch(stamp.uri)
            except DocumentUnreadable as error:
                self._unfetched.append((SourceItem(stamp.uri, stamp.revision, b""), error))
                continue
            before = self._known.get(stamp.uri)
            if before is not None and before.content_digest == _content_digest(item):
                with self._run.home.database.begin() as transaction:
                    items.touch_item(transaction, self._settings.name, stamp.uri, stamp.revision)
                self.touched += 1
                continue
            yield item

    def _save_all(self, batch: Sequence[tuple[SourceItem, Outcome]]) -> list[ItemState]:
        with self._run.home.database.begin() as transaction:
            return [self._save(transaction, item, outcome) for item, outcome in batch]

    def _save(self, transaction: Transaction, item: SourceItem, outcome: Outcome) -> ItemState:
        """Write down one item: its document where it has one, else only why not."""
        if isinstance(outcome, DocumentUnreadable):
            item_id = self._record(transaction, item, outcome.state, outcome.reason)
            documents.remove_document(transaction, item_id)
            return outcome.state
        where = place(
            item.uri, outcome.metadata, self._settings, self._communities, self._run.settings.default_visibility
        )
        passages = split(outcome, self._run.settings.passages)
        state, reason = _final_state(outcome, where.doubt, bool(passages))
        item_id = self._record(transaction, item, state, reason)
        if not passages:
            documents.remove_document(transaction, item_id)
            return state
        if where.community is not None and where.community_name is not None:
            people.ensure_communities(
                transaction, {where.community: where.community_name}, self._run.settings.default_visibility
            )
        involved = people_of(outcome, self._settings)
        identities.link_identities(transaction, involved.links)
        draft = _draft(self._settings.name, item, outcome, where, involved.messages)
        documents.replace_document(transaction, item_id, draft, passages, involved.contributions)
        return state

    def _record(self, transaction: Transaction, item: SourceItem, state: ItemState, reason: str | None) -> int:
        return items.record_item(
            transaction,
            source=self._settings.name,
            uri=item.uri,
            revision=item.revision,
            content_digest=_content_digest(item),
            state=state,
            reason=reason,
        )


def _final_state(parsed: ParsedDocument, doubt: str | None, has_passages: bool) -> tuple[ItemState, str | None]:
    if not has_passages:
        return ItemState.NO_TEXT, parsed.reason or "It holds no text to search"
    reasons = [reason for reason in (parsed.reason, doubt) if reason]
    return (ItemState.PARTIAL if doubt else parsed.state), "; ".join(reasons) or None


def _draft(
    source: str,
    item: SourceItem,
    parsed: ParsedDocument,
    where: Place,
    messages: tuple[tuple[Message, Contribution | None], ...],
) -> DocumentDraft:
    said = parsed.metadata
    return DocumentDraft(
        source=source,
        uri=item.uri,
        title=parsed.title,
        kind=said.kind or DocumentKind.DOCUMENT,
        audience=where.audience,
        community=where.community,
        created=said.created,
        updated=said.updated or said.created or item.modified,
        mark=said.mark,
        superseded_by=said.superseded_by,
        url=said.url,
        blocks=parsed.blocks,
        messages=messages,
    )


def _read_directories(
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
        people.apply_directory(transaction, records)
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
    digest = _settings_digest(source, settings)
    items.save_source_state(transaction, SourceState(source.name, source.kind, digest, None, datetime.now(UTC)))


def _note_error(home: Home, source: SourceSettings, settings: Settings, error: str) -> None:
    with home.database.begin() as transaction:
        state = items.source_state(transaction, source.name)
        digest = _settings_digest(source, settings)
        state = replace(state, error=error) if state else SourceState(source.name, source.kind, digest, error=error)
        items.save_source_state(transaction, state)


def _unlisted(home: Home, settings: Settings) -> tuple[str, ...]:
    listed = {source.name for source in settings.sources}
    with home.database.read() as transaction:
        return tuple(state.name for state in items.known_sources(transaction) if state.name not in listed)


def _settings_digest(source: SourceSettings, settings: Settings) -> str:
    """Changes when the same bytes would be read differently; where they lie does not count."""
    told = (
        source.model_dump_json(exclude=ONLY_LISTING),
        settings.passages.model_dump_json(exclude=SPLIT_AGAIN),
        str(settings.default_visibility),
        str(READER_VERSION),
    )
    return hashlib.blake2b("\0".join(told).encode(), digest_size=12).hexdigest()


def _content_digest(item: SourceItem) -> str:
    digest = hashlib.blake2b(item.content, digest_size=12)
    digest.update(repr((item.media_type, item.encoding, item.metadata)).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _batches(elements: Iterable[Element], size: int) -> Iterator[list[Element]]:
    rest = iter(elements)
    while batch := list(islice(rest, size)):
        yield batch


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
