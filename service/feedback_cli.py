"""knowwho feedback list: what was judged, for which question."""

from typing import Annotated, Any

import typer

from indexer.cli.base import AsJson, console, open_home, print_json, settings_of
from indexer.domain.content import Document
from indexer.domain.feedback import Judgement
from indexer.domain.people import Person
from service.auth import ANONYMOUS, readable_audiences
from service.search import list_judgements

feedback = typer.Typer(help="What was useful for which question, and what was not.", no_args_is_help=True)


@feedback.command("list")
def list_command(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="How many of the latest are shown.")] = 100,
    as_json: AsJson = False,
) -> None:
    """The judgements on what everybody may read, newest first."""
    home = open_home(settings_of(context))
    with home.database.read() as transaction:
        found = list_judgements(transaction, readable_audiences(transaction, ANONYMOUS))[:limit]
    if as_json:
        print_json([_values(judgement, item) for judgement, item in found])
        return
    if not found:
        console.print("Nothing has been judged yet.")
    for judgement, item in found:
        said = "useful" if judgement.useful else "not useful"
        told = f"{judgement.at:%Y-%m-%d}  {said}: {_name(item)} ({judgement.target.kind}) for “{judgement.query}”"
        console.print(told, markup=False)


def _values(judgement: Judgement, item: Document | Person) -> dict[str, Any]:
    return {
        "id": judgement.id,
        "query": judgement.query,
        "target": {"kind": judgement.target.kind, "id": judgement.target.id, "name": _name(item)},
        "useful": judgement.useful,
        "at": judgement.at.isoformat(),
    }


def _name(item: Document | Person) -> str:
    return item.title if isinstance(item, Document) else item.name
