"""The file of everybody's parts: shared by processes, never believed when it may be wrong, never half written."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
import pytest

from indexer.contributed import Columns, keep_columns, open_kept, renew_columns
from indexer.home import Home
from indexer.pipeline.backup import back_up
from indexer.pipeline.restore import restore
from indexer.settings import BackupSettings
from indexer.store import Database, parts
from service.contributed import Contributed
from tests.unit.experts.world import World

EVERYONE = range(5)  # audiences
CHANGES = 15

SERVER = """
import json, sys
from pathlib import Path
from indexer.home import Home
from service.contributed import Contributed
from tests.integration.test_kept_columns import counted_by

home = Home(Path(sys.argv[1]))
contributed = Contributed(home)
for _ in sys.stdin:
    with home.database.read() as transaction:
        known = contributed.now(transaction)
    print(json.dumps([counted_by(known.columns), known.mapped]), flush=True)
"""
WRITER = """
import sys
from pathlib import Path
from indexer.contributed import keep_columns
from indexer.home import Home

home = Home(Path(sys.argv[1]))
while True:
    keep_columns(home, least_parts=0)
    print("written", flush=True)
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "home", 1)
    yield made
    made.home.close()


def counted_by(columns: Columns) -> dict[str, int]:
    """In how many documents everybody had a part."""
    counts = columns.count_readable(np.arange(len(columns.ids)), EVERYONE).tolist()
    return {person: count for person, count in zip(columns.ids, counts, strict=True) if count}


def told_by_rows(database: Database) -> dict[str, int]:
    with database.read() as transaction:
        rows = transaction.exec_driver_sql(
            "SELECT person_id, count(DISTINCT document_id) FROM contributions JOIN identities ON id = identity_id "
            "WHERE person_id IS NOT NULL GROUP BY person_id"
        )
        return dict(map(tuple, rows))


def read(home: Home) -> tuple[dict[str, int], bool]:
    """What a server that starts now counts, and whether it maps the file."""
    with home.database.read() as transaction:
        known = Contributed(home).now(transaction)
    return counted_by(known.columns), known.mapped


def files(home: Home) -> list[Path]:
    return sorted(home.folder.glob("columns/*.columns"))


def process(script: str, home: Home) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", script, str(home.folder)]
    return subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def asked(server: subprocess.Popen[str]) -> tuple[dict[str, int], bool]:
    assert server.stdin
    assert server.stdout
    server.stdin.write("\n")
    server.stdin.flush()
    counted, mapped = json.loads(server.stdout.readline())
    return counted, mapped


def test_several_processes_share_a_file_and_see_every_change(world: World) -> None:
    keep_columns(world.home, least_parts=0)
    servers = [process(SERVER, world.home) for _ in range(2)]
    try:
        for number in range(CHANGES):
            world.change()
            if number % 5 == 4:
                keep_columns(world.home, least_parts=0)
            expected = told_by_rows(world.database)
            for server in servers:
                counted, mapped = asked(server)
                assert counted == expected
                assert mapped or number % 5 != 4
        with world.database.read() as transaction:
            kept = parts.latest_changes(transaction).kept
        for server in servers:
            assert kept in Path(f"/proc/{server.pid}/maps").read_text()
    finally:
        for server in servers:
            server.kill()
            server.communicate()


def test_a_writer_that_is_killed_leaves_what_was_there_before_or_what_is_new(world: World) -> None:
    random = Random(5)
    for _ in range(4):
        writer = process(WRITER, world.home)
        assert writer.stdout
        writer.stdout.readline()
        for _ in range(3):
            world.change()
        time.sleep(random.random() * 0.05)
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        counted, _ = read(world.home)
        assert counted == told_by_rows(world.database)
        with world.database.read() as transaction:
            assert open_kept(world.home, parts.latest_changes(transaction).kept) is not None
    keep_columns(world.home, least_parts=0)
    assert [file.name for file in sorted((world.home.folder / "columns").iterdir())] == [
        files(world.home)[0].name,
        "writer.lock",
    ]


