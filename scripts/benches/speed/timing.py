"""How long things take when they take turns."""

import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple


class Took(NamedTuple):
    wall: float
    processor: float


def alternating(tasks: dict[str, Callable[[], object]], runs: int) -> dict[str, list[Took]]:
    """How long each task took in each run, the tasks taking turns."""
    took: dict[str, list[Took]] = {name: [] for name in tasks}
    for _ in range(runs):
        for name, task in tasks.items():
            wall, processor = time.perf_counter(), time.process_time()
            task()
            took[name].append(Took(time.perf_counter() - wall, time.process_time() - processor))
    return took


def busy(runs: Sequence[Took]) -> float:
    """The median of the processor's seconds, on all threads: what others do on the machine counts less in it."""
    return median(run.processor for run in runs)
