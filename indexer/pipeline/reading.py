"""Reads items of one source: fetch, parse, split, save."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from typing import TypeVar

from indexer.domain.content import DocumentKind, ItemStamp, ItemState, Message, ParsedDocument, SourceItem
from indexer.domain.errors import DocumentUnreadable, ItemGone
from indexer.domain.people import Contribution, Identity
from indexer.domain.progress import Progress, ReportProgress
from indexer.home import Home
from indexer.identity import NOBODY_ERASED, audience_without, people_of, read_erased, without_erased
from indexer.parsing import ParserPool
from indexer.passages import block_digests, split
from indexer.pipeline.digests import content_digest
from indexer.pipeline.placement import Communities, NamedPeople, Place, place
from indexer.pipeline.retries import next_try
from indexer.settings import Settings, SourceSettings
from indexer.sources import Source
from indexer.store import Transaction, documents, identities, items, people
from indexer.store.database import take_write_lock
from indexer.store.documents import DocumentDraft, SplitDocument
from indexer.store.items import KnownItem

ITEMS_A_TRANSACTION = 50
SAME_A_TRANSACTION = 500
FAILING = (ItemState.FAILED, ItemState.ENCRYPTED)

Outcome = ParsedDocument | DocumentUnreadable
Element = TypeVar("Element")


@dataclass(frozen=True, slots=True)
class Reading:
    """What is to be read of a source. `known` is how the items were when last read; those in `again` (uris; all where
    None) are read even where they are still the same."""

    stamps: Sequence[ItemStamp]
    known: Mapping[str, KnownItem]
    again: frozenset[str] | None = frozenset()
    gone: Sequence[str] = ()
    unchanged: int = 0
    error: str | None = None


@dataclass(slots=True)
class ReadItems:
    """What reading came to: items by how each ended, those that turned out to be the same, and those that are gone."""

    states: Counter[ItemState] = field(default_factory=Counter)
    same: int = 0
    gone: int = 0

    @property
    def done(self) -> int:
        return self.states.total() + self.same + self.gone


@dataclass(frozen=True, slots=True)
class _Split:
    """A document to be saved, where it belongs, and the identities that it shows together."""

    document: SplitDocument
    where: Place
    links: frozenset[tuple[Identity, Identity]]


class ItemReader:
    """Fetches, parses and saves those of the items that need it."""

    def __init__(
        self,
        home: Home,
        settings: Settings,
        parsers: ParserPool,
        source: Source,
        source_settings: SourceSettings,
        report: ReportProgress,
    ) -> None:
        self._home, self._all_settings, self._parsers, self._report = home, settings, parsers, report
        self._source, self._settings = source, source_settings
        with home.database.read() as transaction:
            self._communities = Communities(people.all_communities(transaction))
            addresses = identities.vouched_addresses(transaction)
            self._named = NamedPeople(people.directory_ids(transaction), addresses)
        self._unfetched: list[tuple[SourceItem, DocumentUnreadable]] = []
        self._same: list[SourceItem] = []
        self._erased = NOBODY_ERASED
        self._reading = Reading((), {})
        self._read = ReadItems()

    def read(self, reading: Reading) -> ReadItems:
        """Read the items; a few dozen are saved at a time."""
        self._reading, self._read = reading, ReadItems()
        for batch in _batches(self._parsers.parse_all(self._fetched()), ITEMS_A_TRANSACTION):
            self._save([*batch, *self._unfetched])
            self._tell(batch[-1][0].uri)
        self._save(self._unfetched)
        self._touch()
        return self._read

    def _fetched(self) -> Iterator[SourceItem]:
        for stamp in self._reading.stamps:
            try:
                item = self._source.fetch(stamp.uri)
            except DocumentUnreadable as error:
                self._unfetched.append((SourceItem(stamp.uri, stamp.revision, b""), error))
                continue
            if self._is_same(item):
                self._same.append(item)
                if len(self._same) == SAME_A_TRANSACTION:
                    self._touch()
                    self._tell(item.uri)
                continue
            yield item

    def _is_same(self, item: SourceItem) -> bool:
        before, again = self._reading.known.get(item.uri), self._reading.again
        if before is None or again is None or item.uri in again:
            return False
        return before.content_digest == content_digest(item)

    def _touch(self) -> None:
        with self._home.database.begin() as transaction:
            for item in self._same:
                items.touch_item(transaction, self._settings.name, item.uri, item.revision)
        self._read.same += len(self._same)
        self._same.clear()

    def _tell(self, uri: str) -> None:
        phase = f"reading {self._settings.name}"
        self._report(Progress(phase, self._read.done, len(self._reading.stamps), "items", uri))

    def _save(self, batch: Sequence[tuple[SourceItem, Outcome]]) -> None:
        with self._home.database.begin() as transaction:
            take_write_lock(transaction)  # nobody may be erased between this look and what is saved
            self._erased = read_erased(transaction, self._home.secret, self._erased)
            gone = [item.uri for item, outcome in batch if isinstance(outcome, ItemGone)]
            items.remove_items(transaction, self._settings.name, gone)
            there = [(item, outcome) for item, outcome in batch if not isinstance(outcome, ItemGone)]
            read = [self._read_item(transaction, item, outcome) for item, outcome in there]
            self._save_documents(transaction, [made for _, made in read if made is not None])
        self._read.gone += len(gone)
        self._read.states.update(state for state, _ in read)
        self._unfetched.clear()

    def _read_item(
        self, transaction: Transaction, item: SourceItem, outcome: Outcome
    ) -> tuple[ItemState, _Split | None]:
        """Write down how the reading of one item ended; its document where it has one, with whom it shows together."""
        if isinstance(outcome, DocumentUnreadable):
            item_id = self._record_failure(transaction, item, outcome)
            documents.remove_document(transaction, item_id)
            return outcome.state, None
        outcome = without_erased(outcome, self._settings, self._erased)
        default = self._all_settings.default_visibility
        where = place(item.uri, outcome.metadata, self._settings, self._communities, default, self._named)
        passages = split(outcome, self._all_settings.passages)
        state, reason = _final_state(outcome, where.doubt, bool(passages))
        item_id = self._record(transaction, item, state, reason)
        if not passages:
            documents.remove_document(transaction, item_id)
            return state, None
        where = replace(where, audience=audience_without(where.audience, self._erased))
        involved = people_of(outcome, self._settings, self._erased)
        draft = _draft(self._settings.name, item, outcome, where, involved.messages)
        digests = block_digests(outcome.blocks)
        made = SplitDocument(item_id, draft, passages, involved.contributions, digests)
        return state, _Split(made, where, involved.links)

    def _save_documents(self, transaction: Transaction, read: Sequence[_Split]) -> None:
        known: dict[str, str] = {}
        for made in read:
            if made.where.community is not None and made.where.community_name is not None:
                known.setdefault(made.where.community, made.where.community_name)
        people.ensure_communities(transaction, known, self._all_settings.default_visibility)
        identities.link_identities(transaction, dict.fromkeys(pair for made in read for pair in sorted(made.links)))
        documents.replace_documents(transaction, [made.document for made in read])

    def _record_failure(self, transaction: Transaction, item: SourceItem, error: DocumentUnreadable) -> int:
        """An item that was left out on purpose, or is of no kind that can be read, has not failed."""
        if error.state not in FAILING:
            return self._record(transaction, item, error.state, error.reason)
        before = self._reading.known.get(item.uri)
        failures = 1 + (before.failures if before and before.revision == item.revision else 0)
        retry = next_try(error, failures, self._all_settings.jobs, datetime.now(UTC))
        return self._record(transaction, item, error.state, error.reason, failures, retry)

    def _record(
        self,
        transaction: Transaction,
        item: SourceItem,
        state: ItemState,
        reason: str | None,
        failures: int = 0,
        retry: datetime | None = None,
    ) -> int:
        return items.record_item(
            transaction,
            source=self._settings.name,
            uri=item.uri,
            revision=item.revision,
            content_digest=content_digest(item),
            state=state,
            reason=reason and self._erased.without(reason),
            failures=failures,
            next_try=retry,
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


def _batches(elements: Iterable[Element], size: int) -> Iterator[list[Element]]:
    rest = iter(elements)
    while batch := list(islice(rest, size)):
        yield batch
