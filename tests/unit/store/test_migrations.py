import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

from indexer import store
from indexer.domain.feedback import Judgement, Target, TargetKind
from indexer.store import Database, documents, feedback
from indexer.store.database import newest_schema
from indexer.store.tables import metadata

NOW = datetime(2025, 3, 2, 10, tzinfo=UTC)
FIRST_DATA = (
    "INSERT INTO audiences VALUES (1, 'public', '')",
    "INSERT INTO communities VALUES (1, 'brakes', 'Brakes', NULL, 'public', 1)",
    "INSERT INTO items VALUES (1, 'lib', 'a.md', 'r', 'd', 'ok', NULL, '2025-01-01 00:00:00.000000', 0)",
    "INSERT INTO documents VALUES "
    "(1, 'd1', 1, 'lib', 'a.md', 'Squeal', 'document', 1, 1, NULL, NULL, NULL, NULL, NULL)",
    "INSERT INTO passages VALUES (1, 1, 0, 'Brakes squeal.', NULL, NULL, NULL, 1, x'00')",
    "INSERT INTO people VALUES ('ada', 'Ada', NULL, NULL, '[]', NULL, 1, 0)",
)
# What each later schema could hold beside that.
LATER_DATA = {
    "0002": (
        "INSERT INTO feedback VALUES ('f', 'v', 'Why?', 'why', 'document', 'd1', 1, '2025-01-02 00:00:00.000000')",
    ),
    "0003": (
        "INSERT INTO document_blocks VALUES (1, x'01', x'')",
        "INSERT INTO signatures VALUES (1, x'02')",
    ),
    "0004": (
        "INSERT INTO schedules VALUES ('nightly', 'reindex', '{}', NULL, '0 2 * * *', 'Europe/Berlin', 0, "
        "'2025-01-02 00:00:00.000000', '2025-01-03 00:00:00.000000')",
        "INSERT INTO jobs (id, kind, parameters, asked_by, state, created, attempts) VALUES "
        "('j', 'reindex', '{}', 'ada', 'done', '2025-01-03 00:00:00.000000', 1)",
        "UPDATE items SET failures = 2, next_try = '2025-01-04 00:00:00.000000'",
    ),
}
RELEASED = ("0001", *LATER_DATA)


def test_migrations_make_exactly_the_tables_of_the_code(tmp_path: Path) -> None:
    database = Database(tmp_path / "home.sqlite")
    database.migrate()
    with database.begin() as transaction:
        differences = compare_metadata(MigrationContext.configure(transaction), metadata)
    database.close()
    assert differences == []


def database_of(schema: str, file: Path) -> Database:
    """A database as the version with that schema left it, with something in every table that was new."""
    database = Database(file)
    statements = FIRST_DATA
    with database.engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(store.__file__).with_name("migrations")))
        config.attributes["connection"] = connection
        for revision in RELEASED[: RELEASED.index(schema) + 1]:
            command.upgrade(config, revision)
            for statement in statements if revision == "0001" else LATER_DATA[revision]:
                connection.exec_driver_sql(statement)
    return database


def rows_of(file: Path) -> dict[str, set[tuple[object, ...]]]:
    """Every row of every table, by table, but those that migrations make."""
    with sqlite3.connect(file) as raw:
        names = [name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = {name: set(raw.execute(f'SELECT * FROM "{name}"')) for name in names}
    raw.close()
    return {name: found for name, found in rows.items() if found and name != "alembic_version"}


@pytest.mark.parametrize("schema", RELEASED)
def test_a_database_of_every_released_schema_keeps_all_its_rows(tmp_path: Path, schema: str) -> None:
    database = database_of(schema, tmp_path / "home.sqlite")
    before = rows_of(tmp_path / "home.sqlite")
    database.migrate()
    assert (database.check(), database.schema()) == ([], newest_schema())
    database.close()
    after = rows_of(tmp_path / "home.sqlite")
    for table, rows in before.items():
        width = len(next(iter(rows)))
        assert {row[:width] for row in after[table]} >= rows, table


def test_a_database_of_the_first_schema_keeps_its_data(tmp_path: Path) -> None:
    database = database_of("0001", tmp_path / "home.sqlite")
    database.migrate()
    assert database.check() == []
    with database.begin() as transaction:
        (found,) = documents.list_documents(transaction, [1], limit=9)
        assert (found.title, found.community) == ("Squeal", "brakes")
        given = Judgement("j", "v", "why", ("why",), Target(TargetKind.DOCUMENT, found.public_id), True, NOW)
        assert feedback.save_judgement(transaction, given) == given
        assert [told.useful for told in feedback.opinions_on(transaction, [found.id], [])] == [1]
    database.close()


def test_a_new_database_is_whole_and_migrating_again_changes_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path / "home.sqlite")
    assert "does not exist" in database.check()[0]
    database.migrate()
    database.migrate()
    assert database.check() == []
    database.close()