@pytest.mark.parametrize("place", [10, 2000, -30])
def test_a_damaged_file_is_not_believed(world: World, place: int) -> None:
    keep_columns(world.home, least_parts=0)
    (file,) = files(world.home)
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)

    assert read(world.home) == (told_by_rows(world.database), False)
    assert renew_columns(world.home, least_parts=0)
    assert read(world.home) == (told_by_rows(world.database), True)


@pytest.mark.parametrize("left", [0, 100])
def test_a_file_that_was_cut_short_is_not_believed(world: World, left: int) -> None:
    keep_columns(world.home, least_parts=0)
    (file,) = files(world.home)
    file.write_bytes(file.read_bytes()[:left])

    assert read(world.home) == (told_by_rows(world.database), False)


def test_the_file_of_another_home_is_not_believed(world: World, tmp_path: Path) -> None:
    other = World(tmp_path / "other", 2)
    for one in (world, other):
        keep_columns(one.home, least_parts=0)
    own, foreign = files(world.home)[0], files(other.home)[0]
    other.home.close()

    shutil.copy(foreign, own.parent)
    assert read(world.home) == (told_by_rows(world.database), True)
    own.unlink()
    assert read(world.home) == (told_by_rows(world.database), False)
    shutil.copy(foreign, own)
    assert read(world.home) == (told_by_rows(world.database), False)


def test_a_file_of_a_later_time_is_not_believed_by_a_database_that_was_restored(world: World, tmp_path: Path) -> None:
    keep_columns(world.home, least_parts=0)
    backup = back_up(world.home, BackupSettings(folder=tmp_path / "backups", keep=1))
    before = told_by_rows(world.database)
    for _ in range(CHANGES):
        world.change()
    keep_columns(world.home, least_parts=0)
    later = files(world.home)[0]
    world.home.close()

    restored = restore(backup.folder, world.home.folder, replace=True)
    home = Home(world.home.folder)
    assert not [name for name in backup.files if "columns" in name]
    assert read(home) == (before, False)
    later = restored.replaced / "columns" / later.name if restored.replaced else later
    (home.folder / "columns").mkdir(exist_ok=True)
    shutil.copy(later, home.folder / "columns")
    assert read(home) == (before, False)
    keep_columns(home, least_parts=0)
    assert read(home) == (before, True)
    home.close()


def test_columns_are_written_again_only_when_much_has_changed(world: World) -> None:
    assert renew_columns(world.home, least_parts=0)
    assert not renew_columns(world.home, least_parts=0)
    world.change()
    assert not renew_columns(world.home, least_parts=0)


def test_a_home_of_few_parts_needs_no_file(world: World) -> None:
    keep_columns(world.home, least_parts=0)
    keep_columns(world.home)
    assert files(world.home) == []
    assert not renew_columns(world.home)
    assert read(world.home) == (told_by_rows(world.database), False)


def test_a_server_writes_the_file_of_a_home_of_many_parts(world: World) -> None:
    with world.database.begin() as transaction:
        transaction.exec_driver_sql(
            "WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 9000) "
            "INSERT INTO identities (id, kind, namespace, value, person_id) SELECT i, 'name', 'y', i, 'p1' FROM n"
        )
        transaction.exec_driver_sql(
            "INSERT INTO contributions SELECT d.id, i.id, 'commenter', NULL, NULL, 0, NULL FROM identities i "
            "JOIN documents d ON d.id <= 3 WHERE i.id >= 100"
        )
    contributed, mapped, end = Contributed(world.home), False, time.monotonic() + 20
    while not mapped and time.monotonic() < end:
        with world.database.read() as transaction:
            known = contributed.now(transaction)
        mapped = known.mapped
        assert counted_by(known.columns) == told_by_rows(world.database)
        time.sleep(0.05)
    assert mapped
    assert len(files(world.home)) == 1
