"""knowwho worker: do the jobs that were asked for."""

import os
import signal
from types import FrameType
from typing import Annotated

import typer

from indexer.cli.base import Context, errors, settings_of
from indexer.home import Home
from indexer.pipeline.priority import yield_to_searches
from indexer.settings import Settings, load_settings


def worker(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Option("--name", help="A name that stays; default: of the host and the home.")
    ] = None,
) -> None:
    """Do jobs and start what schedules ask for, until interrupted. Several may run on one home."""
    # The job engine takes a third of a second that other commands need not pay.
    from indexer.jobs.worker import Worker  # noqa: PLC0415

    home = Home(settings_of(context).home)
    home.prepare()
    running = Worker(home, lambda: _read_again(context.obj), name=name)

    def stop(_number: int, _frame: FrameType | None) -> None:
        running.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    yield_to_searches()
    running.start()
    errors.print(f"Worker {running.name} does the jobs of {home.folder}; Ctrl-C ends it.", markup=False)
    running.run()
    running.leave()
    # A job may be in the middle of a long call; it goes on elsewhere, as after a crash.
    os._exit(0)


def _read_again(context: Context) -> Settings:
    """The settings as the file says now, except the home, which the worker cannot change."""
    found = load_settings(type(context.settings), context.config)
    return found.model_copy(update={"home": context.settings.home})
