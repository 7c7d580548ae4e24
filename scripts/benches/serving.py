"""Servers as processes of their own: started, waited for, measured, ended."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import httpx
import psutil

from scripts.benches.common import CHECKOUT

PATIENCE_SECONDS = 900
LOOKED_AT_ONCE = 16
FIRST_QUESTION = "how is it done"


@dataclass(frozen=True)
class Memory:
    """Of all processes of a server, in bytes. `resident` counts pages that they share once; `private` are pages that
    were written and stand in no file, so that nobody else can have them."""

    resident: int
    private: int


@dataclass(frozen=True)
class Server:
    """`search` is the address with {} for the question, `ready_after` the seconds from starting the process to the
    first whole answer."""

    search: str
    process: psutil.Process
    ready_after: float

    def answer(self, question: str) -> Any:
        """The whole answer to one question."""
        return httpx.get(self.search.replace("{}", quote_plus(question)), timeout=60).raise_for_status().json()

    def memory(self) -> Memory:
        return together([pages_of(process.pid) for process in self._processes()])

    def processor(self) -> float:
        """Seconds of the processor that it has had so far."""
        times = [process.cpu_times() for process in self._processes()]
        return sum(time.user + time.system for time in times)

    def _processes(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]


def together(processes: Sequence[dict[str, int]]) -> Memory:
    """What processes have together: all pages of the largest, and of each other those that it has for itself."""
    largest, *others = sorted(processes, key=lambda pages: -pages["Rss"])
    alone = sum(pages["Private_Dirty"] + pages["Private_Clean"] for pages in others)
    written = sum(pages["Private_Dirty"] for pages in others)
    return Memory(largest["Rss"] + alone, largest["Anonymous"] + written)


def pages_of(process: int) -> dict[str, int]:
    """Bytes by kind, as Linux tells them."""
    told = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
    return {name: 1024 * int(kilobytes) for name, kilobytes in re.findall(r"^(\w+): +(\d+) kB", told, re.M)}


def even() -> dict[str, str]:
    """The environment of everything that is compared: as many threads as there are cores, and no hub."""
    kept = {name: value for name, value in os.environ.items() if name != "TOKENIZERS_PARALLELISM"}
    return {**kept, "OMP_NUM_THREADS": str(os.cpu_count()), "HF_HUB_OFFLINE": "1"}


@contextmanager
def knowwho_serving(config: Path, *options: str) -> Iterator[Server]:
    """Knowwho's own server."""
    port = free_port()
    command = [sys.executable, "-m", "service.cli", "--config", str(config), "serve", "--port", str(port), *options]
    search = f"http://127.0.0.1:{port}/api/v1/search?q={{}}"
    with serving(command, search, lambda answer: answer["degraded"] is None) as server:
        yield server


@contextmanager
def serving(
    command: Sequence[str],
    search: str,
    is_whole: Callable[[Any], bool] = lambda _: True,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """A server that has given its first whole answer; ended at the end."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=CHECKOUT, env=environment or even())
    try:
        with httpx.Client(timeout=60, trust_env=False) as client:
            while not answers(client, search, is_whole):
                if process.poll() is not None or time.perf_counter() > start + PATIENCE_SECONDS:
                    raise SystemExit(f"no answer from {' '.join(command)}")
                time.sleep(0.02)
        ready_after = time.perf_counter() - start
        settle(search, is_whole)
        yield Server(search, psutil.Process(process.pid), ready_after)
    finally:
        process.terminate()
        process.wait()


def answers(client: httpx.Client, search: str, is_whole: Callable[[Any], bool]) -> bool:
    try:
        told = client.get(search.replace("{}", quote_plus(FIRST_QUESTION)))
    except httpx.TransportError:
        return False
    return told.status_code == httpx.codes.OK and is_whole(told.json())


def settle(search: str, is_whole: Callable[[Any], bool]) -> None:
    """Wait until every process of a server is ready, as far as several new connections at once can tell."""
    end = time.perf_counter() + PATIENCE_SECONDS
    while time.perf_counter() < end:
        with ExitStack() as opened:
            clients = [opened.enter_context(httpx.Client(timeout=60, trust_env=False)) for _ in range(LOOKED_AT_ONCE)]
            if all(answers(client, search, is_whole) for client in clients):
                return
        time.sleep(1)
    raise SystemExit(f"not all processes of the server at {search} become ready")


def free_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        port: int = opened.getsockname()[1]
        return port
