"""The parent's end of one child process: sends requests, takes answers, and trusts neither."""

import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from indexer.domain.content import ParsedDocument, SourceItem
from indexer.domain.errors import DocumentUnreadable
from indexer.parsing.frames import ANSWER, LENGTH, REQUEST, Answer, Request, framed
from indexer.settings import ParsingSettings

START_SECONDS = 120
_READ_BYTES = 1 << 20
_ANSWER_BYTES_FOR_A_CHARACTER = 16  # four for the character, the rest for headings and places beside short texts
_ANSWER_BYTES_AT_LEAST = 1 << 20
# All that a child needs to know of its surroundings: it must find no secrets there.
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TZDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")


class ChildFailedError(Exception):
    """The child gave no answer that can be used; it must be stopped. `reason` says why, for the report of the item;
    `passing` where the next attempt may do better: the machine may have been busy, or short of memory."""

    def __init__(self, reason: str, *, passing: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.passing = passing


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a child made of an item, and whether it asks to be replaced."""

    result: ParsedDocument | DocumentUnreadable
    spent: bool


class Child:
    """One child process, ready for requests when it is made."""

    def __init__(self, settings: ParsingSettings, module: str) -> None:
        self._settings = settings
        self._max_answer = _ANSWER_BYTES_AT_LEAST + _ANSWER_BYTES_FOR_A_CHARACTER * settings.max_characters
        self._process = _started(settings, module)
        self._input, self._output = _ends(self._process)
        try:
            self._receive(time.monotonic() + START_SECONDS)
        except ChildFailedError as error:
            self.stop()
            raise RuntimeError(f"the parsing process `python -m {module}` does not start: {error.reason}") from error

    def parse(self, item: SourceItem) -> Outcome:
        """What the child makes of the item. Raises ChildFailedError where it gives no answer within its limits."""
        deadline = time.monotonic() + self._settings.timeout_seconds
        request = Request(item.uri, item.media_type, item.encoding, self._settings.max_characters)
        with suppress(BrokenPipeError):  # then there is no answer either, and that tells more
            self._send(framed(REQUEST.dump_json(request)), deadline)
            self._send(LENGTH.pack(len(item.content)), deadline)
            self._send(item.content, deadline)
        answer = self._receive(deadline)
        return Outcome(_result(answer), answer.spent)

    def kill(self) -> None:
        """Ends the child and all that it may have started; whoever waits for its answer gets ChildFailedError."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def stop(self) -> None:
        """Ends the child and lets go of it; no thread may be waiting for it."""
        self.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()

    def _send(self, content: bytes, deadline: float) -> None:
        rest = memoryview(content)
        while rest:
            self._wait(deadline, write=True)
            with suppress(BlockingIOError):
                rest = rest[os.write(self._input, rest) :]

    def _receive(self, deadline: float) -> Answer:
        (length,) = LENGTH.unpack(self._read(LENGTH.size, deadline))
        if length > self._max_answer:
            raise ChildFailedError("The reader's answer was far too large and was not taken")
        try:
            return ANSWER.validate_json(bytes(self._read(length, deadline)))
        except ValidationError as error:
            raise ChildFailedError("The reader's answer made no sense and was not taken") from error

    def _read(self, length: int, deadline: float) -> bytearray:
        content = bytearray()
        while len(content) < length:
            self._wait(deadline)
            with suppress(BlockingIOError):
                read = os.read(self._output, min(_READ_BYTES, length - len(content)))
                if not read:
                    raise self._why_it_ended()
                content += read
        return content

    def _wait(self, deadline: float, write: bool = False) -> None:
        """Waits until the pipe can be used; never longer than the deadline, whatever the child does."""
        watched = select.poll()
        watched.register(self._input if write else self._output, select.POLLOUT if write else select.POLLIN)
        left = deadline - time.monotonic()
        if left <= 0 or not watched.poll(left * 1000):
            reason = f"It took longer than {self._settings.timeout_seconds:g} s and was stopped"
            raise ChildFailedError(reason, passing=True)

    def _why_it_ended(self) -> ChildFailedError:
        try:
            status = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return ChildFailedError("The reader closed its output and was stopped")
        return _ending(status, self._settings)


def _started(settings: ParsingSettings, module: str) -> subprocess.Popen[bytes]:
    """A process of its own group. It imports what the parent would, and nothing from the folder it stands in."""
    limits = ["--memory-megabytes", str(settings.memory_megabytes), "--timeout-seconds", str(settings.timeout_seconds)]
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment["PYTHONPATH"] = os.pathsep.join(folder or str(Path.cwd()) for folder in sys.path)
    return subprocess.Popen(
        [sys.executable, "-B", "-P", "-m", module, *limits],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
        bufsize=0,
    )


def _ends(process: subprocess.Popen[bytes]) -> tuple[int, int]:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the parsing process has no pipes")
    ends = process.stdin.fileno(), process.stdout.fileno()
    for end in ends:
        os.set_blocking(end, False)
    return ends


def _result(answer: Answer) -> ParsedDocument | DocumentUnreadable:
    if answer.document is not None:
        return answer.document
    if answer.state is None:
        raise ChildFailedError("The reader's answer was empty and was not taken")
    return DocumentUnreadable(answer.state, answer.reason or "It could not be read", passing=answer.passing)


def _ending(status: int, settings: ParsingSettings) -> ChildFailedError:
    if status >= 0:
        return ChildFailedError(f"The reader ended in the middle of it (exit status {status})")
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    if name in ("SIGKILL", "SIGABRT"):
        limit = f"{settings.memory_megabytes} MB"
        reason = f"The reader was ended in the middle of it ({name}), most likely out of memory (limit {limit})"
        return ChildFailedError(reason, passing=True)
    return ChildFailedError(f"The reader crashed in the middle of it ({name})")
