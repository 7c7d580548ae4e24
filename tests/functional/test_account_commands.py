"""`knowwho account`, the first start of a service, and what a person sees on the command line."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx2 as httpx
import pytest
from typer.testing import CliRunner

from indexer.domain.errors import Conflict, NotFound, QueryInvalid
from indexer.settings import load_settings
from service.cli import app
from service.settings import ServiceSettings
from tests.fakes import index_home, write_settings, write_thread

CHEAP = {"memory_kilobytes": 8, "passes": 1, "lanes": 1}
LOOSE = {"known": 0.01, "read": 0.1, "ask": 0.01}
PASSWORD = "correct horse battery"
DIRECTORY = """
people:
  - {id: ivy, name: Ivy Rao, addresses: [ivy@example.org], handles: {chat: ivy}}
communities:
  - {slug: roof, name: Roof, visibility: members, stewards: [ivy]}
"""


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("accounts")
    (folder / "directory.yaml").write_text(DIRECTORY)
    strips = ("ivy", "Strips wear fast?"), ("minl", "Check the horn.")
    (folder / "chat.jsonl").write_text(write_thread("t1", "Pantograph strips", *strips))
    sources = [
        {"name": "directory", "kind": "directory", "path": "directory.yaml"},
        {"name": "chat", "kind": "threads", "path": "chat.jsonl", "community": "roof"},
    ]
    file = write_settings(folder, sources, access={"password": CHEAP}, verdict=LOOSE)
    index_home(load_settings(ServiceSettings, file))
    return file


def knowwho(config: Path, *arguments: str) -> str:
    """What the command prints; it runs in this process, since a new one takes a second and a half."""
    finished = CliRunner().invoke(app, ["--config", str(config), *arguments], catch_exceptions=False)
    assert finished.exit_code == 0, finished.output
    return finished.stdout


def process(config: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "service.cli", "--config", str(config), *arguments]


def test_the_first_start_makes_an_admin_and_listens_to_this_machine_alone(config: Path) -> None:
    everywhere = process(config, "serve", "--host", "0.0.0.0", "--port", "0")
    refused = subprocess.run(everywhere, capture_output=True, text=True, check=False, timeout=60)
    assert refused.returncode == 1
    assert "nobody may administer yet" in refused.stderr
    assert "knowwho account add NAME --admin" in refused.stderr

    command = process(config, "serve", "--port", "0")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            server.stdout.readline()
            told = server.stdout.readline()
            link = re.search(r"here: (http://127\.0\.0\.1:\d+)(/first-admin/\S+)", told)
            assert link, told
            become_admin(link[1], link[2])
        finally:
            server.send_signal(signal.SIGINT)
            said, complained = server.communicate(timeout=20)
    assert link[2] not in said + complained
    assert PASSWORD not in said + complained

    accounts = json.loads(knowwho(config, "account", "list", "--json"))
    assert [(account["name"], account["admin"]) for account in accounts] == [("chief", True)]


def become_admin(address: str, path: str) -> None:
    with httpx.Client(base_url=address, headers={"Origin": address, "Sec-Fetch-Site": "same-origin"}) as browser:
        assert browser.get("/admin").status_code == 303
        token = re.search(r'name="token" value="(\w+)"', browser.get(path).text)
        assert token
        told = {"name": "chief", "password": PASSWORD, "again": PASSWORD, "token": token[1]}
        assert browser.post(path, data=told).headers["location"] == "/admin"
        assert browser.get("/admin").status_code == 200
        assert browser.get(path).status_code == 404


def test_accounts_are_made_changed_and_removed(tmp_path: Path) -> None:
    (tmp_path / "directory.yaml").write_text(DIRECTORY)
    config = write_settings(tmp_path, [{"name": "directory", "kind": "directory", "path": "directory.yaml"}])
    index_home(load_settings(ServiceSettings, config))
    assert "no account yet" in knowwho(config, "account", "list")
    made = knowwho(config, "account", "add", "Ivy", "--person", "ivy", "--admin")
    again = knowwho(config, "account", "link", "ivy")
    address = re.compile(r"^http://127\.0\.0\.1:\d+/choose-password/\S{40,}$", re.MULTILINE)
    assert len({*address.findall(made), *address.findall(again)}) == 2

    for last in (("admin", "ivy", "--no"), ("disable", "ivy"), ("remove", "ivy")):
        with pytest.raises(Conflict, match="the last account"):
            knowwho(config, "account", *last)
    knowwho(config, "account", "add", "chief", "--admin")
    knowwho(config, "account", "disable", "ivy")
    with pytest.raises(Conflict, match="disabled"):
        knowwho(config, "account", "link", "ivy")
    knowwho(config, "account", "enable", "ivy")
    knowwho(config, "account", "admin", "ivy", "--no")
    knowwho(config, "account", "person", "ivy", "none")
    with pytest.raises(NotFound, match="nobody has the id"):
        knowwho(config, "account", "person", "ivy", "somebody")
    ivy = next(told for told in json.loads(knowwho(config, "account", "list", "--json")) if told["name"] == "ivy")
    assert (ivy["person"], ivy["admin"], ivy["disabled"]) == (None, False, False)

    knowwho(config, "account", "remove", "ivy")
    assert "ivy" not in knowwho(config, "account", "list")
    with pytest.raises(NotFound, match="no account"):
        knowwho(config, "account", "disable", "ivy")


def test_the_command_line_shows_what_a_person_sees_and_else_what_everybody_sees(config: Path) -> None:
    def titles(*more: str) -> list[str]:
        found = json.loads(knowwho(config, "search", "pantograph strips", "--json", *more))
        return [passage["document"]["title"] for passage in found["passages"]]

    assert titles() == []
    assert titles("--as", "ivy") == titles("--as", "ivy@example.org") == ["Pantograph strips"]
    with pytest.raises(QueryInvalid, match="nobody here is known"):
        knowwho(config, "people", "strips", "--as", "mallory")
