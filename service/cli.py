"""The `knowwho` command: the indexer's commands, and serve, search, people, shortlist, feedback, evaluate,
account."""

import logging
import os
import sys
import warnings
from pathlib import Path
from typing import Annotated

import typer

from indexer.cli import Context, add_commands
from indexer.cli.base import AsJson, console, errors, open_home
from indexer.domain.content import Locator
from indexer.domain.errors import KnowwhoError
from indexer.embedding import open_cross_encoder, open_encoder
from indexer.settings import load_settings
from service.account_cli import account_app
from service.api.schemas import answer_out, people_out
from service.asking import AsPerson, viewer_named
from service.audit_cli import audit
from service.evaluation_cli import evaluate_command
from service.experts import Answer, answer
from service.feedback_cli import feedback
from service.person_cli import person
from service.printing import print_reasons, steps_of
from service.search import OpenIndex, parse_query
from service.settings import ServiceSettings
from service.shortlist_cli import shortlist_command
from service.stewardship_cli import community_app, document_app

app = typer.Typer(
    name="knowwho",
    help="Finds what communities of practice know, and who knows it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
add_commands(app)
app.command("shortlist")(shortlist_command)
app.command("evaluate")(evaluate_command)
app.add_typer(account_app, name="account")
app.add_typer(feedback, name="feedback")
app.add_typer(audit, name="audit")
app.add_typer(document_app, name="document")
app.add_typer(community_app, name="community")
app.add_typer(person, name="person")

Words = Annotated[list[str], typer.Argument(help="The question, with or without quotes.")]
InCommunity = Annotated[list[str] | None, typer.Option("--community", "-c", help="Slug of a community; repeatable.")]
OfKind = Annotated[list[str] | None, typer.Option("--kind", "-k", help="document, lesson or thread; repeatable.")]
Since = Annotated[str | None, typer.Option(help="The earliest date of a document, like 2024-03-01.")]
Until = Annotated[str | None, typer.Option(help="The latest date of a document.")]
Explain = Annotated[bool, typer.Option("--explain", help="Say why each ranks where it does, in words and numbers.")]


@app.callback()
def configure(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option("--config", envvar="KNOWWHO_CONFIG", help="The settings file (YAML).")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log what is done.")] = False,
) -> None:
    """Finds what communities of practice know, and who knows it."""
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    if not verbose:
        logging.getLogger("alembic").setLevel(logging.WARNING)
        warnings.filterwarnings("ignore", module="torch|transformers|sentence_transformers")
    context.obj = Context(load_settings(ServiceSettings, config), config)


@app.command()
def serve(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="The port; 0 takes a free one.")] = None,
    processes: Annotated[
        int | None, typer.Option(min=0, max=64, help="How many processes answer; 0 is one a core, up to four.")
    ] = None,
) -> None:
    """Serve the pages and the API until interrupted."""
    from service.server import run_server  # noqa: PLC0415  # uvicorn and the web take a second that others need not pay

    settings = _settings(context)
    if processes is not None:
        settings = settings.model_copy(update={"serve": settings.serve.model_copy(update={"processes": processes})})
    told: Context = context.obj
    run_server(
        settings,
        host or settings.serve.host,
        settings.serve.port if port is None else port,
        lambda: _read_again(settings, told.config),
    )


@app.command()
def search(
    context: typer.Context,
    question: Words,
    community: InCommunity = None,
    kind: OfKind = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many passages.")] = 5,
    explain: Explain = False,
    as_person: AsPerson = None,
    as_json: AsJson = False,
) -> None:
    """Answer a question: the best passages, and the people to ask."""
    found = _answer(context, question, community, kind, since, until, limit, as_person)
    if as_json:
        print(answer_out(found, explain=explain).model_dump_json(indent=2))
        return
    _print_head(found)
    for number, hit in enumerate(found.page.hits, 1):
        document = hit.passage.document
        told = [document.kind, found.names.get(document.community or ""), ", ".join(p.name for p in hit.contributors)]
        told += [f"{document.updated:%d %B %Y}" if document.updated else None, document.mark]
        told += [f"also in {', '.join(other.title for other in hit.also)}" if hit.also else None]
        console.print(f"\n{number}. {document.title}", style="bold", markup=False)
        console.print(f"   {' · '.join(str(part) for part in told if part)}", style="dim", markup=False)
        console.print("   " + "".join(text for text, _ in hit.extract), markup=False)
        where = document.url or f"{document.source}/{document.uri}"
        console.print(f"   {where}{_place(hit.passage.locator)}", style="dim", markup=False)
        if explain:
            print_reasons(hit.reasons.sentence(hit.matched), hit.reasons.steps())
    _print_people(found, explain)


