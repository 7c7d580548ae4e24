"""A home that an admin looks after: its sources on disk, its service as a signed-in admin sees it, real workers."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, TypeVar

import yaml
from fastapi.testclient import TestClient

from indexer.embedding.hashing import HashingEncoder
from indexer.home import Home
from indexer.settings import load_settings
from service.app import create_app
from service.browsers import SESSION_COOKIE
from service.settings import ServiceSettings
from tests.fakes import add_signed_in, index_home, write_settings, write_thread

HERE = "http://127.0.0.1:8000"
LOCAL = ("127.0.0.1", 50_000)
HURRY = {"heartbeat_seconds": 0.3, "gone_after_seconds": 2.0, "poll_seconds": 0.1}
LOOSE = {"known": 0.01, "read": 0.1, "ask": 0.01}

Found = TypeVar("Found")


def until(look: Callable[[], Found], seconds: float = 40) -> Found:
    """What `look` gives, once that is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s")


class Administered:
    """A home in a folder, with a visitor on the same machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        library = folder / "library"
        library.mkdir()
        (library / "pads.md").write_text("# Pads\n\nPads wear fast on wet days.\n")
        (library / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing else")
        (folder / "chat.jsonl").write_text(
            write_thread("t1", "Strips", ("ivy", "Carbon strips wear?"), community="roof")
        )
        self.sources: list[dict[str, Any]] = [
            {"name": "library", "kind": "folder", "path": str(library)},
            {"name": "chat", "kind": "threads", "path": str(folder / "chat.jsonl")},
        ]
        parsing = {"workers": 1, "memory_megabytes": 512}
        self.config = write_settings(folder, self.sources, jobs=HURRY, verdict=LOOSE, parsing=parsing)
        self.settings = load_settings(ServiceSettings, self.config)
        self.home = Home(self.settings.home)
        self.home.prepare()
        app = create_app(self.settings, self.home, HashingEncoder(), read_settings=self.read_settings)
        app.state.parts.index.load_model()
        self.app = app
        self.client = TestClient(app, base_url=HERE, client=LOCAL, raise_server_exceptions=False)
        self.client.cookies.set(SESSION_COOKIE, add_signed_in(self.home, self.settings))
        self.workers: list[subprocess.Popen[bytes]] = []

    def read_settings(self) -> ServiceSettings:
        return load_settings(ServiceSettings, self.config)

    def set(self, **values: Any) -> None:
        """Write values into the settings file, as an admin does with an editor."""
        told = yaml.safe_load(self.config.read_text())
        self.config.write_text(yaml.safe_dump({**told, **values}))

    def index(self) -> None:
        index_home(self.settings)

    def start_worker(self) -> None:
        command = [sys.executable, "-m", "service.cli", "--config", str(self.config), "worker"]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        self.workers.append(subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL))

    def get(self, path: str, status: int = 200, **query: Any) -> Any:
        response = self.client.get(f"/api/v1{path}", params=query)
        assert response.status_code == status, response.text
        return response.json()

    def post(self, path: str, status: int, body: Any = None) -> Any:
        headers = {"Content-Type": "application/json"}
        response = self.client.post(f"/api/v1{path}", json=body, headers=headers)
        assert response.status_code == status, response.text
        return response.json()

    def send(self, path: str, fields: dict[str, str], on: str | None = None) -> Any:
        """Send a form from one of the pages, as a browser does; gives the answer, redirects not followed."""
        token = re.search(r'name="token" value="(\w+)"', self.client.get(on or path).text)
        assert token is not None
        told = {**fields, "token": token[1]}
        headers = {"Origin": HERE, "Sec-Fetch-Site": "same-origin"}
        return self.client.post(path, data=told, headers=headers, follow_redirects=False)

    def close(self) -> None:
        for worker in self.workers:
            worker.kill()
            worker.wait()
        self.app.state.parts.queue.close()
        self.home.close()


class Text(HTMLParser):
    """What a page says in its main part, and the headings of it by level."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.levels: list[int] = []
        self.ids: list[str] = []
        self.labelled: set[str] = set()
        self.controls: list[dict[str, str]] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if "id" in values:
            self.ids.append(values["id"])
        if tag == "label" and "for" in values:
            self.labelled.add(values["for"])
        if tag in ("select", "textarea") or (tag == "input" and values.get("type") not in ("hidden", "checkbox")):
            self.controls.append(values)

    def handle_data(self, data: str) -> None:
        self.words += data.split()

    @property
    def text(self) -> str:
        return " ".join(self.words)