def test_a_file_that_is_no_database_is_a_problem_with_advice(tmp_path: Path) -> None:
    file = tmp_path / "home.sqlite"
    file.write_bytes(b"not a database at all, but long enough to look like a page" * 100)
    database = Database(file)
    assert "restore a backup" in database.check()[0]
    database.close()


def test_a_migrated_database_is_kept_as_it_was_before(tmp_path: Path) -> None:
    database = database_of("0003", tmp_path / "home.sqlite")
    before = rows_of(tmp_path / "home.sqlite")
    database.migrate()
    database.close()
    kept = database.copy_before("0003")
    assert rows_of(kept) == before
    old = Database(kept)
    assert old.schema() == "0003"
    old.close()


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    database = database_of("0003", tmp_path / "home.sqlite")
    with database.begin() as transaction:
        transaction.exec_driver_sql("CREATE TABLE workers (in_the_way INTEGER)")
    with pytest.raises(Exception, match="workers already exists"):
        database.migrate()
    assert database.schema() == "0003"
    with database.begin() as transaction:
        tables = set(transaction.exec_driver_sql("SELECT name FROM sqlite_master").scalars())
        transaction.exec_driver_sql("DROP TABLE workers")
    assert "jobs" not in tables
    database.migrate()
    assert database.check() == []
    database.close()


def test_two_processes_that_migrate_at_once_both_succeed(tmp_path: Path) -> None:
    database_of("0001", tmp_path / "home.sqlite").close()
    running = [migrating(tmp_path / "home.sqlite", pause=0.02) for _ in range(2)]
    assert [process.wait(60) for process in running] == [0, 0]
    assert whole(tmp_path / "home.sqlite")


# Every statement of the migration is followed by a pause, so that a kill falls between any two of them.
MIGRATING = """
import sys, time
from pathlib import Path
from sqlalchemy import event
from indexer.store import Database
database = Database(Path(sys.argv[1]))
event.listen(database.engine, "after_cursor_execute", lambda *_: time.sleep(float(sys.argv[2])))
print("started", flush=True)
database.migrate()
database.close()
"""


def migrating(file: Path, pause: float) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", MIGRATING, str(file), str(pause)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    return process


def whole(file: Path) -> bool:
    database = Database(file)
    try:
        database.migrate()
        return database.check() == []
    finally:
        database.close()


def test_a_migration_killed_at_any_moment_is_all_or_nothing(tmp_path: Path) -> None:
    first = tmp_path / "first.sqlite"
    database_of("0001", first).close()
    before = rows_of(first)
    for number in range(5):
        file = tmp_path / f"killed-{number}.sqlite"
        shutil.copy(first, file)
        process = migrating(file, pause=0.01)
        time.sleep(0.04 + number * 0.12)
        process.send_signal(signal.SIGKILL)
        process.wait()
        with sqlite3.connect(file) as raw:
            (revision,) = raw.execute("SELECT version_num FROM alembic_version").fetchone()
            tables = {name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        raw.close()
        assert revision in ("0001", newest_schema())
        assert ("feedback" in tables) == ("jobs" in tables) == (revision != "0001")
        assert whole(file)
        after = rows_of(file)
        assert set(before) <= set(after)
