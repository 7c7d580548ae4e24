"""Asks a server questions from several clients at once, each on one connection that is kept: a process of its own.

Run by `ask`. Questions come as JSON on standard input, the figures go as JSON to standard output.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlsplit

from scripts.benches.common import CHECKOUT

END_OF_HEAD = b"\r\n\r\n"
OK = b"200"


@dataclass(frozen=True)
class Asked:
    """What came of asking: milliseconds of every answer in order of their ends, how many were none (not 200), and what
    the asking itself took of the processor's time."""

    milliseconds: list[float]
    failed: int
    seconds: float
    processor: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return (len(self.milliseconds) - self.failed) / self.seconds


def ask(search: str, questions: Sequence[str], clients: int, seconds: float = 1e9) -> Asked:
    """Ask the questions, each once, until all have been asked or so many seconds are over. `search` is an address with
    {} for the question."""
    told = json.dumps({"search": search, "questions": list(questions), "clients": clients, "seconds": seconds})
    command = [sys.executable, "-m", "scripts.benches.load"]
    done = subprocess.run(command, input=told, stdout=subprocess.PIPE, text=True, check=True, cwd=CHECKOUT)
    return Asked(**json.loads(done.stdout))


def main() -> None:
    told = json.load(sys.stdin)
    address = urlsplit(told["search"])
    path = f"{address.path}?{address.query}"
    requests = iter([request(path.replace("{}", quote_plus(text)), address.netloc) for text in told["questions"]])
    print(json.dumps(asyncio.run(asked(address.hostname, address.port, requests, told["clients"], told["seconds"]))))


def request(target: str, host: str) -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n\r\n".encode()


async def asked(host: str, port: int, requests: Iterator[bytes], clients: int, seconds: float) -> dict[str, Any]:
    taken: list[float] = []
    start, worked = time.perf_counter(), time.process_time()
    asking = (client(host, port, requests, start + seconds, taken) for _ in range(clients))
    failed = sum(await asyncio.gather(*asking))
    took = {"seconds": time.perf_counter() - start, "processor": time.process_time() - worked}
    return {"milliseconds": [1000 * answer for answer in taken], "failed": failed, **took}


async def client(host: str, port: int, requests: Iterator[bytes], end: float, taken: list[float]) -> int:
    """Ask one after another; gives how many answers were none."""
    reader, writer = await asyncio.open_connection(host, port)
    failed = 0
    for told in requests:
        start = time.perf_counter()
        writer.write(told)
        status, _ = await answer(reader)
        taken.append(time.perf_counter() - start)
        failed += status != OK
        if time.perf_counter() > end:
            break
    writer.close()
    return failed


async def answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """The status and the body of an answer that says how long it is."""
    head = await reader.readuntil(END_OF_HEAD)
    first, *headers = head.split(b"\r\n")
    length = next(line.split(b":")[1] for line in headers if line.lower().startswith(b"content-length:"))
    return first.split()[1], await reader.readexactly(int(length))


if __name__ == "__main__":
    main()
