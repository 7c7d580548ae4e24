"""`knowwho generation` as an admin runs it, and what a service says meanwhile."""

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from indexer.domain.errors import KnowwhoError, NotFound
from indexer.embedding import open_encoder
from indexer.home import Home
from indexer.settings import load_settings
from service.app import create_app
from service.browsers import SESSION_COOKIE
from service.cli import app
from service.settings import ServiceSettings
from tests.fakes import add_signed_in, index_home, write_settings, write_thread


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "chat.jsonl").write_text(write_thread("t1", "Strips", ("ivy", "Strips wear fast?"), community="roof"))
    file = write_settings(tmp_path, [{"name": "chat", "kind": "threads", "path": "chat.jsonl"}])
    index_home(load_settings(ServiceSettings, file))
    (tmp_path / "chat.jsonl").write_text(write_thread("t1", "Strips", ("ivy", "Horns crack."), community="roof"))
    index_home(load_settings(ServiceSettings, file))
    return file


def run(config: Path, *arguments: str, code: int = 0) -> str:
    finished = CliRunner().invoke(app, ["--config", str(config), "generation", *arguments])
    if isinstance(finished.exception, KnowwhoError):
        raise finished.exception
    assert finished.exit_code == code, finished.output
    return finished.output


def values(config: Path, *arguments: str) -> Any:
    return json.loads(run(config, *arguments, "--json"))


def test_an_admin_lists_shows_verifies_rolls_back_and_removes(config: Path) -> None:
    newest, older = values(config, "list")[:2]
    assert (newest["current"], newest["model"], newest["problem"], older["current"]) == (True, "hashing", None, False)
    assert newest["name"] in run(config, "list")
    shown = values(config, "show")
    assert (shown["name"], shown["settings"]["encoder.model"]) == (newest["name"], "hashing")
    assert f"{newest['name']} is whole: 1 passages, 100.0%" in run(config, "verify")

    rolled = values(config, "rollback", older["name"])
    assert (rolled["generation"], rolled["before"]) == (older["name"], newest["name"])
    assert "next reindex" in rolled["advice"][0]
    assert "is removed" in run(config, "remove", newest["name"])
    assert [info["name"] for info in values(config, "list")] == [older["name"]]


def test_a_rebuild_tells_its_cost_and_then_does_as_it_told(config: Path) -> None:
    config.write_text(config.read_text().replace("model: hashing", "model: hashing-64"))
    told = values(config, "rebuild", "--dry-run")
    assert (told["cost"], told["passages_to_embed"], told["changes"][0]["key"]) == ("full", 1, "encoder.model")
    assert "encoder.model: hashing → hashing-64 (full)" in run(config, "rebuild", "--dry-run")
    assert values(config, "rebuild")["embedded"] == 1
    assert "No setting that costs anything has changed" in run(config, "rebuild", "--dry-run")


@pytest.mark.parametrize("arguments", [("show", "nonsense"), ("verify", "nonsense"), ("rollback", "nonsense")])
def test_an_unknown_generation_is_named_with_the_way_out(config: Path, arguments: tuple[str, ...]) -> None:
    with pytest.raises(NotFound, match="no generation nonsense: `knowwho generation list`"):
        run(config, *arguments)


def test_damage_fails_the_command_and_shows_in_health_and_answers(config: Path) -> None:
    settings = load_settings(ServiceSettings, config)
    home = Home(settings.home)
    with TestClient(create_app(settings, home, open_encoder(settings.encoder))) as client:
        client.cookies.set(SESSION_COOKIE, add_signed_in(home, settings))
        assert client.get("/api/v1/search", params={"q": "horns"}).status_code == 200
        name = home.index.current_name() or ""
        file = next((home.index.segments / next(iter(home.index.manifest(name).segments))).glob("rows.npy"))
        file.write_bytes(file.read_bytes()[:-1] + b"\x07")
        assert "rows.npy has changed" in run(config, "verify", code=1)
        health = client.get("/api/v1/health").json()
        assert health["status"] == "degraded"
        assert f"generation {name} is damaged" in " ".join(health["problems"])
        assert str(settings.home) not in " ".join(health["problems"])
        assert "newest index is damaged" in client.get("/api/v1/search", params={"q": "horns"}).json()["degraded"]
        run(config, "rebuild")
        assert client.get("/api/v1/health").json()["status"] == "ok"
