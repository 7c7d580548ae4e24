"""Homes of any size from the scale corpus, built once and kept."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from indexer.home import Home
from indexer.passages import indexed_text
from indexer.settings import load_settings
from indexer.store import passages
from scripts.benches.common import CACHE, CHECKOUT
from scripts.benches.scale import corpus
from scripts.benches.scale.build import RECORD
from scripts.benches.serving import even
from service.settings import ServiceSettings

WORK = CACHE / "scale"


@dataclass(frozen=True)
class Built:
    """A home with its settings file; `record` is what building it took, None where nobody wrote it down."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "knowwho.yaml"

    @property
    def database(self) -> Path:
        return self.settings.home / "knowwho.sqlite"

    @cached_property
    def settings(self) -> ServiceSettings:
        return load_settings(ServiceSettings, self.config)

    @cached_property
    def record(self) -> dict[str, Any] | None:
        file = self.folder / RECORD
        return json.loads(file.read_text()) if file.exists() else None

    def texts(self) -> list[str]:
        """What is embedded of each passage that counts, in order of the passages' ids."""
        home = Home(self.settings.home)
        with closing(home), home.database.read() as transaction:
            ids = sorted(passages.passage_ids(transaction))
            return [indexed_text(p.title, p.heading, p.text) for p in passages.indexable_passages(transaction, ids)]


def home_of(count: int) -> Built:
    """The home of so many passages of the corpus (as many threads as that takes, so a few more, and fewer where a
    paragraph is boilerplate); made where it is not in the cache yet."""
    built = Built(WORK / str(count))
    if built.record is None:
        built.folder.mkdir(parents=True, exist_ok=True)
        if not built.config.exists():
            write_enough_threads(built.folder / "threads.jsonl", count)
            corpus.write_settings(built.folder)
        command = [sys.executable, "-m", "scripts.benches.scale.build", str(built.folder)]
        subprocess.run(command, check=True, cwd=CHECKOUT, env=even())
    return Built(built.folder)


def write_enough_threads(file: Path, count: int) -> None:
    """Write the first threads of the corpus, as many as have so many passages."""
    with file.open("w", encoding="utf-8") as lines:
        lines.writelines(f"{line}\n" for line in enough_threads(count))


def enough_threads(count: int) -> Iterator[str]:
    found = 0
    for line in corpus.threads():
        yield line
        found += len(corpus.indexed_texts(line))
        if found >= count:
            return
