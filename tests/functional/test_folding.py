"""Near-duplicates are shown once, on the page, in the API and on the command line."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from indexer.embedding import open_encoder
from indexer.home import Home
from service.app import create_app
from service.cli import app as command_line
from service.settings import ServiceSettings
from tests.fakes import index_home, settings_for

SEALS = (
    "Wash the seals with warm water and neutral soap before the winter, never with a solvent, because the rubber turns "
    "grey and sticky within weeks. Let the seal dry with the door open for at least 20 minutes in a warm hall. Rub "
    "glycerine paste thinly into the contact lips with a cloth; about 8 g are enough for one leaf. Close and open the "
    "door five times and wipe off what comes out at the sill. Check the drain holes with a rod of 4 mm."
)
QUESTION = "glycerine paste on door seals"


def note(folder: Path, name: str, text: str = SEALS, **front: str) -> None:
    file = folder / "library" / f"{name}.md"
    file.parent.mkdir(parents=True, exist_ok=True)
    told = "\n".join(f"{key}: {value}" for key, value in {"title": "Care of door seals", **front}.items())
    file.write_text(f"---\n{told}\n---\n{text}\n")


@contextmanager
def visiting(folder: Path, **search: Any) -> Iterator[TestClient]:
    with TestClient(opened(indexed(folder, **search))) as client:
        client.app.state.parts.index.load_model()  # type: ignore[attr-defined]
        yield client


def indexed(folder: Path, **search: Any) -> ServiceSettings:
    library = {"name": "library", "kind": "folder", "path": str(folder / "library"), "file_dates": False}
    values = {"verdict": {"known": 0.05, "ask": 0.01}, "experts": {"least_relevance": 0.05}}
    settings = settings_for(folder, [library], search={"least_relevance": 0.05, **search}, **values)
    index_home(settings)
    return settings


def opened(settings: ServiceSettings) -> Any:
    return create_app(settings, Home(settings.home), open_encoder(settings.encoder))


def found(client: TestClient) -> dict[str, set[str]]:
    """The documents shown, each with those it is also in, by uri."""
    answer = client.get("/api/v1/search", params={"q": QUESTION}).json()
    assert answer["total"] == len(answer["passages"])
    return {p["document"]["uri"]: {other["uri"] for other in p["also"]} for p in answer["passages"]}


@pytest.fixture
def copies(tmp_path: Path) -> Path:
    note(tmp_path, "old", updated="2021-01-01")
    note(tmp_path, "new", updated="2024-01-01")
    note(tmp_path, "other", "Door seals without glycerine paste crack in the cold.", title="Cracks in door seals")
    return tmp_path


def test_the_newest_of_a_group_represents_it(copies: Path) -> None:
    with visiting(copies) as client:
        assert found(client) == {"new.md": {"old.md"}, "other.md": set()}


def test_a_verified_document_represents_a_newer_one(copies: Path) -> None:
    note(copies, "old", updated="2021-01-01", status="verified")
    with visiting(copies) as client:
        assert found(client)["old.md"] == {"new.md"}


def test_a_superseded_document_never_represents(copies: Path) -> None:
    note(copies, "new", updated="2024-01-01", status="superseded")
    with visiting(copies) as client:
        assert found(client) == {"old.md": {"new.md"}, "other.md": set()}


def test_a_copy_that_the_viewer_may_not_read_is_neither_named_nor_counted(copies: Path) -> None:
    note(copies, "new", updated="2024-01-01", audience="members", community="secrets")
    with visiting(copies) as client:
        assert found(client) == {"old.md": set(), "other.md": set()}
        assert "new.md" not in client.get("/api/v1/search", params={"q": QUESTION}).text


def test_with_folding_off_every_document_is_shown(copies: Path) -> None:
    with visiting(copies, fold=False) as client:
        assert found(client) == {"old.md": set(), "new.md": set(), "other.md": set()}


def test_the_page_names_the_others_and_leads_to_them(copies: Path) -> None:
    note(copies, "old", updated="2021-01-01", title="Door seals & care")
    with visiting(copies) as client:
        page = client.get("/", params={"q": QUESTION}).text
        passages = client.get("/api/v1/search", params={"q": QUESTION}).json()["passages"]
    (other,) = [other for passage in passages for other in passage["also"]]
    assert f'also in <a href="/documents/{other["id"]}">Door seals &amp; care</a>' in page


def test_the_command_line_names_the_others(copies: Path) -> None:
    indexed(copies)
    run = CliRunner().invoke(command_line, ["--config", str(copies / "knowwho.yaml"), "search", QUESTION])
    assert "also in Care of door seals" in " ".join(run.output.split())
    told = CliRunner().invoke(command_line, ["--config", str(copies / "knowwho.yaml"), "search", QUESTION, "--json"])
    assert len(json.loads(told.output)["passages"]) == 2


def test_authors_of_folded_documents_both_stay_people_to_ask(copies: Path) -> None:
    note(copies, "old", updated="2021-01-01", authors="[Ada Marlow <ada@x.example>]")
    note(copies, "new", updated="2024-01-01", authors="[Bo Lund <bo@x.example>]")
    with visiting(copies) as client:
        people = client.get("/api/v1/search", params={"q": QUESTION}).json()["people"]
    assert {person["name"] for person in people} == {"Ada Marlow", "Bo Lund"}
