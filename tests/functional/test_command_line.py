"""The `knowwho` command as a script or a person runs it, in processes of their own."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import write_settings, write_thread

GENEROUS = {"known": 0.01, "read": 0.1, "ask": 0.01}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    strips = ("ivy", "Strips wear fast?"), ("minl", "Check the horn.")
    (tmp_path / "chat.jsonl").write_text(write_thread("t1", "Pantograph strips", *strips) + "not json at all\n")
    return write_settings(
        tmp_path, [{"name": "chat", "kind": "threads", "path": "chat.jsonl", "community": "roof"}], verdict=GENEROUS
    )


def knowwho(*arguments: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    finished = subprocess.run(
        [sys.executable, "-m", "service.cli", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert finished.returncode == code, finished.stderr
    return finished


def from_json(*arguments: str | Path, code: int = 0) -> Any:
    return json.loads(knowwho(*arguments, "--json", code=code).stdout)


def test_index_then_search_then_people(config: Path) -> None:
    (indexed,) = from_json("--config", config, "index")["sources"]
    assert (indexed["read"], indexed["passages_embedded"], indexed["states"]) == (2, 1, {"ok": 1, "failed": 1})
    found = from_json("--config", config, "search", "pantograph", "strips")
    assert found["passages"][0]["document"]["title"] == "Pantograph strips"
    assert "minl" in {person["name"] for person in found["people"]}
    ranked = from_json("--config", config, "people", "pantograph")
    assert ranked["people"][0]["evidence"][0]["role"] == "answerer"


def test_text_output_names_passages_and_people(config: Path) -> None:
    knowwho("--config", config, "index")
    told = knowwho("--config", config, "search", "pantograph strips").stdout
    assert "1. Pantograph strips" in told
    assert "People to ask" in told


def test_a_dry_run_says_what_would_be_done_and_does_nothing(config: Path) -> None:
    planned = from_json("--config", config, "index", "--dry-run")
    assert planned == [{"source": "chat", "to_read": 2, "to_remove": 0, "unchanged": 0}]
    assert from_json("--config", config, "report")["counts"] == {}


def test_the_report_gives_the_reason_for_what_could_not_be_read(config: Path) -> None:
    knowwho("--config", config, "index")
    (entry,) = from_json("--config", config, "report")["items"]
    assert (entry["uri"], entry["state"]) == ("line-2", "failed")
    assert "JSON" in entry["reason"]


def test_doctor_finds_a_whole_home_whole_and_a_damaged_one_damaged(config: Path, tmp_path: Path) -> None:
    assert from_json("--config", config, "doctor", code=1)["problems"]
    knowwho("--config", config, "index")
    assert from_json("--config", config, "doctor")["problems"] == []
    file = next((tmp_path / "home" / "index" / "segments").glob("*/vectors.faiss"))
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    (problem,) = from_json("--config", config, "doctor", code=1)["problems"]
    assert str(file) in problem["problem"]


def test_a_source_can_be_listed_checked_and_removed(config: Path) -> None:
    (checked,) = from_json("--config", config, "source", "check")
    assert checked["items"] == 2
    assert checked["sample"][0]["title"] == "Pantograph strips"
    knowwho("--config", config, "index")
    (listed,) = from_json("--config", config, "source", "list")
    assert (listed["items"], listed["not_ok"]) == (2, 1)
    knowwho("--config", config, "source", "remove", "chat", "--yes")
    assert from_json("--config", config, "search", "pantograph")["passages"] == []


def test_a_source_that_cannot_be_read_gives_exit_code_3(config: Path, tmp_path: Path) -> None:
    (tmp_path / "chat.jsonl").unlink()
    assert "chat.jsonl" in from_json("--config", config, "index", code=3)["sources"][0]["error"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("sources: [", "not valid YAML"),
        ("hoem: /tmp", "hoem: unknown key"),
        ("sources: [{name: a, kind: folder}]", "path"),
        ("sources: [{name: a, kind: gopher, path: x}]", "gopher"),
        ("sources: [{name: a, kind: threads, path: x}, {name: a, kind: threads, path: y}]", "two sources are named a"),
        ("encoder: {precision: int3}", "precision"),
        ("just a sentence", "keys and values"),
    ],
)
def test_a_settings_file_that_cannot_be_used_is_one_line_that_says_why(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    finished = knowwho("--config", file, "doctor", code=1)
    assert told in finished.stderr
    assert str(file) in finished.stderr
    assert "Traceback" not in finished.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--config", "/nowhere.yaml", "doctor"), "/nowhere.yaml"),
        (("search", "brake", "--since", "soon"), "soon"),
        (("index", "--source", "nobody"), "nobody"),
        (("source", "remove", "nobody", "--yes"), "nobody"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_line_that_names_it(
    config: Path, arguments: tuple[str, ...], told: str
) -> None:
    knowwho("--config", config, "index")
    given = arguments if arguments[0] == "--config" else ("--config", str(config), *arguments)
    finished = knowwho(*given, code=1)
    assert told in finished.stderr
    assert "Traceback" not in finished.stderr


def test_a_model_that_is_not_there_is_named_with_the_way_out(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KNOWWHO_ENCODER__MODEL", "no-such/model")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "encoder.model" in knowwho("--config", config, "index", code=1).stderr


def test_serve_says_its_address_answers_and_ends_when_asked(config: Path) -> None:
    knowwho("--config", config, "index")
    command = [sys.executable, "-m", "service.cli", "--config", str(config), "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ}) as server:
        assert server.stdout is not None
        address = re.search(r"http://127\.0\.0\.1:\d+/", server.stdout.readline())
        assert address is not None
        with urllib.request.urlopen(f"{address.group()}api/v1/search?q=pantograph") as response:
            assert json.load(response)["passages"]
        server.send_signal(signal.SIGINT)
        assert server.wait(20) in (0, 130, -signal.SIGINT)
