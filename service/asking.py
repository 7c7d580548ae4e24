"""In whose name a command asks."""

from typing import Annotated

import typer

from indexer.home import Home
from indexer.store import people
from service.auth import ANONYMOUS, Viewer, readable_audiences, viewer_of_person
from service.directory import find_named_people

AsPerson = Annotated[
    str | None, typer.Option("--as", help="See what this person sees: id, address, handle or name; else what all see.")
]


def viewer_named(home: Home, person: str | None) -> Viewer:
    """The viewer that somebody is, as if signed in; nobody in particular without one. QueryInvalid for a name that
    stands for nobody or for several."""
    if person is None:
        return ANONYMOUS
    with home.database.read() as transaction:
        found = people.find_person(transaction, person)
        if found is None:
            named = find_named_people(transaction, [person], readable_audiences(transaction, ANONYMOUS))
            found = named[person]
        return viewer_of_person(transaction, found.id)
