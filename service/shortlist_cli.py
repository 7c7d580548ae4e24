"""knowwho shortlist: whom of given people to choose for a text."""

import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from indexer.cli.base import AsJson, console, open_home, settings_of
from indexer.domain.errors import QueryInvalid
from indexer.embedding import open_encoder
from service.api.shortlist_schemas import shortlist_out
from service.asking import AsPerson, viewer_named
from service.experts import MOST_PEOPLE, Shortlist, ShortlistedPerson, rank_shortlist
from service.printing import print_reasons, steps_of
from service.search import LONGEST_TEXT, OpenIndex
from service.settings import ServiceSettings

STDIN = "-"

Words = Annotated[list[str] | None, typer.Argument(help="The text, with or without quotes.")]
FromFile = Annotated[Path | None, typer.Option("--text", help="Read the text from this file; - reads standard input.")]
Given = Annotated[
    list[str] | None, typer.Option("--person", "-p", help="Id, address, handle or name of a person; repeatable.")
]
GivenInFile = Annotated[Path | None, typer.Option("--people", help="A file with one person a line; - as above.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Show so many of the best; all without it.")]
Explain = Annotated[bool, typer.Option("--explain", help="Say why each ranks where they do, in words and numbers.")]


def shortlist_command(
    context: typer.Context,
    words: Words = None,
    text: FromFile = None,
    person: Given = None,
    people: GivenInFile = None,
    limit: Limit = None,
    explain: Explain = False,
    as_person: AsPerson = None,
    as_json: AsJson = False,
) -> None:
    """Rank given people for a text, all of them, each with the documents that speak for them."""
    if bool(words) == bool(text):
        raise QueryInvalid("give the text either as words or with --text FILE")
    if str(text) == str(people) == STDIN:
        raise QueryInvalid("standard input holds either the text or the people: give one of them as a file")
    # Read no more than tells that it is too much.
    asked = " ".join(words or ()) if text is None else _read(text, 4 * LONGEST_TEXT)
    names = [*(person or ()), *(_read(people, 1000 * MOST_PEOPLE).splitlines() if people else ())]
    found = _rank(context, asked, names, as_person)
    if as_json:
        print(shortlist_out(found, limit=limit, explain=explain).model_dump_json(indent=2))
        return
    _print(found, found.people[:limit])
    if explain:
        _explain(found.people[:limit])


def _rank(context: typer.Context, text: str, names: Sequence[str], as_person: str | None) -> Shortlist:
    settings = settings_of(context)
    if not isinstance(settings, ServiceSettings):
        raise TypeError("the command was started without the service's settings")
    home = open_home(settings)
    index = OpenIndex(home, open_encoder(settings.encoder), settings=settings.encoder, vectors=settings.index.vectors)
    index.load_model()
    return rank_shortlist(home, index, text, names, viewer_named(home, as_person), settings)


def _read(file: Path, most: int) -> str:
    try:
        if str(file) == STDIN:
            return sys.stdin.read(most)
        with file.open(encoding="utf-8-sig") as opened:
            return opened.read(most)
    except OSError as error:
        raise QueryInvalid(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise QueryInvalid(f"{file} is not UTF-8: convert it") from error


def _print(found: Shortlist, shown: Sequence[ShortlistedPerson]) -> None:
    console.print(found.sentence, style="bold", markup=False)
    if found.degraded:
        console.print(found.degraded, style="yellow", markup=False)
    table = Table("", "Person", "Evidence", "Last active", "Above all", box=None)
    for number, entry in enumerate(shown, 1):
        ranked = entry.ranked
        evidence = ranked.confidence if ranked.evidence else "none"
        last = f"{ranked.last_active:%Y-%m-%d}" if ranked.last_active else ""
        cells = (str(number) if ranked.evidence else "", entry.person.name, evidence, last, _above_all(entry))
        table.add_row(*map(Text, cells))
    console.print(table)


def _above_all(entry: ShortlistedPerson) -> str:
    """The document that speaks for a person most; where none does, what is to be said of that."""
    for strongest in islice(entry.ranked.evidence, 1):
        return f"{strongest.passage.document.title} ({strongest.role})"
    return entry.sentence


def _explain(shown: Sequence[ShortlistedPerson]) -> None:
    for entry in shown:
        console.print(f"\n  {entry.person.name}", style="bold", markup=False)
        print_reasons(entry.sentence, steps_of(entry.ranked.reasons))
