"""knowwho person: what is held about somebody, and keeping nothing of it."""

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from indexer.cli.bars import Bars
from indexer.cli.base import console, errors, open_home, settings_of
from indexer.domain.errors import NotFound
from indexer.domain.people import Person
from indexer.domain.storage import storage_errors
from indexer.embedding import open_encoder
from indexer.home import Home
from indexer.pipeline.erasure import finish_erasures
from indexer.store import Transaction, erasing, people
from service.privacy import erase, export_person
from service.settings import ServiceSettings

person = typer.Typer(help="What is held about a person: take it away, or keep nothing of it.", no_args_is_help=True)

Named = Annotated[str, typer.Argument(metavar="PERSON", help="The person's id, or an address or handle of theirs.")]


@person.command("export")
def export_command(
    context: typer.Context,
    named: Named,
    to: Annotated[Path | None, typer.Option("--to", metavar="FILE", help="A new file; default: print.")] = None,
) -> None:
    """Everything that is held about a person, as one JSON document."""
    with closing(open_home(settings_of(context))) as home:
        told = json.dumps(export_person(home, _find(home, named).id), indent=2, ensure_ascii=False)
    if to is None:
        print(told)
        return
    with storage_errors(to):
        to.touch(mode=0o600)
        to.write_text(f"{told}\n", encoding="utf-8")


@person.command("erase")
def erase_command(
    context: typer.Context,
    named: Annotated[str | None, typer.Argument(metavar="[PERSON]", help="Id, address or handle.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Keep nothing of a person: in the database, the index, the engine's records. Without PERSON, finish an erasure
    that was ended half-way."""
    settings = settings_of(context)
    if not isinstance(settings, ServiceSettings):
        raise TypeError("the command was started without the service's settings")
    with closing(open_home(settings)) as home:
        if named is not None:
            _erase(home, _find(home, named), settings, sure=yes)
        console.print("The files are written anew." if _finish(home, settings) else "There is nothing left to erase.")


def _erase(home: Home, found: Person, settings: ServiceSettings, *, sure: bool) -> None:
    if not sure:
        typer.confirm(f"Nothing of {found.name} ({found.id}) will be left. Go on?", abort=True)
    done = erase(home, found.id, settings)
    changed = f"{done.at_once.documents} documents and {done.at_once.accounts} accounts"
    console.print(f"Erased at once: {changed} have changed.")
    _warn(done.at_once.uris, done.older_copies)


def _finish(home: Home, settings: ServiceSettings) -> bool:
    from indexer.jobs.engine import JobEngine  # noqa: PLC0415  # takes a third of a second that others need not pay
    from indexer.jobs.forgetting import forget_ended  # noqa: PLC0415

    engine = JobEngine(home.folder, settings.jobs)
    try:
        with Bars(quiet=False) as bars:
            encoder = open_encoder(settings.encoder)
            return finish_erasures(home, encoder, settings, bars.show, forget_jobs=lambda: forget_ended(home, engine))
    finally:
        engine.close()


def _warn(uris: int, copies: Sequence[Path]) -> None:
    if uris:
        errors.print(
            f"[yellow]note:[/] the names or paths of {uris} items in their sources still name whoever was erased: "
            "rename them there"
        )
    for folder in copies:
        errors.print(f"[yellow]note:[/] {folder} still holds them: remove it when you can")


def _find(home: Home, named: str) -> Person:
    with home.database.read() as transaction:
        found = people.find_person(transaction, named) or _by_identity(transaction, named)
    if found is None:
        raise NotFound(f"there is no person {named}: give an id, an address or a handle")
    return found


def _by_identity(transaction: Transaction, named: str) -> Person | None:
    """The one person of this address or handle; None where there is none, or several."""
    ids = erasing.people_called(transaction, named)
    return people.find_person(transaction, ids.pop()) if len(ids) == 1 else None
