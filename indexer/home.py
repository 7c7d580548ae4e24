"""A home: the folder that holds one organisation's database and index."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from indexer.domain.errors import HomeBusy
from indexer.index import IndexFolder
from indexer.store import Database


class Home:
    """The parts of a home, by its folder. Nothing is created before `prepare()`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = Database(folder / "knowwho.sqlite")
        self.index = IndexFolder(folder / "index")

    def prepare(self) -> None:
        """Make the folder and bring the database to this version's schema. HomeOutdated, HomeBusy."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.database.migrate()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the home for writing; HomeBusy where another process does."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder / "writer.lock", timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise HomeBusy(
                f"another process is indexing {self.folder}: wait until it has finished, or end it"
            ) from error
        try:
            yield
        finally:
            lock.release()

    def close(self) -> None:
        self.database.close()
