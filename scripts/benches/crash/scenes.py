"""Homes to crash in: real threads and topics in two sources, before and after a change."""

import json
import lzma
import shutil
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import yaml
from alembic import command
from alembic.config import Config

from indexer import store
from indexer.embedding import open_encoder
from indexer.home import Home
from indexer.pipeline import reindex
from indexer.settings import load_settings
from indexer.store import Database
from scripts.benches.common import DATA
from service.settings import ServiceSettings

SETS = ("slicer-forum", "urho3d-forum")
THREADS = 200
TOPICS = 150
ROUNDS = 12
OLD_SCHEMAS = ("0001", "0003", "0004", "0005")
SETTINGS = {
    "home": "home",
    "encoder": {"model": "hashing"},
    "sources": [
        {"name": "slicer", "kind": "threads", "path": "threads.jsonl", "community": "slicer"},
        {"name": "urho", "kind": "forum", "path": "topics", "community": "urho"},
    ],
    # So small that a build writes several segments, as it does on a large home.
    "index": {"segment_passages": 300},
    "jobs": {"heartbeat_seconds": 0.25, "poll_seconds": 0.05},
}


def make_scenes(folder: Path) -> None:
    """Folders named `fresh` (nothing indexed yet), `changed` (indexed, then the sources changed), `scattered` (many
    small segments) and `schema-…` (as `changed`, with a database as an older version left it)."""
    fresh, indexed = folder / "fresh", folder / "indexed"
    _write_sources(fresh)
    shutil.copytree(fresh, indexed)
    _index(indexed)
    _copy(indexed, folder / "changed")
    _change(folder / "changed")
    _copy(indexed, folder / "scattered")
    _scatter(folder / "scattered")
    for schema in OLD_SCHEMAS:
        old = folder / f"schema-{schema}"
        _copy(folder / "changed", old)
        _downgrade(old / "home" / "knowwho.sqlite", schema)


def settings_of(scene: Path) -> ServiceSettings:
    return load_settings(ServiceSettings, scene / "knowwho.yaml")


def _write_sources(scene: Path) -> None:
    (scene / "topics").mkdir(parents=True)
    (scene / "threads.jsonl").write_text("\n".join(_threads()) + "\n", encoding="utf-8")
    with tarfile.open(DATA / "urho3d-forum" / "topics-2014-2018.tar.xz") as archive:
        topics = (member for member in archive if member.name.endswith(".json"))
        for member in islice(topics, TOPICS):
            content = archive.extractfile(member)
            if content is not None:
                (scene / "topics" / Path(member.name).name).write_bytes(content.read())
    (scene / "knowwho.yaml").write_text(yaml.safe_dump(SETTINGS))


def _threads() -> Iterator[str]:
    with lzma.open(DATA / "slicer-forum" / "threads.jsonl.xz", "rt", encoding="utf-8") as lines:
        for line in islice(lines, THREADS):
            thread = json.loads(line)
            messages = [
                {"number": n, "author": post["user"], "at": post["date"].replace(" UTC", "Z"), "text": post["text"]}
                for n, post in enumerate(thread["posts"], 1)
            ]
            yield json.dumps({"id": f"slicer-{thread['id']}", "title": thread["title"], "messages": messages})


def _index(scene: Path, **index: int) -> None:
    settings = settings_of(scene)
    settings = settings.model_copy(update={"index": settings.index.model_copy(update=index)})
    home = Home(settings.home)
    reindex(home, open_encoder(settings.encoder), settings, settings.sources)
    home.close()


def _change(scene: Path) -> None:
    """Of both sources, change a third, delete a tenth, and add a few."""
    file = scene / "threads.jsonl"
    lines = [line for number, line in enumerate(file.read_text(encoding="utf-8").splitlines()) if number % 10 != 4]
    changed = [_said(line, f"Solved in release {n}.") if n % 3 == 0 else line for n, line in enumerate(lines)]
    added = [_said(line, "Once more.", f"again-{n}") for n, line in enumerate(lines[:15])]
    file.write_text("\n".join([*changed, *added]) + "\n", encoding="utf-8")
    for number, topic in enumerate(sorted((scene / "topics").iterdir())):
        if number % 10 == 4:
            topic.unlink()
        elif number % 3 == 0:
            told = json.loads(topic.read_text(encoding="utf-8"))
            told["title"] += f" (release {number})"
            topic.write_text(json.dumps(told), encoding="utf-8")


def _said(line: str, text: str, name: str | None = None) -> str:
    """A thread with one more message, or a new thread that begins like it."""
    thread = json.loads(line)
    number = max(message["number"] for message in thread["messages"]) + 1
    thread["messages"].append({"number": number, "author": "newcomer", "at": "2025-03-02T10:00:00Z", "text": text})
    return json.dumps({**thread, "id": name or thread["id"]})


def _scatter(scene: Path) -> None:
    """Change some threads again and again without merging what that writes."""
    file = scene / "threads.jsonl"
    for turn in range(ROUNDS):
        lines = file.read_text(encoding="utf-8").splitlines()
        changed = [_said(line, f"Turn {turn}.") if n % ROUNDS == turn else line for n, line in enumerate(lines)]
        file.write_text("\n".join(changed) + "\n", encoding="utf-8")
        _index(scene, max_segments=100)


def _downgrade(file: Path, schema: str) -> None:
    """Put the rows of a database into one with an older schema, as far as that has room for them."""
    old = file.with_suffix(".old")
    database = Database(old)
    with database.engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(store.__file__).with_name("migrations")))
        config.attributes["connection"] = connection
        command.upgrade(config, schema)
    database.close()
    with closing(sqlite3.connect(old, isolation_level=None)) as connection:
        connection.execute("ATTACH ? AS new", (str(file),))
        for table in _names(connection, "SELECT name FROM main.sqlite_master WHERE type = 'table'"):
            columns = ", ".join(
                f'"{name}"' for name in _names(connection, f"SELECT name FROM pragma_table_info('{table}')")
            )
            if table not in ("alembic_version", "outdated_passages", "touched_identities", "sqlite_sequence"):
                connection.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM new.{table}")
    _remove_database(file)
    old.rename(file)


def _names(connection: sqlite3.Connection, statement: str) -> list[str]:
    return [name for (name,) in connection.execute(statement).fetchall()]


def _copy(scene: Path, target: Path) -> None:
    shutil.copytree(scene, target)


def _remove_database(file: Path) -> None:
    for name in (file.name, f"{file.name}-wal", f"{file.name}-shm"):
        file.with_name(name).unlink(missing_ok=True)
