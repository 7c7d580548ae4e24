"""The indexing side of the `knowwho` command: index, source, report, doctor."""

import typer

from indexer.cli.base import Context
from indexer.cli.doctor import doctor
from indexer.cli.index import index
from indexer.cli.report import report
from indexer.cli.source import source_app

__all__ = ["Context", "add_commands"]


def add_commands(app: typer.Typer) -> None:
    """Give the application the commands of this package."""
    app.command("index")(index)
    app.add_typer(source_app, name="source")
    app.command("report")(report)
    app.command("doctor")(doctor)
