"""knowwho audit: what was done and by whom, and whether anybody has tampered with it."""

from typing import Annotated

import typer
from rich.table import Table

from indexer.cli.base import AsJson, console, errors, open_home, print_json, settings_of
from indexer.domain.accounts import AuditAction
from service.admin import audit as trail

audit = typer.Typer(help="What was done and by whom: list, export and verify the audit trail.", no_args_is_help=True)


@audit.command("list")
def list_command(
    context: typer.Context,
    action: Annotated[AuditAction | None, typer.Option(help="Only this action.")] = None,
    account: Annotated[str | None, typer.Option(help="Only by or on this account, by its name or id.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many of the latest are shown.")] = 50,
    as_json: AsJson = False,
) -> None:
    """The latest entries, newest first."""
    found = trail.list_entries(open_home(settings_of(context)), action=action, account=account, limit=limit)
    if as_json:
        print_json([trail.entry_values(line.entry) for line in found.entries])
        return
    table = Table("Number", "When", "Who", "What", "To", "More", box=None)
    for line in found.entries:
        entry = line.entry
        more = ", ".join(f"{name} {value}" for name, value in entry.detail.items())
        when = f"{entry.at:%Y-%m-%d %H:%M:%S} UTC"
        table.add_row(str(entry.number), when, line.actor_name, entry.action, line.subject_name or "", more)
    console.print(table if found.entries else "The audit trail has no such entry.")


@audit.command("export")
def export_command(context: typer.Context) -> None:
    """Print the whole trail as JSON Lines, oldest first; its last entry is this export."""
    for lines in trail.export_entries(open_home(settings_of(context))):
        print(lines, end="")


@audit.command("verify")
def verify_command(context: typer.Context) -> None:
    """Check each entry against its digest, which covers the one before. Exit code 1 where something was changed."""
    broken = trail.first_broken(open_home(settings_of(context)))
    if broken is not None:
        errors.print(f"[red]wrong:[/] entry {broken} of the audit trail is not as it was written, or is missing")
        raise typer.Exit(1)
    console.print("The audit trail is whole: every entry is as it was written.")
