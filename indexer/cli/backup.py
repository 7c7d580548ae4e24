"""knowwho backup, knowwho restore: copies of a whole home, and putting one back."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from indexer.cli.bars import Bars
from indexer.cli.base import AsJson, console, errors, open_home, print_json, settings_of, tell_run
from indexer.domain.accounts import COMMAND_LINE, AuditAction
from indexer.domain.errors import BackupInvalid, StorageFull, StorageReadOnly
from indexer.domain.jobs import JobKind
from indexer.home import Home
from indexer.pipeline.backup import back_up
from indexer.pipeline.backup_folder import Backup, backup_folder, list_backups, read_backup, verify_backup
from indexer.pipeline.copying import MEGABYTE
from indexer.pipeline.erasure import sweep
from indexer.pipeline.restore import restore as restore_backup
from indexer.settings import Settings
from indexer.store.database import newest_schema

backup_app = typer.Typer(help="Back up the home while it serves; list and verify backups.", invoke_without_command=True)

To = Annotated[Path | None, typer.Option("--to", help="The folder for backups; default: setting backup.folder.")]
Chosen = Annotated[str, typer.Argument(metavar="BACKUP", help="A backup's folder or name, or `latest`.")]
LATEST = "latest"


@backup_app.callback()
def backup(context: typer.Context, to: To = None, as_json: AsJson = False) -> None:
    """Copy the home into a new folder, and remove the oldest backups beyond backup.keep."""
    context.meta["to"] = to
    if context.invoked_subcommand is not None:
        return
    settings = settings_of(context)
    home = Home(settings.home).acting_as(COMMAND_LINE)
    try:
        _tell(home)
        with Bars(quiet=as_json) as bars:
            made = back_up(home, settings.backup, bars.show, to=to, jobs_database=settings.jobs.database)
    finally:
        home.close()
    if as_json:
        print_json(_values(made))
        return
    console.print(f"{made.folder}: {_size(made)}")
    for note in made.notes:
        errors.print(f"[yellow]note:[/] {note}")


@backup_app.command("list")
def list_all(context: typer.Context, to: To = None, as_json: AsJson = False) -> None:
    """The backups there are, latest first."""
    found = list_backups(_place(context, to))
    if as_json:
        print_json([_values(entry) for entry in found])
        return
    for entry in found:
        console.print(f"{entry.folder}  {entry.made:%Y-%m-%d %H:%M} UTC  {_size(entry)}  of {entry.home}")
    if not found:
        console.print(f"There is no backup in {_place(context, to)}: `knowwho backup` makes one.")


@backup_app.command()
def verify(context: typer.Context, chosen: Chosen = LATEST, to: To = None, as_json: AsJson = False) -> None:
    """Check every file of a backup against its checksum. Exit code 1 where something is wrong."""
    found = _choose(settings_of(context), chosen, _place(context, to))
    with Bars(quiet=as_json) as bars:
        problems = verify_backup(found, bars.show)
    if as_json:
        print_json({**_values(found), "problems": problems})
    else:
        for problem in problems:
            errors.print(f"[red]wrong:[/] {problem}")
        console.print(f"{found.folder}: " + ("use another backup" if problems else "whole"))
    if problems:
        raise typer.Exit(1)


def restore(
    context: typer.Context,
    chosen: Chosen,
    replace: Annotated[bool, typer.Option("--replace", help="Put it in the place of the home that is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make the home what a backup says. The server and the workers must be stopped; the old home is kept aside."""
    settings = settings_of(context)
    found = _choose(settings, chosen, backup_folder(settings.home, settings.backup))
    with Bars(quiet=as_json) as bars:
        done = restore_backup(found.folder, settings.home, replace=replace, report=bars.show)
    home = open_home(settings)
    with home.database.begin() as transaction:
        home.tell(transaction, AuditAction.HOME_RESTORED, found.folder.name, {"made": found.made.isoformat()})
    if done.came_back:
        sweep(home, settings.passages)
    home.close()
    if as_json:
        print_json({"home": done.home, "backup": done.backup.folder, "schema": done.schema, "replaced": done.replaced})
        return
    console.print(f"{done.home} is as it was on {done.backup.made:%Y-%m-%d %H:%M} UTC.")
    if done.replaced:
        console.print(f"What was there before is in {done.replaced}: remove it when you no longer need it.")
    if done.came_back:
        console.print(
            "It held people who were erased since; nobody finds them. Run `knowwho person erase` now to finish."
        )
    if done.backup.generation is None:
        console.print("The backup holds no index: run `knowwho index`.")


def _tell(home: Home) -> None:
    # A home that cannot be written, or that another version wrote, needs its backup most.
    with suppress(StorageFull, StorageReadOnly):
        if home.database.schema() == newest_schema():
            tell_run(home, JobKind.BACK_UP)


def _place(context: typer.Context, to: Path | None) -> Path:
    settings = settings_of(context)
    return backup_folder(settings.home, settings.backup, to or context.meta.get("to"))


def _choose(settings: Settings, chosen: str, place: Path) -> Backup:
    if chosen != LATEST:
        return read_backup(place / chosen if (place / chosen).exists() else Path(chosen).absolute())
    found = list_backups(place, settings.home)
    if not found:
        raise BackupInvalid(f"{place} holds no backup of {settings.home}: name another folder, or run `knowwho backup`")
    return found[0]


def _size(backup: Backup) -> str:
    return f"{backup.size / MEGABYTE:.1f} MB"


def _values(backup: Backup) -> dict[str, Any]:
    return {
        "folder": str(backup.folder),
        "home": backup.home,
        "made": backup.made.isoformat(),
        "schema": backup.schema,
        "generation": backup.generation,
        "files": len(backup.files),
        "bytes": backup.size,
        "notes": list(backup.notes),
    }
