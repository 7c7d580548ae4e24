"""What the database withdraws is gone from every surface at once, before anything is indexed again."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from indexer.domain.content import Audience, AudienceKind
from indexer.embedding import open_encoder
from indexer.home import Home
from indexer.store import Transaction, documents, items
from service.app import create_app
from tests.fakes import index_home, settings_for

OPEN = """---
authors: [{handle: ada}]
---
# Pads

Pads squeal when the brakes are cold, and chamfered pads squeal less than new ones.
"""
OTHER = """---
authors: [{handle: bo}]
---
# Seals

Seals of the sliding doors want glycerine before the winter comes.
"""
SECRET = """---
authors: [{handle: cem}]
---
# Zanzibar

The quadrangular brakes of the Zanzibar tramway squeal in the quadrangular depot.
"""
Withdraw = Callable[[Transaction], None]


def removed(transaction: Transaction) -> None:
    items.remove_items(transaction, "library", ["zanzibar/secret.md"])


def closed(transaction: Transaction) -> None:
    set_audience(transaction, Audience(AudienceKind.PEOPLE, "cem"))


def set_audience(transaction: Transaction, audience: Audience) -> None:
    found = documents.find_by_uri(transaction, "library", "zanzibar/secret.md", documents.all_audiences(transaction))
    assert found is not None
    documents.set_audience(transaction, found.id, audience)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    for name, text in (("rails/pads.md", OPEN), ("rails/seals.md", OTHER), ("zanzibar/secret.md", SECRET)):
        file = tmp_path / "library" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    told = {"name": "library", "kind": "folder", "path": "library", "handles": "chat", "file_dates": False}
    settings = settings_for(
        tmp_path,
        [{**told, "community": {"path": "^([^/]+)/"}}],
        search={"least_relevance": 0.01},
        experts={"least_relevance": 0.01, "least_score": 0.0},
        verdict={"known": 0.05, "read": 0.1, "ask": 0.01},
    )
    index_home(settings)
    home = Home(settings.home)
    yield home
    home.close()


@pytest.fixture
def visitor(home: Home, tmp_path: Path) -> Iterator[TestClient]:
    settings = settings_for(tmp_path, []).model_copy(update={"home": home.folder})
    app = create_app(settings, Home(home.folder), open_encoder(settings.encoder))
    with TestClient(app) as client:
        app.state.parts.index.load_model()
        yield client


def get(visitor: TestClient, path: str, **query: str) -> dict[str, Any]:
    answer = visitor.get(f"/api/v1/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def surfaces(visitor: TestClient) -> str:
    """Everything that anybody can be shown about brakes, as one text."""
    answers = [
        visitor.get(path, params=query)
        for query in ({"q": "squealing brakes"}, {"q": "quadrangular brakes"}, {"q": "Zanzibar tramway"})
        for path in ("/api/v1/search", "/api/v1/people", "/")
    ]
    return "\n".join(
        answer.text.replace("quadrangular brakes", "").replace("Zanzibar tramway", "") for answer in answers
    )


@pytest.mark.parametrize("withdraw", [removed, closed])
def test_no_surface_shows_or_counts_what_was_withdrawn(home: Home, visitor: TestClient, withdraw: Withdraw) -> None:
    before = get(visitor, "search", q="squealing brakes")
    secret = next(hit["document"]["id"] for hit in before["passages"] if hit["document"]["title"] == "Zanzibar")
    cem = next(person["id"] for person in before["people"] if person["name"] == "cem")
    with home.database.begin() as transaction:
        withdraw(transaction)
    after = get(visitor, "search", q="squealing brakes")
    assert after["generation"] == before["generation"]
    assert after["total"] == before["total"] - 1
    assert not {"Zanzibar", "cem", "tramway"} & set(surfaces(visitor).replace('"', " ").split())
    assert visitor.get(f"/api/v1/documents/{secret}").status_code == 404
    assert visitor.get(f"/documents/{secret}").status_code == 404
    assert visitor.get(f"/api/v1/people/{cem}").status_code == 404
    counts = {entry["slug"]: entry["documents"] for entry in get(visitor, "communities")["communities"]}
    assert "zanzibar" not in counts  # no directory lists it
    health = get(visitor, "health")
    assert (health["documents"], health["people"]) == (2, 2)


@pytest.mark.parametrize("withdraw", [removed, closed])
def test_words_of_what_was_withdrawn_are_neither_known_nor_suggested(
    home: Home, visitor: TestClient, withdraw: Withdraw
) -> None:
    assert get(visitor, "search", q="quadrangulat brakes")["did_you_mean"] == "quadrangular brakes"
    assert get(visitor, "search", q="tramway depot")["passages"]
    with home.database.begin() as transaction:
        withdraw(transaction)
    assert get(visitor, "search", q="quadrangulat brakes")["did_you_mean"] is None
    # As in a home that never had it: a word that only it had counts for nothing.
    assert {hit["document"]["title"] for hit in get(visitor, "search", q="tramway depot")["passages"]} <= {
        "Pads",
        "Seals",
    }


def test_the_verdict_does_not_lean_on_what_was_withdrawn(home: Home, visitor: TestClient) -> None:
    assert get(visitor, "search", q="quadrangular Zanzibar tramway depot")["verdict"]["kind"] != "nobody"
    with home.database.begin() as transaction:
        removed(transaction)
    answer = get(visitor, "search", q="quadrangular Zanzibar tramway depot")
    assert not [hit for hit in answer["passages"] if hit["document"]["title"] == "Zanzibar"]
    assert {person["name"] for person in answer["people"]} <= {"ada", "bo"}


def test_a_document_that_everybody_may_read_again_is_found_after_a_small_reindex(
    home: Home, visitor: TestClient, tmp_path: Path
) -> None:
    with home.database.begin() as transaction:
        closed(transaction)
    told = {"name": "library", "kind": "folder", "path": "library", "handles": "chat", "file_dates": False}
    settings = settings_for(tmp_path, [{**told, "community": {"path": "^([^/]+)/"}}])
    index_home(settings)
    assert get(visitor, "search", q="squealing brakes")["total"] == 1
    with home.database.begin() as transaction:
        found = documents.find_by_uri(
            transaction, "library", "zanzibar/secret.md", documents.all_audiences(transaction)
        )
        assert found is not None
        documents.set_audience(transaction, found.id, Audience(AudienceKind.PUBLIC))
    build = index_home(settings).sources[0]
    assert build.read == 0
    assert get(visitor, "search", q="squealing brakes")["total"] == 2
