"""knowwho doctor: whether a home is whole."""

from typing import Any

import typer

from indexer.cli.base import AsJson, console, errors, print_json, settings_of
from indexer.domain.errors import KnowwhoError
from indexer.embedding import open_encoder
from indexer.home import Home
from indexer.store import documents, items, people


def doctor(
    context: typer.Context,
    as_json: AsJson = False,
) -> None:
    """Check that the home is whole: database, index files, counts, model. Exit code 1 where something is wrong."""
    settings = settings_of(context)
    home = Home(settings.home)
    problems = home.database.check()
    facts: dict[str, Any] = {"home": str(settings.home)}
    if not problems:
        problems += home.index.problems()
        with home.database.read() as transaction:
            facts |= {
                "documents": documents.count_documents(transaction),
                "people": people.count_people(transaction),
                "items": items.count_states(transaction),
            }
        facts["generation"] = home.index.current_name()
    try:
        facts["model"] = open_encoder(settings.encoder).fingerprint
    except KnowwhoError as error:
        problems.append(str(error))
    facts["problems"] = problems
    if as_json:
        print_json(facts)
    else:
        for name, value in facts.items():
            if name not in ("problems", "items"):
                console.print(f"{name}: {value}")
        for problem in problems:
            errors.print(f"[red]wrong:[/] {problem}")
        if not problems:
            console.print("The home is whole.")
    if problems:
        raise typer.Exit(1)
