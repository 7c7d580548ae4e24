"""Typing errors: what is suggested, to whom, and when it is searched for, over HTTP and on the command line."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from indexer.domain.content import Audience, AudienceKind
from indexer.embedding import open_encoder
from indexer.home import Home
from indexer.store import documents
from service.app import create_app
from service.cli import app as commands
from service.settings import ServiceSettings
from tests.fakes import index_home, settings_for, write_thread

GENEROUS = {"known": 0.01, "read": 0.1, "ask": 0.01}
OPEN = (
    ("Pantograph carbon strips", "The carbon strips of the Pantograph wear fast."),
    ("Horn of the roof", "Look at the horn of the pantograph, then at the pantograph head."),
    ("Old term", "The current collector has strips, too."),
    ("Fault DCU-F209", "DCU-F209 comes with a worn sensor."),
)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> ServiceSettings:
    folder = tmp_path_factory.mktemp("spelling")
    private = [
        write_thread(f"p{n}", "Closed", ("ivy", "Operation Nightingale, pantogram"), audience="members") for n in (1, 2)
    ]
    threads = [write_thread(f"t{n}", title, ("ivy", text)) for n, (title, text) in enumerate(OPEN)]
    (folder / "chat.jsonl").write_text("".join([*private, *threads]))
    source = {"name": "chat", "kind": "threads", "path": "chat.jsonl", "community": "roof"}
    found = settings_for(folder, [source], verdict=GENEROUS)
    index_home(found)
    return found


@pytest.fixture
def home(settings: ServiceSettings) -> Home:
    return Home(settings.home)


@pytest.fixture
def client(settings: ServiceSettings, home: Home) -> Iterator[TestClient]:
    app = create_app(settings, home, open_encoder(settings.encoder))
    app.state.parts.index.load_model()
    with TestClient(app) as started:
        yield started


def ask(client: TestClient, question: str, **filters: str) -> Any:
    return client.get("/api/v1/search", params={"q": question, **filters}).json()


def test_a_typing_error_is_suggested_as_the_corpus_writes_the_word(client: TestClient) -> None:
    found = ask(client, "worn strips on the PANTOGARPH?")
    assert found["did_you_mean"] == "worn strips on the pantograph?"
    assert found["searched_too"] is None


def test_a_question_that_finds_nothing_by_words_is_searched_for_as_it_was_meant(client: TestClient) -> None:
    found = ask(client, "pantogarph")
    assert found["searched_too"] == "Searched for “pantograph” too."
    assert found["did_you_mean"] == "pantograph"
    first = found["passages"][0]
    assert first["document"]["title"] in {"Pantograph carbon strips", "Horn of the roof"}
    assert any(matched for _, matched in first["extract"])
    assert found["passages"][0]["relevance"] == ask(client, "pantograph")["passages"][0]["relevance"]


@pytest.mark.parametrize(
    "question", ["pantograph strips", "why does it wear?", "carbon strip", "DCU-F209", "x", "制动"]
)
def test_a_question_without_errors_gets_no_suggestion(client: TestClient, question: str) -> None:
    assert ask(client, question)["did_you_mean"] is None


@pytest.mark.parametrize("question", ["nightingael", "Oepration", "pantogrem", "pantogrma"])
def test_words_that_only_closed_passages_have_are_never_suggested(client: TestClient, question: str) -> None:
    assert "pantogram" not in str(ask(client, question)).casefold()
    assert ask(client, question)["did_you_mean"] is None


def test_a_code_is_suggested_but_never_searched_for_unasked(client: TestClient) -> None:
    found = ask(client, "DUC-F209")
    assert (found["did_you_mean"], found["searched_too"]) == ("DCU-F209", None)
    assert ask(client, "DCU-F208")["did_you_mean"] is None


def test_a_filter_does_not_make_its_words_errors(client: TestClient) -> None:
    assert ask(client, "pantograph", until="1999-01-01")["did_you_mean"] is None


def test_a_word_whose_passages_were_closed_since_indexing_is_not_suggested(client: TestClient, home: Home) -> None:
    members, everybody = Audience(AudienceKind.MEMBERS, "roof"), Audience(AudienceKind.PUBLIC)
    assert ask(client, "sesnor")["did_you_mean"] == "sensor"
    with home.database.begin() as transaction:
        listed = documents.list_documents(transaction, documents.all_audiences(transaction), limit=10)
        fault = next(document for document in listed if document.title == "Fault DCU-F209")
        documents.set_audience(transaction, fault.id, members)
    assert ask(client, "sesnor")["did_you_mean"] is None
    with home.database.begin() as transaction:
        documents.set_audience(transaction, fault.id, everybody)


def test_the_page_links_to_the_corrected_question_and_keeps_the_filters(client: TestClient) -> None:
    page = client.get("/", params={"q": "worn strips of the pantogarph", "kind": "thread"}).text
    assert "Did you mean" in page
    link = page.split('Did you mean <a href="')[1].split('"')[0].replace("&amp;", "&")
    assert parse_qs(urlsplit(link).query) == {"q": ["worn strips of the pantograph"], "kind": ["thread"]}
    assert "Searched for “pantograph” too." in client.get("/", params={"q": "pantogarph"}).text


def test_the_command_line_asks_too(settings: ServiceSettings) -> None:
    config = str(Path(settings.home).parent / "knowwho.yaml")
    told = CliRunner().invoke(commands, ["--config", config, "search", "worn strips of the pantogarph"]).output
    assert "Did you mean “worn strips of the pantograph”?" in told
    assert (
        "Searched for “pantograph” too."
        in CliRunner().invoke(commands, ["--config", config, "search", "pantogarph"]).output
    )
