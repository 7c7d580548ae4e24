"""The corpus of the scale bench: every thread of the Lean and Slicer archives, as files that Knowwho reads.

A thread keeps its messages, their writers and times; a stream of Lean's chat is a community, Slicer's forum is one.
Passages are cut shorter than by default (`PASSAGES`), so that the archives give more than a million, all of them real
and none twice.
"""

import json
import lzma
import random
import re
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml

from indexer.domain.errors import DocumentUnreadable
from indexer.parsing.base import ParseHints
from indexer.parsing.thread import ThreadParser
from indexer.passages import split
from indexer.settings import PassageSettings, load_settings
from scripts.benches.common import DATA
from service.settings import ServiceSettings

SETS = ("lean-zulip", "slicer-forum")
SEED = 20_261_124
PASSAGES = {"target_words": 35, "max_words": 60, "min_words": 8}
MOST_BYTES = 16_000_000  # of one thread


def write_threads(file: Path, count: int | None = None) -> None:
    """Write the first so many threads, one a line, in an order that is random but always the same; None: all."""
    scratch = file.with_suffix(".new")
    with scratch.open("w", encoding="utf-8") as lines:
        lines.writelines(f"{line}\n" for line in islice(threads(), count))
    scratch.replace(file)


def threads() -> Iterator[str]:
    """All threads in Knowwho's own format, so mixed that any beginning of them is like the whole."""
    found = [*lean(), *slicer()]
    random.Random(SEED).shuffle(found)
    return iter(found)


def lean() -> Iterator[str]:
    for number, thread in enumerate(_lines("lean-zulip")):
        said = [{"author": sender, "at": at, "text": text} for _, sender, at, text in thread["messages"]]
        stream = unquote(thread["stream"].replace(".", "%"))
        yield _thread(f"lean-{number}", unquote(thread["topic"].replace(".", "%")), slug_of(stream), said)


def slicer() -> Iterator[str]:
    for thread in _lines("slicer-forum"):
        said = [
            {"author": post["user"], "at": post["date"].replace(" UTC", "Z"), "text": post["text"]}
            for post in thread["posts"]
        ]
        yield _thread(f"slicer-{thread['id']}", thread["title"], "slicer", said)


def indexed_texts(line: str) -> list[str]:
    """What is embedded of a thread, passage after passage; nothing of one whose messages were all deleted."""
    try:
        document = ThreadParser().parse(line.encode(), ParseHints("thread.json"))
    except DocumentUnreadable:
        return []
    return [passage.indexed_text for passage in split(document, _splitter())]


@cache
def _splitter() -> PassageSettings:
    defaults = load_settings(ServiceSettings, None).passages
    return PassageSettings.model_validate({**defaults.model_dump(), **PASSAGES})


def write_settings(folder: Path, **more: Any) -> Path:
    """Settings for a home in this folder that reads `threads.jsonl` in it."""
    source = {"name": "archive", "kind": "threads", "path": "threads.jsonl"}
    settings = {"home": str(folder / "home"), "sources": [source], "passages": PASSAGES, **more}
    config = folder / "knowwho.yaml"
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return config


def slug_of(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-") or "unnamed"


def _thread(identity: str, title: str, community: str, said: list[dict[str, Any]]) -> str:
    messages = [{"number": number, **message} for number, message in enumerate(said, 1)]
    return json.dumps({"id": identity, "title": title, "community": community, "messages": messages})


def _lines(name: str) -> Iterator[dict[str, Any]]:
    with lzma.open(DATA / name / "threads.jsonl.xz", "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)