@app.command()
def people(
    context: typer.Context,
    question: Words,
    community: InCommunity = None,
    kind: OfKind = None,
    since: Since = None,
    until: Until = None,
    explain: Explain = False,
    as_person: AsPerson = None,
    as_json: AsJson = False,
) -> None:
    """Whom to ask about something, each with the documents that speak for them."""
    found = _answer(context, question, community, kind, since, until, None, as_person)
    if as_json:
        print(people_out(found, explain=explain).model_dump_json(indent=2))
        return
    _print_head(found)
    _print_people(found, explain)


def main() -> None:
    """Run the command; errors that a user can mend are one line, and exit code 1."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        app()
    except KnowwhoError as error:
        errors.print("[red]knowwho:[/] ", end="")
        errors.print(str(error), markup=False)
        sys.exit(1)


def _read_again(settings: ServiceSettings, config: Path | None) -> ServiceSettings:
    """The settings as the file says now, except the home, which a running service cannot change."""
    return load_settings(ServiceSettings, config).model_copy(update={"home": settings.home})


def _settings(context: typer.Context) -> ServiceSettings:
    found: Context = context.obj
    if not isinstance(found.settings, ServiceSettings):
        raise TypeError("the command was started without the service's settings")
    return found.settings


def _answer(
    context: typer.Context,
    question: list[str],
    community: list[str] | None,
    kind: list[str] | None,
    since: str | None,
    until: str | None,
    limit: int | None,
    as_person: str | None,
) -> Answer:
    settings = _settings(context)
    query = parse_query(
        " ".join(question),
        communities=tuple(community or ()),
        kinds=tuple(kind or ()),
        since=since,
        until=until,
        limit=limit,
    )
    home = open_home(settings)
    cross_encoder = open_cross_encoder(settings.search.cross_encoder, settings.encoder)
    index = OpenIndex(home, open_encoder(settings.encoder), cross_encoder, settings.encoder, settings.index.vectors)
    index.load_model()
    return answer(home, index, query, viewer_named(home, as_person), settings)


def _print_head(found: Answer) -> None:
    console.print(found.verdict.sentence, style="bold", markup=False)
    if found.degraded:
        console.print(found.degraded, style="yellow", markup=False)
    if found.searched_too:
        console.print(found.searched_too, markup=False)
    elif found.did_you_mean:
        console.print(f"Did you mean “{found.did_you_mean}”?", markup=False)


def _place(locator: Locator) -> str:
    parts = (("page", locator.page), ("message", locator.message), ("line", locator.line))
    return next((f", {name} {number}" for name, number in parts if number), "")


def _print_people(found: Answer, explain: bool) -> None:
    if found.people:
        console.print("\nPeople to ask", style="bold")
    for ranked in found.people:
        where = [community.name for community in ranked.communities[:3]] + [ranked.person.unit]
        told = " · ".join(part for part in where if part)
        console.print(f"\n  {ranked.person.name} ({ranked.confidence}) {told}", markup=False)
        for entry in ranked.evidence[:3]:
            when = f", {entry.at:%B %Y}" if entry.at else ""
            console.print(f"    {entry.role}: {entry.passage.document.title}{when}", style="dim", markup=False)
        if explain:
            print_reasons(ranked.reasons.sentence(), steps_of(ranked.reasons))


if __name__ == "__main__":
    main()
