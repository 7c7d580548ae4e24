"""What the change of a setting costs: declared for every setting, and counted for a home before a job runs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from indexer.domain.errors import IndexCorrupt
from indexer.embedding import open_encoder
from indexer.home import Home
from indexer.index import GenerationManifest
from indexer.pipeline.boilerplate import changed_documents
from indexer.pipeline.digests import settings_digest
from indexer.pipeline.recut import Recut, recut
from indexer.settings import Settings
from indexer.store import Transaction, blocks, documents, items, passages

SAMPLED_DOCUMENTS = 400


class Cost(StrEnum):
    """Nothing has to be done again; a part; everything."""

    NOTHING = "nothing"
    PARTIAL = "partial"
    FULL = "full"


class Work(StrEnum):
    """What has to be done again."""

    NONE = "none"
    READ = "read"
    SPLIT = "split"
    EMBED = "embed"


@dataclass(frozen=True, slots=True)
class SettingCost:
    """What the change of one setting costs, and what that means in a sentence."""

    cost: Cost
    work: Work
    effect: str


@dataclass(frozen=True, slots=True)
class SettingChange:
    """A setting that has changed since the generation that serves was made; a source's setting stands under
    `sources.<name>.<setting>`."""

    key: str
    before: Any
    now: Any
    cost: SettingCost


@dataclass(frozen=True, slots=True)
class ChangeCost:
    """What the settings ask for that the home does not have yet, in counts of today's content. `items_to_read` is what
    `knowwho index` reads again, `documents_to_split` and `passages_to_embed` are the work of a rebuild; both are
    estimated from a sample where `estimated`. Items that have changed at their source come on top."""

    changes: tuple[SettingChange, ...]
    new_sources: tuple[str, ...]
    items_to_read: int
    documents: int
    documents_to_split: int
    passages: int
    passages_to_embed: int
    estimated: bool

    @property
    def cost(self) -> Cost:
        """The greatest cost among the changes."""
        order = list(Cost)
        return max((change.cost.cost for change in self.changes), key=order.index, default=Cost.NOTHING)


def _nothing(effect: str) -> SettingCost:
    return SettingCost(Cost.NOTHING, Work.NONE, effect)


AT_ONCE = _nothing("holds from the next job on")
AT_START = _nothing("holds when the service is started again")
NEXT_TIME = _nothing("holds for items that are read from now on; `knowwho index --full` reads all again")
LISTED = _nothing("the source is listed again: what has come is read, what has gone is removed")
SOURCE_READ = SettingCost(
    Cost.PARTIAL, Work.READ, "the source is read again; passages that stay the same are not embedded again"
)
ALL_READ = SettingCost(
    Cost.FULL, Work.READ, "every source is read again; passages that stay the same are not embedded again"
)
ALL_SPLIT = SettingCost(
    Cost.FULL,
    Work.SPLIT,
    "`knowwho generation rebuild` splits every document again from its stored text and embeds the passages that are "
    "new; `knowwho index` would read every source again for it",
)
SOME_SPLIT = SettingCost(Cost.PARTIAL, Work.SPLIT, "documents with such blocks are split again from their stored text")
ALL_EMBEDDED = SettingCost(
    Cost.FULL, Work.EMBED, "every passage is embedded again from its stored text; the old model serves until then"
)

COSTS: Mapping[str, SettingCost] = {
    "home": _nothing("another folder is another home: move the folder, or index anew"),
    "default_visibility": ALL_READ,
    "sources.kind": SOURCE_READ,
    "sources.name": _nothing("another name is another source: it is read, and the old one stays until it is removed"),
    "sources.path": LISTED,
    "sources.include": LISTED,
    "sources.exclude": LISTED,
    "sources.address": LISTED,
    "sources.api_key": LISTED,
    "sources.api_user": LISTED,
    "sources.community": SOURCE_READ,
    "sources.audience": SOURCE_READ,
    "sources.document_kind": SOURCE_READ,
    "sources.handles": SOURCE_READ,
    "sources.trust_addresses": SOURCE_READ,
    "sources.url": SOURCE_READ,
    "sources.month_first": SOURCE_READ,
    "sources.sidecar": SOURCE_READ,
    "sources.file_dates": SOURCE_READ,
    "sources.id": SOURCE_READ,
    "sources.text": SOURCE_READ,
    "sources.fields": SOURCE_READ,
    "sources.encoding": SOURCE_READ,
    "sources.delimiter": SOURCE_READ,
    "encoder.model": ALL_EMBEDDED,
    "encoder.query_prompt": ALL_EMBEDDED,
    "encoder.passage_prompt": ALL_EMBEDDED,
    "encoder.device": AT_ONCE,
    "encoder.precision": _nothing("vectors in 16 and 32 bit agree"),
    "encoder.threads": AT_ONCE,
    "encoder.batch_passages": AT_ONCE,
    "parsing.workers": AT_ONCE,
    "parsing.timeout_seconds": NEXT_TIME,
    "parsing.memory_megabytes": NEXT_TIME,
    "parsing.max_item_megabytes": NEXT_TIME,
    "parsing.max_characters": NEXT_TIME,
    "passages.target_words": ALL_SPLIT,
    "passages.max_words": ALL_SPLIT,
    "passages.min_words": ALL_SPLIT,
    "passages.boilerplate_documents": SOME_SPLIT,
    "passages.boilerplate_share": SOME_SPLIT,
    "index.vectors": _nothing("searches obey from the next start; codes are written with new segments"),
    "index.segment_passages": _nothing("holds for segments that are written from now on"),
    "index.max_segments": _nothing("segments are merged, if that many are too many now"),
    "index.keep_generations": _nothing("older generations are removed when the next one is published"),
    "identity.placeholders": _nothing("people are put together anew from what is stored"),
    "jobs": AT_START,
    "backup": AT_ONCE,
    "serve": AT_START,
    "access": AT_START,
    "search": AT_START,
    "experts": AT_START,
    "feedback": AT_START,
    "verdict": AT_START,
}


def cost_of(setting: str) -> SettingCost:
    """What the change of a setting costs, by its dotted key; a whole section may be declared as one. KeyError for a
    setting that nobody has declared."""
    return COSTS[setting] if setting in COSTS else COSTS[setting.partition(".")[0]]


def settings_that_cost(settings: Settings) -> dict[str, Any]:
    """The values of those settings whose change costs something, by dotted key, as a generation notes them. Those of a
    source stand under `sources.<name>.<setting>`."""
    told = settings.model_dump(mode="json", include=set(Settings.model_fields) - {"sources"})
    values = dict(_flat(told))
    found = {key: value for key, value in values.items() if cost_of(key).cost is not Cost.NOTHING}
    for source in settings.sources:
        for name, value in source.model_dump(mode="json").items():
            if cost_of(f"sources.{name}").cost is not Cost.NOTHING:
                found[f"sources.{source.name}.{name}"] = value
    return found


def cost_of_change(home: Home, settings: Settings) -> ChangeCost:
    """Which settings have changed since the generation that serves was made, and what that will cost; changes nothing.

    EncoderUnavailable where the settings name a model that cannot be found.
    """
    fingerprint = open_encoder(settings.encoder).fingerprint
    with home.database.read() as transaction:
        stale, new, to_read = _sources_to_read(transaction, settings)
        changes = tuple(_changes(_serving(home), settings, stale))
        ids = [
            document
            for state in items.known_sources(transaction)
            for document in documents.ids_of(transaction, state.name)
        ]
        splits = any(change.cost.work is Work.SPLIT for change in changes)
        sample = _spread(ids) if splits else []
        again = list(recut(transaction, sample, settings.passages, _left_out(transaction, settings))) if splits else []
        embedded = {bytes(digest) for kept in home.index.sound_vectors(fingerprint) for digest in kept.digests}
        stored = passages.digests_of(transaction)
        more = _more_to_embed(transaction, again, embedded)
    scale = len(ids) / max(len(sample), 1)
    missing = sum(digest not in embedded for digest in stored)
    return ChangeCost(
        changes,
        new,
        to_read,
        len(ids),
        round(len(again) * scale),
        len(stored),
        max(missing + round(more * scale), 0),
        estimated=len(sample) < len(ids) and bool(again),
    )


def _sources_to_read(transaction: Transaction, settings: Settings) -> tuple[set[str], tuple[str, ...], int]:
    """The sources that would be read again, those that never were, and how many items the first have."""
    stale, new = set(), []
    for source in settings.sources:
        state = items.source_state(transaction, source.name)
        if state is None:
            new.append(source.name)
        elif state.settings_digest != settings_digest(source, settings):
            stale.add(source.name)
    return stale, tuple(new), sum(items.count_items(transaction, name) for name in stale)


def _serving(home: Home) -> GenerationManifest | None:
    try:
        name = home.index.current_name()
        return home.index.manifest(name) if name else None
    except IndexCorrupt:
        return None


def _changes(manifest: GenerationManifest | None, settings: Settings, stale: set[str]) -> Iterator[SettingChange]:
    """What differs from the settings that a generation notes; of an older version's only encoder and splitter."""
    if manifest is None:
        return
    older = {f"encoder.{name}": value for name, value in manifest.encoder.items()}
    older |= {f"passages.{name}": value for name, value in manifest.splitter.items()}
    before = manifest.settings or {key: value for key, value in older.items() if cost_of(key).cost is not Cost.NOTHING}
    now = settings_that_cost(settings)
    for key in sorted(before.keys() & now.keys()):
        section, _, rest = key.partition(".")
        name, _, field = rest.rpartition(".")
        cost = cost_of(f"{section}.{field}" if section == "sources" else key)
        reads = cost.work is Work.READ
        # Sources that have been read since are up to date, though no new generation came of it.
        done = reads and (name not in stale if section == "sources" else not stale)
        if before[key] != now[key] and not done:
            yield SettingChange(key, before[key], now[key], cost)


def _left_out(transaction: Transaction, settings: Settings) -> dict[int, frozenset[int]]:
    """What documents would leave out otherwise than they do, by row id."""
    known = (blocks.digested(transaction, state.name) for state in items.known_sources(transaction))
    return {document: now for source in known for document, now in changed_documents(source, settings.passages)}


def _more_to_embed(transaction: Transaction, again: Sequence[Recut], embedded: set[bytes]) -> int:
    """How many passages more would have to be embedded if these documents were split again."""
    present = passages.cuts_of(transaction, [entry.document for entry in again])
    before = sum(digest not in embedded for cuts in present.values() for _, digest in cuts)
    return sum(passage.digest not in embedded for entry in again for passage in entry.passages) - before


def _spread(ids: Sequence[int]) -> list[int]:
    places = np.unique(np.linspace(0, max(len(ids) - 1, 0), min(SAMPLED_DOCUMENTS, len(ids))).astype(np.int64))
    return [ids[place] for place in places]


def _flat(values: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    return [
        pair
        for name, value in values.items()
        for pair in (_flat(value, f"{before}{name}.") if isinstance(value, dict) else [(f"{before}{name}", value)])
    ]
