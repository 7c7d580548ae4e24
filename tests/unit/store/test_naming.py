"""Whoever is in no directory is called what documents say that one may read."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.home import Home
from indexer.store import Transaction, contributions, documents, identities, people
from tests.fakes import index_home, settings_for

OPEN = "---\ntitle: Open\nauthors: [{handle: olga}]\n---\nSomething for everybody.\n"
CLOSED = (
    "---\ntitle: Closed\naudience: signed_in\nauthors: [{handle: olga, name: Olga Secret, email: o@x.org}]\n---\nNo.\n"
)


@pytest.fixture
def transaction(tmp_path: Path) -> Iterator[Transaction]:
    library = tmp_path / "library"
    library.mkdir()
    (library / "open.md").write_text(OPEN)
    (library / "closed.md").write_text(CLOSED)
    settings = settings_for(tmp_path, [{"name": "library", "kind": "folder", "path": "library"}])
    index_home(settings)
    home = Home(settings.home)
    with home.database.read() as reading:
        yield reading
    home.close()


def of_kind(transaction: Transaction, kind: str) -> list[int]:
    """The audiences of one kind, by row id."""
    return [row for row, audience in documents.all_audiences(transaction).items() if audience.kind == kind]


def test_a_name_and_an_address_of_a_closed_document_show_to_those_who_may_read_it_alone(
    transaction: Transaction,
) -> None:
    (olga,) = {stored.person_id for stored in identities.all_identities(transaction)}
    everybody, insiders = of_kind(transaction, "public"), list(documents.all_audiences(transaction))

    open_to_all = people.shown_people(transaction, [olga or ""], everybody)[olga or ""]
    open_to_few = people.shown_people(transaction, [olga or ""], insiders)[olga or ""]

    assert (open_to_all.name, open_to_all.address) == ("olga", None)
    assert (open_to_few.name, open_to_few.address) == ("Olga Secret", "o@x.org")


def test_contributors_are_called_what_the_viewer_may_know(transaction: Transaction) -> None:
    everybody = of_kind(transaction, "public")
    (document,) = documents.list_documents(transaction, everybody, limit=10)

    (contributor,) = contributions.contributors_in(transaction, [document.id], everybody)

    assert contributor.name == "olga"
