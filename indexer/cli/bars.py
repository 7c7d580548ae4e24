"""Bars that show how far running work is."""

from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBars

from indexer.cli.base import errors
from indexer.domain.progress import Progress


class Bars:
    """A bar for each phase, with rate and time left; nothing where the output is for a script."""

    def __init__(self, quiet: bool) -> None:
        self._bars = ProgressBars(
            TextColumn("{task.description:<22}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[item]}"),
            console=errors,
            disable=quiet,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def show(self, progress: Progress) -> None:
        """Draw one report; a phase that starts over gets a new bar."""
        task = self._tasks.get(progress.phase)
        if task is None or self._bars.tasks[task].completed > progress.done:
            task = self._bars.add_task(progress.phase, total=progress.total, rate="", item="")
            self._tasks[progress.phase] = task
        speed = self._bars.tasks[task].speed
        self._bars.update(
            task,
            completed=progress.done,
            total=progress.total,
            rate=f"{speed:.0f} {progress.unit}/s" if speed else progress.unit,
            item=(progress.item or "")[-40:],
        )
