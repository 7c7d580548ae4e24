"""What the commands share: settings, options, output."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from indexer.domain.accounts import COMMAND_LINE, AuditAction
from indexer.domain.errors import SettingsInvalid
from indexer.domain.jobs import JobKind
from indexer.home import Home
from indexer.notation import for_terminal
from indexer.settings import Settings, SourceSettings

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a script instead of text.")]
OfSource = Annotated[list[str] | None, typer.Option("--source", "-s", help="Only this source; may be repeated.")]


class Terminal(Console):
    """Prints what sources say without letting it command the terminal."""

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(for_terminal(text), **options)


console = Terminal(highlight=False, soft_wrap=True)
errors = Terminal(stderr=True, highlight=False, soft_wrap=True)


@dataclass(frozen=True, slots=True)
class Context:
    """What the command line knows before a command starts."""

    settings: Settings
    config: Path | None


def settings_of(context: typer.Context) -> Settings:
    found: Context = context.obj
    return found.settings


def open_home(settings: Settings) -> Home:
    """The home of the settings, its database made or brought up to date, to be worked on from the command line."""
    home = Home(settings.home)
    home.prepare()
    return home.acting_as(COMMAND_LINE)


def tell_run(home: Home, kind: JobKind, **detail: Any) -> None:
    """Write into the audit trail that a job's work is done here and now, without the job."""
    with home.database.begin() as transaction:
        home.tell(transaction, AuditAction.JOB_ASKED, None, {"kind": kind.value, **detail})


def choose_sources(settings: Settings, names: Sequence[str] | None) -> tuple[SourceSettings, ...]:
    """The named sources, all where none is named. SettingsInvalid for a name that the settings do not have."""
    if not settings.sources:
        raise SettingsInvalid("the settings name no source: add one under `sources:` (config/example.yaml shows how)")
    known = {source.name: source for source in settings.sources}
    unknown = sorted(set(names or ()) - known.keys())
    if unknown:
        raise SettingsInvalid(f"there is no source {', '.join(unknown)}; the settings have {', '.join(known)}")
    return tuple(known[name] for name in dict.fromkeys(names)) if names else settings.sources


def print_json(values: Any) -> None:
    print(json.dumps(values, indent=2, default=str))
