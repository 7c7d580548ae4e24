"""Several processes that do the same work, each a copy of this one: they share the memory that none of them changes.

They are copied once everything is imported, before the first thread is started or a database is opened.
"""

import gc
import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from threading import Thread
from types import FrameType

log = logging.getLogger(__name__)

ENDING = (signal.SIGINT, signal.SIGTERM)
LOOK_SECONDS = 0.5
GRACE_SECONDS = 20.0
NO_COPIES = "only one process can answer here: this system cannot copy a process"


def can_copy() -> bool:
    """Whether this system copies processes; on macOS copies break in the system's own libraries."""
    return "fork" in multiprocessing.get_all_start_methods() and os.uname().sysname != "Darwin"


class Crew:
    """So many processes at `work`, kept going until this one is asked to end by SIGINT or SIGTERM."""

    def __init__(self, count: int, work: Callable[[], None]) -> None:
        self._count = count
        self._work = work
        self._context = multiprocessing.get_context("fork")
        self._ending = False

    def run(self) -> None:
        """Return when all have ended. One that ends by itself is replaced."""
        gc.collect()
        gc.freeze()  # or the first collection would make every process write to all that they share
        for number in ENDING:
            signal.signal(number, self._end)
        processes = [self._start() for _ in range(self._count)]
        while not self._ending:
            ended = wait([process.sentinel for process in processes], LOOK_SECONDS)
            if ended and not self._ending:
                processes = [process if process.is_alive() else self._replace(process) for process in processes]
        self._end_all(processes)

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        self._ending = True

    def _start(self) -> BaseProcess:
        process = self._context.Process(target=self._run_copy)
        # A signal between the copy and its first line would be taken by the copy of our own handler, and forgotten.
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        return process

    def _replace(self, process: BaseProcess) -> BaseProcess:
        log.error(
            "process %s ended (%s) and is replaced", process.pid, process.exitcode, extra={"action": "process_replaced"}
        )
        process.join()
        time.sleep(LOOK_SECONDS)  # one that cannot begin shall not take the whole machine by trying
        return self._start()

    def _end_all(self, processes: list[BaseProcess]) -> None:
        for process in processes:
            process.terminate()
        last = time.monotonic() + GRACE_SECONDS
        for process in processes:
            process.join(max(last - time.monotonic(), 0))
            process.kill()
            process.join()

    def _run_copy(self) -> None:
        for number in ENDING:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        Thread(target=_end_with_parent, name="end-with-parent", daemon=True).start()
        self._work()


def _end_with_parent() -> None:
    """A parent that was killed can end nobody."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
