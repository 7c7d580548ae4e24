"""knowwho retry: read again what could not be read."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from indexer.cli.base import AsJson, OfSource, console, open_home, print_json, settings_of
from indexer.domain.accounts import AuditAction
from indexer.domain.errors import NotFound
from indexer.store import items


def retry(
    context: typer.Context,
    source: OfSource = None,
    uri: Annotated[list[str] | None, typer.Option("--uri", help="Only this item; may be repeated.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every item that keeps failing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let the next `knowwho index` read items again that keep failing, parked ones too; `knowwho report` lists them."""
    if not (source or uri or everything):
        raise typer.BadParameter("say which items: --source NAME, --uri URI or --all")
    home = open_home(settings_of(context))
    with home.database.begin() as transaction:
        chosen = items.retry_items(transaction, datetime.now(UTC), sources=source, uris=uri)
        if chosen:
            told = {"items": chosen, "sources": source or "all"}
            home.tell(transaction, AuditAction.SOURCE_RETRIED, None, told)
    if not chosen and (source or uri):
        raise NotFound("no such item keeps failing; `knowwho report` lists those that do")
    if as_json:
        print_json({"to_be_read_again": chosen})
    else:
        console.print(f"{chosen} items are read again by the next `knowwho index`.")
