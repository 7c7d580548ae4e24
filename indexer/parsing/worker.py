"""The child process that reads hostile files: `python -m indexer.parsing.worker`, started by the pool.

It takes requests on its standard input until that ends, and answers each on what was its standard output.
"""

import argparse
import logging
import os
import resource
import signal
import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from indexer.domain.content import ItemState, ParsedDocument
from indexer.domain.errors import DocumentUnreadable
from indexer.parsing import registry
from indexer.parsing.base import ParseHints
from indexer.parsing.frames import ANSWER, REQUEST, Answer, Request, framed, read_frame

ITEMS_IN_A_LIFE = 5_000  # a start takes as long as reading hundreds of short items
SPENT_SHARE = 0.25  # of the memory allowed, held after an item: the next one should find most of it free
NICENESS = 5
ORPHAN_GRACE_SECONDS = 10
MEGABYTE = 1 << 20

ParseFunction = Callable[[bytes, ParseHints], ParsedDocument]


def main(parse: ParseFunction = registry.parse) -> None:
    """Serves requests until the parent goes away. Tests hand in a `parse` that misbehaves."""
    arguments = _arguments()
    output = _private_output()
    _silence_libraries()
    _limit_resources(arguments.memory_megabytes)
    serve(sys.stdin.buffer, output, parse, arguments.memory_megabytes, arguments.timeout_seconds)


def serve(requests: BinaryIO, answers: BinaryIO, parse: ParseFunction, memory_mb: int, timeout_seconds: float) -> None:
    """Answers requests until they end; the first answer only says that the child is ready."""
    _send(answers, Answer())
    at_start = _resident_bytes()
    items = 0
    while (header := read_frame(requests)) is not None and (content := read_frame(requests)) is not None:
        # Should the parent die in the middle of a parse that never ends, nobody else would stop this process.
        signal.alarm(int(timeout_seconds) + ORPHAN_GRACE_SECONDS)
        answer = answer_to(REQUEST.validate_json(header), content, parse, memory_mb)
        items += 1
        grown = _resident_bytes() - at_start
        spent = items >= ITEMS_IN_A_LIFE or grown > SPENT_SHARE * memory_mb * MEGABYTE
        _send(answers, replace(answer, spent=spent))
        signal.alarm(0)


def answer_to(request: Request, content: bytes, parse: ParseFunction, memory_mb: int) -> Answer:
    """The document that `parse` makes of the content, or why there is none."""
    hints = ParseHints(request.uri, request.media_type, request.encoding, request.max_characters)
    try:
        return Answer(document=parse(content, hints))
    except DocumentUnreadable as error:
        return Answer(state=error.state, reason=error.reason, passing=error.passing)
    except MemoryError:
        return _failed(f"It needs more than the {memory_mb} MB of memory that one item may take", passing=True)
    except RecursionError:
        return _failed("It is nested too deeply to be read")
    except Exception as error:
        # The one place for a broad catch: files are hostile and parsers many, a failure here is a fact about this file
        # alone, and it is reported. Without it each would cost a process.
        return _failed(f"{request.uri} could not be read ({type(error).__name__})")


def _failed(reason: str, *, passing: bool = False) -> Answer:
    return Answer(state=ItemState.FAILED, reason=reason, passing=passing)


def _send(answers: BinaryIO, answer: Answer) -> None:
    answers.write(framed(ANSWER.dump_json(answer)))
    answers.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Reads items for a pool of parsers; not for people.")
    parser.add_argument("--memory-megabytes", type=int, required=True)
    parser.add_argument("--timeout-seconds", type=float, required=True)
    return parser.parse_args()


def _private_output() -> BinaryIO:
    """The standard output under a new number; what a library prints goes nowhere and cannot break a frame."""
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    return output


def _silence_libraries() -> None:
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")


def _limit_resources(memory_mb: int) -> None:
    """Bounds memory above what the process has already, forbids writing files and core dumps, and yields to others."""
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    limit = _memory_pages()[0] * resource.getpagesize() + memory_mb * MEGABYTE
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _resident_bytes() -> int:
    return _memory_pages()[1] * resource.getpagesize()


def _memory_pages() -> tuple[int, int]:
    """Pages of address space and of resident memory; where the system has no /proc, the most that was resident."""
    try:
        size, resident = Path("/proc/self/statm").read_text(encoding="ascii").split()[:2]
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // resource.getpagesize()
        return most, most
    return int(size), int(resident)


if __name__ == "__main__":
    main()
