"""The door to a home's database: engine, migrations, transactions."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event

from indexer.domain.errors import DatabaseDamaged, HomeOutdated
from indexer.domain.storage import free_bytes, storage_errors
from indexer.store.copies import copy_database
from indexer.store.faults import database_errors, translated
from indexer.store.sealed import or_sealed, renew_sealed

Transaction = Connection
"""What the functions of this package work on; get one from Database.begin() or Database.read()."""

LOCK_WAIT_MILLISECONDS = 30_000
CACHE_KILOBYTES = 65_536
COPY_ROOM = 3  # so many times its size must be free for a copy before a migration: that needs room, too


class Database:
    """One home's database. `migrate()` makes or updates it; the rest expects that.

    A full or read-only disk and a damaged or locked file come as StorageFull, StorageReadOnly, DatabaseDamaged and
    HomeBusy from everything here. `cache_kilobytes` is what each connection may keep of the file for itself.
    """

    def __init__(self, file: Path, cache_kilobytes: int = CACHE_KILOBYTES) -> None:
        self._file = file
        # No upper bound: a request may hold two connections, and waiting for a second one would block for ever. Those
        # used last are taken first, since they have at hand what is asked.
        # Errors go to the log, and values may be what nobody shall read there.
        self._engine = create_engine(
            f"sqlite:///{file}",
            creator=lambda: _connect(file, cache_kilobytes),
            pool_size=8,
            pool_use_lifo=True,
            max_overflow=-1,
            hide_parameters=True,
        )
        event.listen(self._engine, "checkout", renew_sealed)
        event.listen(self._engine, "handle_error", self._translate)

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

    def schema(self) -> str | None:
        """The revision of the file's schema, None of an empty one."""
        with self._engine.connect() as connection:
            return _revision(connection)

    def migrate(self) -> None:
        """Bring the database to this version's schema, all or nothing; HomeOutdated where a newer version wrote it.

        One that existed before is copied beside itself first, where there is room.
        """
        with storage_errors(self._file):
            self._file.parent.mkdir(parents=True, exist_ok=True)
        if self.schema() == newest_schema():
            return
        try:
            with self._engine.connect() as connection:
                connection.detach()
                # Rebuilding a table drops the old one, which would take the rows that point at it along.
                connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
                # Said by hand: the driver begins none before DDL, so a killed migration would stay half done.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                self._keep_copy(_revision(connection))
                config = _migration_config()
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
                connection.commit()
        except CommandError as error:
            raise HomeOutdated(
                f"{self._file} was written by a newer version of Knowwho ({error}): update this installation"
            ) from error

    def copy_before(self, schema: str) -> Path:
        """Where the database is kept as it was before it was migrated from a schema."""
        return self._file.with_name(f"{self._file.stem}.schema-{schema}{self._file.suffix}")

    def kept_copies(self) -> list[Path]:
        """The copies that were kept before migrations, finished or not."""
        return sorted(self._file.parent.glob(f"{self._file.stem}.schema-*{self._file.suffix}*"))

    def check(self) -> list[str]:
        """What is wrong with the file and its schema, as sentences; empty where nothing is."""
        if not self._file.exists():
            return [f"{self._file} does not exist: run `knowwho index`"]
        try:
            with self._engine.connect() as connection:
                broken = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check") if row[0] != "ok"]
                dangling = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
                schema = _revision(connection)
        except DatabaseDamaged as error:
            return [str(error)]
        problems = [f"{self._file} is damaged: {line}; restore a backup" for line in broken]
        problems += [f"a row of {row[0]} points at a missing row of {row[2]}" for row in dangling]
        if schema != newest_schema():
            problems.append(f"{self._file} has schema {schema}: run `knowwho index` to migrate it")
        return problems

    def close(self) -> None:
        self._engine.dispose()

    @property
    def engine(self) -> Engine:
        return self._engine

    @property
    def file(self) -> Path:
        return self._file

    def _keep_copy(self, schema: str | None) -> None:
        room = free_bytes(self._file) > COPY_ROOM * self._file.stat().st_size
        if schema in (None, newest_schema()) or not room:  # another process may have migrated meanwhile
            return
        copy = self.copy_before(schema)
        scratch = copy.with_name(f"{copy.name}.new")
        scratch.unlink(missing_ok=True)
        copy_database(self._file, scratch, lambda _done, _total: None)
        scratch.replace(copy)

    def _translate(self, context: ExceptionContext) -> None:
        told = translated(context.original_exception, self._file)
        if told is not None:
            raise told from context.original_exception


def take_write_lock(transaction: Transaction) -> None:
    """Keep every other process from writing until this transaction ends, so that what it reads from here on stays."""
    raw: Any = transaction.connection.dbapi_connection
    if not raw.in_transaction:  # the driver begins one only before the first statement that changes something
        transaction.exec_driver_sql("BEGIN IMMEDIATE")


def newest_schema() -> str | None:
    """The revision that this version works with."""
    return ScriptDirectory.from_config(_migration_config()).get_current_head()


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _migration_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    return config


def _connect(file: Path, cache_kilobytes: int) -> sqlite3.Connection:
    with database_errors(file):
        connection = sqlite3.connect(file, check_same_thread=False)
        return or_sealed(file, connection, lambda opened: _prepare(opened, cache_kilobytes))


def _prepare(connection: sqlite3.Connection, cache_kilobytes: int) -> None:
    # WAL lets readers go on while a reindex writes; NORMAL loses no committed transaction when the process dies.
    for pragma in (
        f"busy_timeout = {LOCK_WAIT_MILLISECONDS}",
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
        f"cache_size = -{cache_kilobytes}",
    ):
        connection.execute(f"PRAGMA {pragma}").close()
