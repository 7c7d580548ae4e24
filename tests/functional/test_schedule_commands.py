"""Schedules as an admin sees them: on the command line, and in the health of the service."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from indexer.domain.errors import KnowwhoError
from indexer.domain.jobs import JobKind, JobRequest
from indexer.embedding.hashing import HashingEncoder
from indexer.home import Home
from indexer.jobs.schedules import add_schedule, pause_schedule
from service.app import create_app
from service.browsers import SESSION_COOKIE
from service.cli import app
from tests.fakes import add_signed_in, settings_for, write_settings, write_thread

CHAT = {"name": "chat", "kind": "threads", "path": "chat.jsonl"}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "chat.jsonl").write_text(write_thread("t1", "Strips", ("ivy", "Worn?")))
    return write_settings(tmp_path, [CHAT])


def schedule(config: Path, *arguments: str) -> Result:
    found = CliRunner().invoke(app, ["--config", str(config), "schedule", *arguments])
    assert found.exception is None or isinstance(found.exception, KnowwhoError), found.output
    return found


def values(config: Path, *arguments: str) -> Any:
    return json.loads(schedule(config, *arguments, "--json").stdout)


def test_a_schedule_is_added_shown_changed_paused_resumed_and_removed(config: Path) -> None:
    times = ("--cron", "30 2 * * *", "--zone", "Europe/Berlin", "--window", "22:00-06:00")
    added = values(config, "add", "nightly", "--source", "chat", *times)
    assert (added["kind"], added["parameters"], added["words"]) == (
        "reindex",
        {"sources": ["chat"]},
        "At 02:30 every day",
    )
    assert added["window"] == "22:00-06:00 Europe/Berlin"
    told = schedule(config, "show", "nightly").stdout
    assert "At 02:30 every day, Europe/Berlin (30 2 * * *)" in told
    assert told.count("02:30 CE") == 5
    moved = values(config, "change", "nightly", "--zone", "America/New_York")
    assert (moved["zone"], moved["window"]) == ("America/New_York", "22:00-06:00 America/New_York")
    changed = values(config, "change", "nightly", "--full", "--window", "any", "--cron", "0 * * * *")
    assert changed["parameters"] == {"sources": ["chat"], "full": True}
    assert (changed["window"], changed["words"]) == (None, "At the start of every hour")
    schedule(config, "pause", "nightly")
    (paused,) = values(config, "list")
    assert (paused["paused"], paused["next_runs"]) == (True, [])
    assert "next runs" in schedule(config, "resume", "nightly").stdout
    schedule(config, "remove", "nightly")
    assert "no schedule nightly" in str(schedule(config, "show", "nightly").exception)


def test_run_now_asks_for_the_job_and_says_that_no_worker_runs(config: Path) -> None:
    schedule(config, "add", "nightly", "--cron", "0 1 * * *", "--kind", "back-up")
    ran = schedule(config, "run", "nightly")
    assert "no worker is running" in ran.stderr
    shown = values(config, "show", "nightly")
    assert shown["last_job"]["state"] == "waiting"
    assert shown["last_job"]["id"] in ran.stdout


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (["--cron", "@daily"], "write five fields"),
        (["--cron", "0 1 * * *", "--zone", "Berlin"], "there is no time zone Berlin"),
        (["--cron", "0 1 * * *", "--kind", "dance"], "back-up"),
        (["--cron", "0 1 * * *", "--source", "cellar"], "the settings have chat"),
        (["--cron", "0 1 * * *", "--window", "late"], "22:00-06:00"),
    ],
)
def test_what_cannot_be_scheduled_is_refused_with_what_could_be(config: Path, wrong: list[str], told: str) -> None:
    assert told in str(schedule(config, "add", "nightly", *wrong).exception)
    assert values(config, "list") == []


@pytest.fixture
def visitor(tmp_path: Path) -> Iterator[tuple[TestClient, Home]]:
    settings = settings_for(tmp_path, [])
    home = Home(settings.home)
    home.prepare()
    long_ago = datetime.now(UTC) - timedelta(days=2)
    add_schedule(home, settings, "tidy", JobRequest(JobKind.COMPACT), "0 * * * *", "UTC", long_ago)
    with TestClient(create_app(settings, home, HashingEncoder())) as client:
        client.cookies.set(SESSION_COOKIE, add_signed_in(home, settings))
        yield client, home


def test_health_names_schedules_that_are_overdue_and_the_lack_of_a_worker(visitor: tuple[TestClient, Home]) -> None:
    client, home = visitor
    problems = " ".join(client.get("/api/v1/health").json()["problems"])
    assert "schedule tidy was due on" in problems
    assert "no worker is running" in problems
    pause_schedule(home, "tidy")
    assert "tidy" not in client.get("/api/v1/health").text
