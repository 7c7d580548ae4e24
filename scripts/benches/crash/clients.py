"""Who asks a server while it is killed."""

import random
import threading
import time
from typing import Any

import httpx

from scripts.benches.crash.contents import QUESTIONS
from scripts.benches.crash.stage import Stage

WISHES: tuple[dict[str, Any], ...] = (
    {"kind": "reindex", "sources": ["slicer"]},
    {"kind": "reindex", "sources": ["urho"]},
    {"kind": "compact"},
    {"kind": "back up"},
    {"kind": "verify"},
    {"kind": "analyse"},
)
JUDGEMENTS = 3
BETWEEN_SECONDS = 0.02


class Searcher(threading.Thread):
    """Searches again and again. `answered` counts; `failed` says what went wrong while the server was to live."""

    def __init__(self, address: str) -> None:
        super().__init__(daemon=True)
        self._address = address
        self._over = threading.Event()
        self.answered = 0
        self.failed: list[str] = []

    def run(self) -> None:
        with httpx.Client(timeout=30) as client:
            while not self._over.is_set():
                question = f"{QUESTIONS[self.answered % len(QUESTIONS)]} {self.answered}"
                try:
                    client.get(f"{self._address}/api/v1/search", params={"q": question}).raise_for_status()
                except httpx.HTTPError as error:
                    if not self._over.is_set():
                        self.failed.append(f"a search failed before the kill: {error}")
                    return
                self.answered += 1
                time.sleep(BETWEEN_SECONDS)

    def finish(self) -> None:
        """Called just before the kill: what fails from now on may."""
        self._over.set()


class Wisher(threading.Thread):
    """Asks for jobs and judges documents, each once, and goes on at a new address where a server died under it."""

    def __init__(self, stage: Stage, dice: random.Random) -> None:
        super().__init__(daemon=True)
        documents = stage.rows("SELECT public_id FROM documents ORDER BY public_id LIMIT ?", JUDGEMENTS)
        judged = [{"query": "what helps", "document": name, "useful": True, "voter": "crash"} for (name,) in documents]
        self._left = [("jobs", wish) for wish in WISHES] + [("feedback", judgement) for judgement in judged]
        dice.shuffle(self._left)
        self._stage = stage
        self._token = stage.admin_token()
        self.granted: list[tuple[str, str]] = []
        self.seconds = 0.0

    def run(self) -> None:
        start = time.monotonic()
        self.ask()
        self.seconds = time.monotonic() - start

    def ask(self) -> None:
        """Ask for what has not been granted yet, until the server is gone."""
        headers = {"Authorization": f"Bearer {self._token}"}
        with httpx.Client(base_url=f"{self._stage.address}/api/v1", headers=headers, timeout=30) as client:
            while self._left:
                what, wish = self._left[0]
                try:
                    told = client.post(f"/{what}", json=wish).raise_for_status().json()
                except httpx.TransportError:
                    return
                self._left.pop(0)
                self.granted.append((what, (told["job"] if what == "jobs" else told)["id"]))

    def forgotten(self) -> list[str]:
        """What was granted and is not in the database."""
        known = {("jobs", name) for (name,) in self._stage.rows("SELECT id FROM jobs")}
        known |= {("feedback", name) for (name,) in self._stage.rows("SELECT id FROM feedback")}
        return [f"{what} {name} was granted and is lost" for what, name in self.granted if (what, name) not in known]

    @property
    def waits(self) -> bool:
        return bool(self._left)
