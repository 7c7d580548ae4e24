"""A home: the folder that holds one organisation's database and index."""

import copy
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from filelock import FileLock, Timeout

from indexer.domain.accounts import AuditAction
from indexer.domain.errors import DatabaseDamaged, HomeBusy, StorageFull, StorageReadOnly
from indexer.domain.storage import storage_errors
from indexer.index import IndexFolder
from indexer.store import CACHE_KILOBYTES, Database, Transaction, audit

SECRET_FILE = "secret.key"
SECRET_BYTES = 32
PASSING_SECRET = secrets.token_bytes(SECRET_BYTES)


class Home:
    """The parts of a home, by its folder. Nothing is created before `prepare()`. `actor` is in whose name it is worked
    on: what is done to it then comes into the audit trail; what Knowwho does by itself does not. `cache_kilobytes` is
    what each of its connections may keep of the database for itself."""

    def __init__(self, folder: Path, cache_kilobytes: int = CACHE_KILOBYTES) -> None:
        self.folder = folder
        self.actor: str | None = None
        self.database = Database(folder / "knowwho.sqlite", cache_kilobytes)
        self.index = IndexFolder(folder / "index")

    def prepare(self) -> None:
        """Make the folder and bring the database to this version's schema. HomeOutdated, HomeBusy, StorageFull,
        StorageReadOnly; DatabaseDamaged where the file is, or where there is an index but nothing it was made from."""
        with storage_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        self._expect_database()
        self.database.migrate()

    def acting_as(self, actor: str) -> Self:
        """The same home, worked on in the name of an account (its id) or of COMMAND_LINE."""
        home = copy.copy(self)
        home.actor = actor
        return home

    def tell(
        self,
        transaction: Transaction,
        action: AuditAction,
        subject: str | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Write into the audit trail what the actor does, where there is one, in the transaction that does it."""
        if self.actor is not None:
            audit.add_entry(transaction, datetime.now(UTC), self.actor, action, subject, detail)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the home for writing; HomeBusy where another process does."""
        with storage_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder / "writer.lock", timeout=0)
        try:
            with storage_errors(self.folder):
                lock.acquire()
        except Timeout as error:
            raise HomeBusy(
                f"another process is indexing {self.folder}: wait until it has finished, or end it"
            ) from error
        try:
            yield
        finally:
            lock.release()

    def secret(self) -> bytes:
        """The home's own secret; see `home_secret`."""
        return home_secret(self.folder)

    def close(self) -> None:
        self.database.close()

    def _expect_database(self) -> None:
        """A file that was cut to nothing would pass for a new database, and all that people gave would be gone."""
        file = self.database.file
        if self.index.current_name() is not None and not (file.exists() and file.stat().st_size):
            raise DatabaseDamaged(
                f"{file} is missing or empty although the home has an index: restore a backup (`knowwho backup list`, "
                f"`knowwho restore`), or remove {self.folder} to begin anew from the sources"
            )


def home_secret(folder: Path) -> bytes:
    """The secret in the home's folder, made when first asked for; only its owner may read the file. Where it cannot be
    written, the secret of this process: pages can be read though nothing can be sent."""
    file = folder / SECRET_FILE
    try:
        if not file.exists():
            with storage_errors(file):
                _make_secret(file)
    except (StorageFull, StorageReadOnly):
        return PASSING_SECRET
    return file.read_bytes()


def _make_secret(file: Path) -> None:
    draft = file.with_name(f"{SECRET_FILE}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
        opened.write(secrets.token_bytes(SECRET_BYTES))
    try:
        # A link is made whole or not at all, and never replaces the secret that another process made meanwhile.
        with suppress(FileExistsError):
            os.link(draft, file)
    finally:
        draft.unlink()
