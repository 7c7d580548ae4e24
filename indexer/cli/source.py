"""knowwho source: list, check and remove sources."""

from typing import Annotated, Any

import typer
from rich.table import Table

from indexer.cli.base import AsJson, choose_sources, console, errors, open_home, print_json, settings_of
from indexer.domain.accounts import AuditAction
from indexer.domain.content import ItemState, ParsedDocument, SourceItem
from indexer.domain.errors import DocumentUnreadable, KnowwhoError, NotFound
from indexer.home import Home
from indexer.parsing import ParserPool
from indexer.pipeline import plan_source, sample_source
from indexer.pipeline.placement import NOBODY
from indexer.pipeline.planning import place_item
from indexer.settings import ForumSource, Settings, SourceSettings
from indexer.store import items

SAMPLE = 3
CREDITS_SHOWN = 6

source_app = typer.Typer(help="List, check and remove sources.", no_args_is_help=True)


@source_app.command("list")
def source_list(context: typer.Context, as_json: AsJson = False) -> None:
    """The sources in the settings and in the home, with what was read from each."""
    settings = settings_of(context)
    home = open_home(settings)
    with home.database.read() as transaction:
        known = {state.name: state for state in items.known_sources(transaction)}
        counts = items.count_states(transaction)
    listed = {source.name: source for source in settings.sources}
    rows: list[dict[str, Any]] = []
    for name in [*listed, *(name for name in known if name not in listed)]:
        state = known.get(name)
        rows.append(
            {
                "name": name,
                "kind": listed[name].kind if name in listed else known[name].kind,
                "in_settings": name in listed,
                "place": _place(listed[name]) if name in listed else None,
                "items": sum(counts.get(name, {}).values()),
                "not_ok": sum(n for s, n in counts.get(name, {}).items() if s is not ItemState.OK),
                "finished": state.finished.isoformat(timespec="seconds") if state and state.finished else None,
                "error": state.error if state else None,
            }
        )
    if as_json:
        print_json(rows)
        return
    table = Table("Source", "Kind", "Items", "Not ok", "Last read", "Where", box=None)
    for row in rows:
        where = row["place"] or "no longer in the settings"
        last = row["error"] or row["finished"] or "never"
        table.add_row(row["name"], row["kind"], str(row["items"]), str(row["not_ok"]), last, where)
    console.print(table)


@source_app.command("check")
def source_check(
    context: typer.Context, name: Annotated[list[str] | None, typer.Argument()] = None, as_json: AsJson = False
) -> None:
    """Open the sources, count what is there, and read a few items to show what their mapping finds."""
    settings = settings_of(context)
    home = open_home(settings)
    found: list[dict[str, Any]] = []
    with ParserPool(settings.parsing) as parsers:
        for source in choose_sources(settings, name):
            entry: dict[str, Any] = {"name": source.name, "error": None, "sample": []}
            try:
                read, gone, unchanged = plan_source(home, settings, source)
                entry |= {"items": read + unchanged, "to_read": read, "gone": gone}
                entry["sample"] = [
                    _sample(item, outcome) | _readers(home, settings, source, item, outcome)
                    for item, outcome in sample_source(settings, source, parsers, SAMPLE)
                ]
            except KnowwhoError as error:
                entry["error"] = str(error)
            found.append(entry)
    if as_json:
        print_json(found)
    else:
        _print_checks(found)
    if any(entry["error"] for entry in found):
        raise typer.Exit(1)


@source_app.command("remove")
def source_remove(
    context: typer.Context,
    name: str,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove everything that was read from a source. The source itself is not touched."""
    settings = settings_of(context)
    home = open_home(settings)
    with home.database.read() as transaction:
        counts = items.count_states(transaction).get(name, {})
        known = items.source_state(transaction, name)
    if known is None and not counts:
        raise NotFound(f"nothing was read from a source {name}; `knowwho source list` names them")
    if not yes:
        typer.confirm(
            f"Remove {sum(counts.values())} items and their documents that were read from {name}?", abort=True
        )
    with home.writing(), home.database.begin() as transaction:
        removed = items.forget_source(transaction, name)
        home.tell(transaction, AuditAction.SOURCE_REMOVED, name, {"items": removed})
    console.print(f"Removed {removed} items of {name}; searches no longer find them. Run `knowwho index` to tidy up.")


def _place(source: SourceSettings) -> str:
    return source.address or "" if isinstance(source, ForumSource) and source.address else str(source.path)


def _sample(item: SourceItem, outcome: ParsedDocument | DocumentUnreadable) -> dict[str, Any]:
    if isinstance(outcome, DocumentUnreadable):
        return {"uri": item.uri, "state": outcome.state, "reason": outcome.reason}
    said = outcome.metadata
    credits = [*said.credits, *(message.credit for message in outcome.messages if message.credit)]
    return {
        "uri": item.uri,
        "state": outcome.state,
        "title": outcome.title,
        "kind": said.kind,
        "community": said.community,
        "audience": said.audience,
        "created": said.created,
        "updated": said.updated or item.modified,
        "people": [f"{c.role}: {c.name or c.handle or c.address}" for c in credits[:CREDITS_SHOWN]],
        "words": sum(len(block.text.split()) for block in outcome.blocks),
    }


def _readers(
    home: Home,
    settings: Settings,
    source: SourceSettings,
    item: SourceItem,
    outcome: ParsedDocument | DocumentUnreadable,
) -> dict[str, Any]:
    """Who could read an item, and what of it cannot be followed."""
    if isinstance(outcome, DocumentUnreadable):
        return {}
    found = place_item(home, settings, source, item, outcome)
    return {"readers": str(found.audience) if found.audience != NOBODY else "nobody", "doubt": found.doubt}


def _print_checks(found: list[dict[str, Any]]) -> None:
    for entry in found:
        if entry["error"]:
            errors.print(f"[red]{entry['name']}:[/] {entry['error']}")
            continue
        console.print(f"[bold]{entry['name']}[/]: {entry['items']} items, {entry['to_read']} new or changed")
        for sample in entry["sample"]:
            for key, value in sample.items():
                if value:
                    console.print(f"    {key}: {', '.join(value) if isinstance(value, list) else value}")
            console.print()
