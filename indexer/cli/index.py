"""knowwho index: read what has changed, and publish."""

from typing import Annotated, Any

import typer

from indexer.cli.bars import Bars
from indexer.cli.base import (
    AsJson,
    OfSource,
    choose_sources,
    console,
    errors,
    open_home,
    print_json,
    settings_of,
    tell_run,
)
from indexer.domain.content import ItemState
from indexer.domain.errors import KnowwhoError
from indexer.domain.jobs import JobKind
from indexer.embedding import open_encoder
from indexer.home import Home
from indexer.jobs.results import source_values
from indexer.pipeline import ReindexResult, plan_source, reindex
from indexer.pipeline.priority import yield_to_searches
from indexer.settings import Settings, SourceSettings

INCOMPLETE = 3  # exit code: the run ended, but a source could not be read


def index(
    context: typer.Context,
    source: OfSource = None,
    full: Annotated[bool, typer.Option("--full", help="Read every item again, changed or not.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read what has changed in the sources and publish a new generation of the index.

    Exit codes: 0 done, 1 could not run, 3 done but some source could not be read.
    """
    settings = settings_of(context)
    chosen = choose_sources(settings, source)
    home = open_home(settings)
    if dry_run:
        show_plan(home, settings, chosen, as_json)
        return
    tell_run(home, JobKind.REINDEX, sources=[entry.name for entry in chosen], full=full)
    yield_to_searches()
    with Bars(quiet=as_json) as bars:
        result = reindex(home, open_encoder(settings.encoder), settings, chosen, full=full, report=bars.show)
    if as_json:
        print_json(_result_values(result))
    else:
        _print_result(result)
    if any(entry.error for entry in result.sources):
        raise typer.Exit(INCOMPLETE)


def show_plan(home: Home, settings: Settings, chosen: tuple[SourceSettings, ...], as_json: bool) -> None:
    """Print what reading the chosen sources would do."""
    planned: list[dict[str, Any]] = []
    for source in chosen:
        try:
            read, gone, unchanged = plan_source(home, settings, source)
            planned.append({"source": source.name, "to_read": read, "to_remove": gone, "unchanged": unchanged})
        except KnowwhoError as error:
            planned.append({"source": source.name, "error": str(error)})
    if as_json:
        print_json(planned)
        return
    for entry in planned:
        told = entry.get("error") or (
            f"{entry['to_read']} to read, {entry['to_remove']} to remove, {entry['unchanged']} unchanged"
        )
        console.print(f"{entry['source']}: {told}")


def _result_values(result: ReindexResult) -> dict[str, Any]:
    return {
        "generation": result.generation,
        "sources": [source_values(entry) for entry in result.sources],
        "not_in_settings": list(result.unlisted),
    }


def _print_result(result: ReindexResult) -> None:
    for entry in result.sources:
        if entry.error:
            errors.print(f"[red]{entry.source}:[/] {entry.error}")
            continue
        troubled = sum(count for state, count in entry.states if state is not ItemState.OK)
        told = f"{entry.read} read, {entry.unchanged} unchanged, {entry.removed} removed"
        embedded = f", {entry.build.embedded} passages embedded" if entry.build else ""
        trouble = f", [yellow]{troubled} not ok[/] (`knowwho report` says why)" if troubled else ""
        console.print(f"{entry.source}: {told}{embedded}{trouble}")
    for name in result.unlisted:
        console.print(f"{name} is no longer in the settings; `knowwho source remove {name}` removes what was read")
