"""Homes of the quality sets, indexed by the product with its default settings."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from indexer.embedding import open_encoder
from indexer.home import Home
from indexer.index import QueryTerms, RowFilter
from indexer.notation import handle_identity
from indexer.pipeline import reindex
from indexer.settings import load_settings
from indexer.store import Transaction, documents, identities
from scripts.benches.common import CACHE
from service.auth import ANONYMOUS, ReadableAudiences, readable_audiences
from service.experts.people import score_people
from service.search import OpenIndex, Query, Retrieved, retrieve_passages
from service.settings import ServiceSettings

WORK = CACHE / "quality"
WHOLE = 10_000_000


@dataclass(frozen=True, slots=True)
class Asked:
    """A home open for questions."""

    transaction: Transaction
    readable: ReadableAudiences
    index: OpenIndex
    settings: ServiceSettings

    def retrieve(self, text: str, **query: Any) -> Retrieved:
        """The candidates for a text of any length, as a search would get them."""
        return retrieve_passages(
            self.transaction, self.index, Query(text, **query), self.readable, self.settings.search
        )

    def everything(self, text: str) -> Retrieved:
        """Every passage as a candidate for a text."""
        vector, degraded = self.index.query_vector(text)
        engine = self.index.engine()
        found = engine.candidates(vector, QueryTerms.of(text), RowFilter(self.readable.ids), WHOLE)
        return Retrieved(Query(text), found, engine.generation, degraded, vector)

    def document(self, source: str, uri: str) -> int:
        """The row id of the document read from a uri."""
        found = documents.find_by_uri(self.transaction, source, uri, self.readable.ids)
        if found is None:
            raise SystemExit(f"{source}/{uri} was not indexed")
        return found.id

    def people(self, namespace: str, handles: Iterable[str]) -> dict[str, str]:
        """The ids of the people behind handles."""
        wanted = {handle_identity(namespace, handle): handle for handle in handles}
        behind = identities.people_behind(self.transaction, wanted)
        return {wanted[identity]: person for identity, person in behind.items()}

    def scores(self, retrieved: Retrieved, **options: Any) -> dict[str, float]:
        """The score of everybody who has one, as ranking people gives it."""
        experts = self.settings.experts
        tally = score_people(self.transaction, self.index.contributed, retrieved, self.readable, experts, **options)
        return dict(tally.scores)


def write_rows(name: str, rows: Iterable[Mapping[str, Any]]) -> Path:
    """A JSON Lines file in the cache; written only where it changes, so that an indexed home stays indexed."""
    WORK.mkdir(parents=True, exist_ok=True)
    file = WORK / f"{name}.jsonl"
    text = "".join(json.dumps(row) + "\n" for row in rows)
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        file.write_text(text, encoding="utf-8")
    return file


@contextmanager
def indexed(name: str, sources: list[dict[str, Any]]) -> Iterator[Asked]:
    """The home of a set, brought up to date, open for questions."""
    config = WORK / f"{name}.yaml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(yaml.safe_dump({"home": str(WORK / name), "sources": sources}))
    settings = load_settings(ServiceSettings, config)
    home, encoder = Home(settings.home), open_encoder(settings.encoder)
    result = reindex(home, encoder, settings, settings.sources)
    errors = [entry.error for entry in result.sources if entry.error]
    if errors:
        raise SystemExit(f"{name} cannot be indexed: {errors}")
    index = OpenIndex(home, encoder)
    index.load_model()
    with home.database.read() as transaction:
        yield Asked(transaction, readable_audiences(transaction, ANONYMOUS), index, settings)
    home.close()
