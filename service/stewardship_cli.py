"""knowwho document audience and knowwho community visibility: who may read, as whoever runs the home decides."""

from typing import Annotated

import typer

from indexer.cli.base import console, open_home, settings_of
from indexer.domain.accounts import COMMAND_LINE
from indexer.domain.audiences import spelled_audience
from indexer.domain.content import Audience
from indexer.domain.errors import AudienceInvalid
from indexer.domain.people import Visibility
from indexer.settings import AUDIENCES
from service.stewardship import (
    StewardDesk,
    decide_audience,
    decide_visibility,
    view_audience,
    view_visibility,
)

document_app = typer.Typer(help="Who may read a document.", no_args_is_help=True)
community_app = typer.Typer(help="Who may see a community.", no_args_is_help=True)
AsSaid = Annotated[bool, typer.Option("--as-said", help="Go back to what the source or the directory says.")]


@document_app.command("audience")
def audience_command(
    context: typer.Context,
    document: Annotated[str, typer.Argument(help="Its id, as its address has it.")],
    audience: Annotated[str | None, typer.Argument(help=f"Without it, what holds is shown: {AUDIENCES}.")] = None,
    as_said: AsSaid = False,
) -> None:
    """Show or decide who may read a document; that counts before what its source says."""
    desk = _desk(context)
    if audience is None and not as_said:
        with desk.home.database.read() as transaction:
            view = view_audience(transaction, None, document)
    else:
        view = decide_audience(desk, document, None if as_said else _audience(audience or ""))
    given = f" ({', '.join(view.names)})" if view.names else ""
    told = f"; its source says: {view.said_readers}" if view.said is not None else ""
    console.print(f"{view.document.title}: for {view.readers}{given}{told}", markup=False)
    if view.note:
        console.print(view.note, markup=False)


@community_app.command("visibility")
def visibility_command(
    context: typer.Context,
    community: Annotated[str, typer.Argument(help="Its slug.")],
    visibility: Annotated[Visibility | None, typer.Argument(help="Without it, what holds is shown.")] = None,
    as_said: AsSaid = False,
) -> None:
    """Show or decide who may see a community; that counts before what directories say."""
    desk = _desk(context)
    if visibility is None and not as_said:
        with desk.home.database.read() as transaction:
            view = view_visibility(transaction, None, community)
    else:
        view = decide_visibility(desk, community, None if as_said else visibility)
    told = f"; the directory or the settings say {view.said}" if view.said is not None else ""
    console.print(f"{view.community.name}: for {view.viewers}{told}", markup=False)


def _desk(context: typer.Context) -> StewardDesk:
    home = open_home(settings_of(context)).acting_as(COMMAND_LINE)
    return StewardDesk(home, None, None, COMMAND_LINE)


def _audience(text: str) -> Audience:
    spelled = spelled_audience(text)
    if spelled is None:
        raise AudienceInvalid(f"{text!r} is no audience; it must be {AUDIENCES}")
    return Audience(spelled.kind, ",".join(spelled.names or ()))
