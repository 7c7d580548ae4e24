"""Real processes that run `knowwho`, forked from one that has imported everything, because imports take seconds."""

import multiprocessing
import os
import signal
import sys
import threading
from contextlib import suppress
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import psutil

WARM = ("scripts.benches.crash.processes", "service.cli", "service.server", "indexer.jobs.worker")
FORKING = multiprocessing.get_context("forkserver")
STOP_SECONDS = 20
GONE_SECONDS = 10


def warm_up() -> None:
    """Have everything imported before the first process is measured."""
    os.environ.update({"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"})
    FORKING.set_forkserver_preload(list(WARM))
    process = FORKING.Process(target=int)
    process.start()
    process.join()


class Running:
    """One process; `log` is the file that it writes to."""

    def __init__(self, log: Path, *arguments: str) -> None:
        self.log = log
        self._process: ForkServerProcess = FORKING.Process(target=_run, args=(log, arguments), daemon=True)
        self._process.start()
        self._children: list[psutil.Process] = []

    def kill(self) -> None:
        """Send SIGKILL, and wait until it is gone."""
        with suppress(psutil.NoSuchProcess):
            self._children = psutil.Process(self._process.pid).children(recursive=True)
        self._process.kill()
        self._process.join()

    def stop(self) -> bool:
        """Ask it to end, and end it otherwise; whether it ended by itself within seconds."""
        self._process.terminate()
        self._process.join(STOP_SECONDS)
        status = self._process.exitcode
        self.kill()
        return status in (0, -signal.SIGTERM)  # a server tells by which signal it was ended

    def is_alive(self) -> bool:
        return self._process.is_alive()

    def left_behind(self) -> int:
        """How many processes that it had started outlive it."""
        _, alive = psutil.wait_procs([child for child in self._children if _runs(child)], GONE_SECONDS)
        return sum(_runs(child) for child in alive)


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _run(log: Path, arguments: tuple[str, ...]) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with log.open("ab") as target:
        os.dup2(target.fileno(), 1)
        os.dup2(target.fileno(), 2)
    sys.argv = ["knowwho", *arguments]
    # The process that measures need not wait for these.
    from indexer.pipeline import priority  # noqa: PLC0415
    from service.cli import main  # noqa: PLC0415

    # What a kill meets is the same, but a worker that lets other work on the machine go first takes for ever.
    priority.NICENESS = 0
    main()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
