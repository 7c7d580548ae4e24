"""What people get told that is held about them, and having nothing of it kept: commands, API, pages."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from indexer.domain.jobs import JobKind
from indexer.embedding.hashing import HashingEncoder
from indexer.home import Home
from indexer.store import audit, documents, people
from service.app import create_app
from service.auth import subject_of
from service.browsers import SESSION_COOKIE
from service.cli import app as command
from service.settings import ServiceSettings
from tests.fakes import add_signed_in, index_home, settings_for, write_thread

HERE = "http://127.0.0.1:8000"
JSON = {"Content-Type": "application/json"}
DIRECTORY = """
people:
  - {id: ada, name: Ada Marlow, addresses: [ada@example.org], handles: {chat: ada}}
  - {id: bo, name: Bo Lund, handles: {chat: bo}}
communities:
  - {slug: brakes, name: Brakes, stewards: [ada]}
  - {slug: secrets, name: Secrets, visibility: members, stewards: [bo]}
"""


@pytest.fixture
def settings(tmp_path: Path) -> ServiceSettings:
    (tmp_path / "directory.yaml").write_text(DIRECTORY)
    told = write_thread("t1", "Squeal", ("bo", "Why do brakes squeal?"), ("ada", "Worn pads do."), community="brakes")
    told += write_thread("t2", "Hush", ("bo", "Nightingale is secret."), ("ada", "It is."), community="secrets")
    (tmp_path / "chat.jsonl").write_text(told)
    sources = [
        {"name": "directory", "kind": "directory", "path": str(tmp_path / "directory.yaml")},
        {"name": "chat", "kind": "threads", "path": str(tmp_path / "chat.jsonl"), "handles": "chat"},
    ]
    return settings_for(tmp_path, sources, parsing={"workers": 1})


@pytest.fixture
def home(settings: ServiceSettings) -> Iterator[Home]:
    index_home(settings)
    home = Home(settings.home)
    yield home
    home.close()


@pytest.fixture
def client(home: Home, settings: ServiceSettings) -> Iterator[TestClient]:
    """Ada, who has just signed in; somebody else is the admin."""
    add_signed_in(home, settings, "boss")
    app = create_app(settings, home, HashingEncoder())
    visitor = TestClient(app, base_url=HERE)
    visitor.cookies.set(SESSION_COOKIE, add_signed_in(home, settings, "ada", person="ada", admin=False))
    yield visitor
    app.state.parts.queue.close()


def actions(home: Home) -> list[tuple[str, str | None]]:
    with home.database.read() as transaction:
        return [(entry.action.value, entry.subject) for entry in audit.all_entries(transaction)]


def names(home: Home) -> list[str]:
    with home.database.read() as transaction:
        return sorted(people.all_names(transaction).values())


def test_an_export_holds_everything_of_theirs_and_no_secret(client: TestClient, home: Home) -> None:
    told: dict[str, Any] = client.get("/api/v1/account/export").json()

    assert told["format"] == 1
    assert [account["name"] for account in told["accounts"]] == ["ada"]
    assert told["person"]["name"] == "Ada Marlow"
    assert {entry["value"] for entry in told["identities"]} == {"ada@example.org", "ada"}
    assert [(entry["community"], entry["role"]) for entry in told["memberships"]] == [("brakes", "steward")]
    assert "digest" not in json.dumps(told)
    assert actions(home)[-1][0] == "exported"


def test_an_export_tells_of_what_they_may_not_read_only_their_role(client: TestClient) -> None:
    answer = client.get("/api/v1/account/export")

    told = answer.json()
    assert "Hush" not in answer.text
    assert sorted(str(m["text"]) for m in told["messages"]) == ["None", "Worn pads do."]
    parts = [(part["role"], part["document"] and part["document"]["title"]) for part in told["contributions"]]
    assert set(parts) == {("answerer", "Squeal"), ("answerer", None)}


def test_the_page_offers_the_download(client: TestClient) -> None:
    page = client.get("/account/data")
    download = client.get("/account/data/export")

    assert 'href="/account/data/export"' in page.text
    assert "attachment" in download.headers["content-disposition"]
    assert download.json()["person"]["id"] == "ada"


def test_whoever_erases_themselves_is_gone_at_once(client: TestClient, home: Home) -> None:
    answer = client.post("/api/v1/account/erase", json={"confirm": "erase"}, headers=JSON)

    assert answer.status_code == 202, answer.text
    assert names(home) == ["Bo Lund"]
    assert client.get("/api/v1/account/export").status_code == 401
    action, subject = actions(home)[-1] if actions(home)[-1][0] == "erased" else actions(home)[-2]
    assert action == "erased"
    assert subject == subject_of(home, "ada")
    assert subject != "ada"


def test_whoever_has_an_identity_only_by_documents_asks_an_admin(
    client: TestClient, home: Home, settings: ServiceSettings, tmp_path: Path
) -> None:
    """Ada writes that Bo's other handle is hers, which no directory says."""
    told = json.loads(write_thread("t3", "Claim", ("x", "It was me."), community="brakes"))
    told["messages"][0]["author"] = {"handle": "bo-elsewhere", "address": "ada@example.org"}
    with (tmp_path / "chat.jsonl").open("a") as chat:
        chat.write(json.dumps(told) + "\n")
    index_home(settings)

    answer = client.post("/api/v1/account/erase", json={"confirm": "erase"}, headers=JSON)
    assert answer.status_code == 409
    assert "ask an admin" in answer.json()["detail"]
    assert "Ada Marlow" in names(home)


