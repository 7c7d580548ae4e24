"""The passages of real texts that the parts work on."""

import random
from collections.abc import Iterator

from indexer.domain.content import ParsedDocument
from indexer.parsing import ParserPool
from indexer.passages import split
from indexer.settings import TableSource
from indexer.sources import open_source
from scripts.benches.common import DATA
from service.settings import ServiceSettings

SEED = 20_250_302


def lessons(settings: ServiceSettings, count: int) -> list[str]:
    """What is embedded of passages drawn from NASA's lessons."""
    source = TableSource(
        name="lessons",
        kind="table",
        path=DATA / "nasa-llis" / "llis.csv.xz",
        id="LessonId",
        text=["Abstract", "Lesson"],
        fields={"title": "Title"},
    )
    with ParserPool(settings.parsing) as parsers:
        made = [
            passage.indexed_text
            for document in _parsed(parsers, source)
            for passage in split(document, settings.passages)
        ]
    return random.Random(SEED).sample(made, min(count, len(made)))


def _parsed(parsers: ParserPool, settings: TableSource) -> Iterator[ParsedDocument]:
    source = open_source(settings, 2**26)
    items = (source.fetch(stamp.uri) for stamp in source.changes_since({}).to_read)
    yield from (document for _, document in parsers.parse_all(items) if isinstance(document, ParsedDocument))
    source.close()
