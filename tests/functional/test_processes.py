"""Several processes answer on one socket, as one service: none is missed when it dies, and all see the same index."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from indexer.embedding import open_encoder
from indexer.home import Home
from indexer.pipeline import reindex
from indexer.settings import load_settings
from service.processes import can_copy
from service.settings import ServiceSettings

pytestmark = pytest.mark.skipif(not can_copy(), reason="this system cannot copy a process")

SETTINGS = """
home: home
encoder: {model: hashing}
parsing: {workers: 1}
serve: {processes: 2}
sources: [{name: library, kind: folder, path: library, file_dates: false, community: brakes}]
"""
PATIENCE_SECONDS = 60


class Place:
    """A home of its own, and the service over it."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "knowwho.yaml"
        self.config.write_text(SETTINGS, encoding="utf-8")
        self._library = folder / "library"
        self._library.mkdir()

    def publish(self, name: str, text: str) -> str:
        """Index a file; the name of the generation with it."""
        (self._library / f"{name}.md").write_text(f"# {name}\n\n{text}\n", encoding="utf-8")
        settings = load_settings(ServiceSettings, self.config)
        home = Home(settings.home)
        reindex(home, open_encoder(settings.encoder), settings, settings.sources)
        home.close()
        return str(home.index.current_name())


class Service:
    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        self.told = [process.stdout.readline()]
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", self.told[0])
        assert found, self.told
        self.port = int(found[1])
        self.process = process
        self.copies = psutil.Process(process.pid).children
        self._connections: list[http.client.HTTPConnection] = []

    def connect(self) -> http.client.HTTPConnection:
        made = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        self._connections.append(made)
        return made

    def close(self) -> None:
        for connection in self._connections:
            connection.close()

    def connect_to_all(self) -> dict[int, http.client.HTTPConnection]:
        """A connection that stays open to each of the processes, by their ids."""
        found: dict[int, http.client.HTTPConnection] = {}
        for _ in range(200):
            connection = self.connect()
            ask(connection)
            found[self._process_at(connection)] = connection
            if len(found) == 2:
                return found
        raise AssertionError(f"all connections went to {list(found)}")

    def _process_at(self, connection: http.client.HTTPConnection) -> int:
        mine = connection.sock.getsockname()
        for copy in self.copies():
            if any(held.raddr == mine for held in copy.net_connections("inet")):
                return int(copy.pid)
        raise AssertionError("nobody holds the other end")


def ask(connection: http.client.HTTPConnection, question: str = "squeal") -> dict[str, Any]:
    connection.request("GET", f"/api/v1/search?q={question}")
    answer = connection.getresponse()
    told = answer.read()
    assert answer.status == 200, told
    return dict(json.loads(told))


def eventually(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.publish("first", "Worn pads make brakes squeal.")
    return made


@contextmanager
def serving(place: Place) -> Iterator[Service]:
    command = [sys.executable, "-m", "service.cli", "--config", str(place.config), "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        service = Service(process)
        eventually(lambda: len(service.copies()) == 2)
        try:
            yield service
        finally:
            service.close()
            process.terminate()


@pytest.mark.timeout(300)
def test_two_processes_answer_see_what_is_published_and_end_together(place: Place) -> None:
    with serving(place) as service:
        connections = service.connect_to_all()
        before = {ask(connection)["generation"] for connection in connections.values()}
        published = place.publish("second", "Grease makes brakes squeal no more.")
        after = {ask(connection)["generation"] for connection in connections.values()}
        found = [ask(connection, "grease")["passages"][0]["document"]["title"] for connection in connections.values()]
        copies = service.copies()
    assert published not in before
    assert (after, found) == ({published}, ["second", "second"])
    assert service.process.returncode == 0
    assert psutil.wait_procs(copies, PATIENCE_SECONDS)[1] == []


@pytest.mark.timeout(300)
def test_a_process_that_dies_is_replaced_and_nobody_is_turned_away(place: Place) -> None:
    with serving(place) as service:
        dead, other = service.connect_to_all().items()
        psutil.Process(dead[0]).kill()
        for _ in range(10):
            ask(service.connect())
            ask(other[1])
        eventually(lambda: len(service.copies()) == 2 and dead[0] not in {copy.pid for copy in service.copies()})
        assert dead[0] not in service.connect_to_all()
        copies = service.copies()
        service.process.send_signal(signal.SIGKILL)
        assert psutil.wait_procs(copies, PATIENCE_SECONDS)[1] == []