def test_the_page_erases_only_after_the_word(client: TestClient, home: Home) -> None:
    token = client.get("/account/data").text.split('name="token" value="')[1].split('"')[0]
    headers = {"Origin": HERE, "Sec-Fetch-Site": "same-origin"}

    refused = client.post("/account/data/erase", data={"token": token, "confirm": "yes"}, headers=headers)
    assert "Nothing was erased" in refused.text
    assert "Ada Marlow" in names(home)

    done = client.post("/account/data/erase", data={"token": token, "confirm": "erase"}, headers=headers)
    assert "You are erased" in done.text
    assert (">Sign in<" in done.text, "Signed in as" in done.text) == (True, False)
    assert names(home) == ["Bo Lund"]


def test_only_admins_export_and_erase_others(client: TestClient, home: Home, settings: ServiceSettings) -> None:
    assert client.get("/api/v1/people/bo/export").status_code == 403
    assert client.post("/api/v1/people/bo/erase", json={"confirm": "erase"}, headers=JSON).status_code == 403

    client.cookies.set(SESSION_COOKIE, add_signed_in(home, settings, "chief"))
    assert client.get("/api/v1/people/ada/export").json()["person"]["name"] == "Ada Marlow"
    done = client.post("/api/v1/people/ada/erase", json={"confirm": "erase"}, headers=JSON).json()
    assert names(home) == ["Bo Lund"]
    job = client.get(f"/api/v1/jobs/{done['job']}").json()
    assert job["kind"] == JobKind.ERASE
    assert client.post("/api/v1/people/ada/erase", json={"confirm": "erase"}, headers=JSON).status_code == 404


def test_the_command_exports_to_a_file_and_erases(home: Home, settings: ServiceSettings, tmp_path: Path) -> None:
    config = ["--config", str(tmp_path / "knowwho.yaml")]
    runner = CliRunner()

    told = runner.invoke(command, [*config, "person", "export", "ada@example.org", "--to", str(tmp_path / "ada.json")])
    assert told.exit_code == 0, told.output
    assert json.loads((tmp_path / "ada.json").read_text())["person"]["id"] == "ada"

    done = runner.invoke(command, [*config, "person", "erase", "ada", "--yes"])
    assert done.exit_code == 0, done.output
    assert "written anew" in done.output
    assert names(home) == ["Bo Lund"]
    with home.database.read() as transaction:
        titles = documents.list_documents(transaction, documents.all_audiences(transaction), limit=9)
    assert len(titles) == 2


def test_a_backup_from_before_brings_nobody_back(home: Home, settings: ServiceSettings, tmp_path: Path) -> None:
    config = ["--config", str(tmp_path / "knowwho.yaml")]
    runner = CliRunner()
    assert runner.invoke(command, [*config, "backup"]).exit_code == 0

    done = runner.invoke(command, [*config, "person", "erase", "ada", "--yes"])
    assert "still holds them" in done.output
    home.close()
    restored = runner.invoke(command, [*config, "restore", "latest", "--replace"])

    assert restored.exit_code == 0, restored.output
    assert "Run `knowwho person erase` now" in restored.output
    assert names(home) == ["Bo Lund"]
    assert "written anew" in runner.invoke(command, [*config, "person", "erase"]).output
