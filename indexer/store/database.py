"""The door to a home's database: engine, migrations, transactions."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import ConnectionPoolEntry

from indexer.domain.errors import HomeOutdated

Transaction = Connection
"""What the functions of this package work on; get one from Database.begin() or Database.read()."""

LOCK_WAIT_MILLISECONDS = 30_000


class Database:
    """One home's database. `migrate()` makes or updates it; the rest expects that."""

    def __init__(self, file: Path) -> None:
        self._file = file
        # No upper bound: a request may hold two connections, and waiting for a second one would block for ever.
        self._engine = create_engine(f"sqlite:///{file}", pool_size=8, max_overflow=-1)
        event.listen(self._engine, "connect", _prepare_connection)

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        """A transaction that is committed at the end of the block and rolled back by an exception."""
        with self._engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A consistent view for reading; nothing done in it is kept."""
        with self._engine.connect() as connection:
            yield connection

    def migrate(self) -> None:
        """Bring the database to this version's schema; HomeOutdated where a newer version wrote it."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self._engine.begin() as connection:
                config = _migration_config()
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except CommandError as error:
            raise HomeOutdated(
                f"{self._file} was written by a newer version of Knowwho ({error}): update this installation"
            ) from error
        except DatabaseError as error:
            raise HomeOutdated(f"{self._file} cannot be used as a database: {error.orig}; restore a backup") from error

    def check(self) -> list[str]:
        """What is wrong with the file and its schema, as sentences; empty where nothing is."""
        if not self._file.exists():
            return [f"{self._file} does not exist: run `knowwho index`"]
        try:
            with self._engine.connect() as connection:
                broken = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check") if row[0] != "ok"]
                dangling = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
                schema = MigrationContext.configure(connection).get_current_revision()
        except DatabaseError as error:
            return [f"{self._file} cannot be read as a database: {error.orig}; restore a backup"]
        problems = [f"{self._file} is damaged: {line}" for line in broken]
        problems += [f"a row of {row[0]} points at a missing row of {row[2]}" for row in dangling]
        if schema != ScriptDirectory.from_config(_migration_config()).get_current_head():
            problems.append(f"{self._file} has schema {schema}: run `knowwho index` to migrate it")
        return problems

    def close(self) -> None:
        self._engine.dispose()

    @property
    def engine(self) -> Engine:
        return self._engine


def _migration_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    return config


def _prepare_connection(connection: Any, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    # WAL lets readers go on while a reindex writes; NORMAL loses no committed transaction when the process dies.
    for pragma in (
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
        f"busy_timeout = {LOCK_WAIT_MILLISECONDS}",
        "cache_size = -65536",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
