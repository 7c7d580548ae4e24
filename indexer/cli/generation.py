"""knowwho generation: look at, verify, roll back, remove and rebuild the generations of the index."""

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Column, Table

from indexer.cli.bars import Bars
from indexer.cli.base import AsJson, console, errors, open_home, print_json, settings_of, tell_run
from indexer.domain.errors import GenerationInvalid, NotFound
from indexer.domain.jobs import JobKind
from indexer.index import GenerationInfo
from indexer.pipeline.costs import ChangeCost, cost_of_change
from indexer.pipeline.generations import remove_generation, roll_back
from indexer.pipeline.rebuild import rebuild
from indexer.pipeline.verify import verify

MEGABYTE = 2**20

generation_app = typer.Typer(
    help="Look at, verify, roll back, remove and rebuild the generations of the index.", no_args_is_help=True
)
Name = Annotated[str, typer.Argument(metavar="GENERATION", help="Its name, as `knowwho generation list` shows it.")]
OptionalName = Annotated[
    str | None, typer.Argument(metavar="GENERATION", help="Its name; default: the one that serves.")
]


@generation_app.command("list")
def list_all(context: typer.Context, as_json: AsJson = False) -> None:
    """The generations there are, latest first, as a quick look finds them; `verify` reads every byte."""
    found = open_home(settings_of(context)).index.generations()
    if as_json:
        print_json([_values(info) for info in found])
        return
    name = Column("Generation", no_wrap=True)  # it has to be copied
    table = Table("", name, "Passages", "Segments", "MB", "Model", "State", box=None)
    for info in found:
        values = _values(info)
        cells = (values["passages"], values["segments"], values["megabytes"], values["model"])
        table.add_row("→" if info.current else "", info.name, *map(str, cells), values["problem"] or "whole")
    console.print(table if found else "Nothing has been indexed yet: run `knowwho index`.")


@generation_app.command()
def show(context: typer.Context, name: OptionalName = None, as_json: AsJson = False) -> None:
    """What a generation was made of and with."""
    index = open_home(settings_of(context)).index
    wanted = name or index.current_name()
    info = next((info for info in index.generations() if info.name == wanted), None)
    if info is None:
        raise NotFound(f"there is no generation {wanted or 'yet'}: `knowwho generation list` shows those there are")
    values = _values(info) | ({"settings": dict(info.manifest.settings)} if info.manifest else {})
    if as_json:
        print_json(values)
        return
    for key, value in values.items():
        console.print(f"{key}: {value}", markup=False)


@generation_app.command("verify")
def verify_one(context: typer.Context, name: OptionalName = None, as_json: AsJson = False) -> None:
    """Check every byte of a generation, its counts, and samples of what it finds. Exit code 1 where it is damaged."""
    home = open_home(settings_of(context))
    if name is not None and name not in home.index.names():
        raise NotFound(f"there is no generation {name}: `knowwho generation list` shows those there are")
    with Bars(quiet=as_json) as bars:
        found = verify(home, bars.show, name)
    if as_json:
        print_json({**asdict(found), "whole": found.whole})
    else:
        for problem in found.problems:
            errors.print(f"[red]wrong:[/] {problem}")
        for note in found.behind:
            errors.print(f"[yellow]note:[/] {note}")
        if found.whole:
            recall = "" if found.recall is None else f", {found.recall:.1%} of what is nearest is found"
            console.print(f"{found.generation} is whole: {found.passages} passages{recall}")
    if not found.whole:
        raise typer.Exit(1)


@generation_app.command("rollback")
def roll_back_to(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Let another generation serve, after it has been checked; running services turn to it at once."""
    settings = settings_of(context)
    with Bars(quiet=as_json) as bars:
        done = roll_back(open_home(settings), settings, name, bars.show)
    if as_json:
        print_json(asdict(done))
        return
    console.print(f"{done.generation} serves now, in place of {done.before}.")
    for advice in done.advice:
        console.print(f"  {advice}", markup=False)


@generation_app.command()
def remove(context: typer.Context, name: Name) -> None:
    """Remove a generation that does not serve, with what only it uses."""
    remove_generation(open_home(settings_of(context)), name)
    console.print(f"{name} is removed.")


@generation_app.command("rebuild")
def rebuild_all(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Build the whole index again beside the one that serves, with the settings' model and splitter, from the stored
    text; verify it, then let it serve. No source is read, and nothing is embedded again by the same model."""
    settings = settings_of(context)
    home = open_home(settings)
    if dry_run:
        _print_cost(cost_of_change(home, settings), as_json)
        return
    if home.index.current_name() is None:
        raise GenerationInvalid("nothing has been indexed yet: run `knowwho index`")
    tell_run(home, JobKind.REBUILD)
    with Bars(quiet=as_json) as bars:
        built = rebuild(home, settings, bars.show)
    if as_json:
        print_json({"generation": built.manifest.name, "embedded": built.embedded, "reused": built.reused})
        return
    console.print(
        f"{built.manifest.name} serves now: {built.manifest.passages} passages, {built.embedded} embedded, "
        f"{built.reused} taken over"
    )


def _values(info: GenerationInfo) -> dict[str, Any]:
    manifest = info.manifest
    return {
        "name": info.name,
        "current": info.current,
        "made": manifest.made if manifest else None,
        "passages": manifest.passages if manifest else None,
        "segments": len(manifest.segments) if manifest else None,
        "megabytes": round(info.size / MEGABYTE, 1),
        "model": (manifest.encoder.get("model") or manifest.fingerprint) if manifest else None,
        "fingerprint": manifest.fingerprint if manifest else None,
        "previous": manifest.previous if manifest else None,
        "vectors": info.vectors,
        "problem": info.problem,
    }


def _print_cost(cost: ChangeCost, as_json: bool) -> None:
    if as_json:
        print_json({**asdict(cost), "cost": cost.cost})
        return
    for change in cost.changes:
        console.print(f"{change.key}: {change.before} → {change.now} ({change.cost.cost})", markup=False)
        console.print(f"    {change.cost.effect}", markup=False)
    if not cost.changes:
        console.print("No setting that costs anything has changed since this generation was made.")
    about = "about " if cost.estimated else ""
    console.print(
        f"A rebuild splits {about}{cost.documents_to_split} of {cost.documents} documents again and embeds "
        f"{about}{cost.passages_to_embed} passages; there are {cost.passages} now."
    )
    if cost.items_to_read or cost.new_sources:
        new = f", and the new sources {', '.join(cost.new_sources)}" if cost.new_sources else ""
        console.print(f"`knowwho index` reads {cost.items_to_read} items again, because of settings{new}.")
