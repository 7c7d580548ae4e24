"""The indexing side of the `knowwho` command: index, source, jobs, schedules, report, doctor, backup."""

import typer

from indexer.cli.backup import backup_app, restore
from indexer.cli.base import Context
from indexer.cli.doctor import doctor
from indexer.cli.generation import generation_app
from indexer.cli.index import index
from indexer.cli.jobs import jobs_app
from indexer.cli.report import report
from indexer.cli.retry import retry
from indexer.cli.schedule import schedule_app
from indexer.cli.source import source_app
from indexer.cli.worker import worker

__all__ = ["Context", "add_commands"]


def add_commands(app: typer.Typer) -> None:
    """Give the application the commands of this package."""
    app.command("index")(index)
    app.add_typer(source_app, name="source")
    app.add_typer(jobs_app, name="jobs")
    app.command("worker")(worker)
    app.add_typer(schedule_app, name="schedule")
    app.command("report")(report)
    app.command("retry")(retry)
    app.command("doctor")(doctor)
    app.add_typer(generation_app, name="generation")
    app.add_typer(backup_app, name="backup")
    app.command("restore")(restore)
