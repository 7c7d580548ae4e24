"""Jobs of every kind on a real home, and `knowwho worker` and `knowwho jobs` in processes of their own."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from indexer.domain.errors import KnowwhoError
from indexer.domain.jobs import Job, JobKind, JobRequest, JobState
from indexer.embedding.hashing import HashingEncoder
from indexer.home import Home
from indexer.jobs.queue import JobQueue, utc_now
from indexer.jobs.workflows import KINDS, Encoders, Runner
from indexer.store import passages
from service.cli import app
from service.settings import ServiceSettings
from tests.fakes import index_home, settings_for, write_settings
from tests.integration.working import until


def write_documents(folder: Path, number: int) -> None:
    folder.mkdir(exist_ok=True)
    for n in range(number):
        (folder / f"{n}.md").write_text(f"# Report {n}\n\nPads of car {n * 7} wear on wet days of week {n * 13}.\n")


@pytest.fixture
def settings(tmp_path: Path) -> ServiceSettings:
    write_documents(tmp_path / "library", 3)
    write_documents(tmp_path / "methods", 2)
    named = [{"name": name, "kind": "folder", "path": str(tmp_path / name)} for name in ("library", "methods")]
    return settings_for(tmp_path, named, index={"segment_passages": 100})


@pytest.fixture
def queue(settings: ServiceSettings) -> Iterator[JobQueue]:
    home = Home(settings.home)
    home.prepare()
    made = JobQueue(home, settings)
    yield made
    made.close()
    home.close()


def done(queue: JobQueue, settings: ServiceSettings, kind: JobKind, **parameters: Any) -> Job:
    """The job after a worker's attempt at it, without the engine."""
    job = queue.enqueue(JobRequest(kind, parameters))
    encoders = Encoders(lambda _: HashingEncoder())
    runner = Runner(queue.home, queue.engine, "A", lambda: settings, encoders, utc_now, KINDS)
    runner.run(job, lambda _, action: action())
    return queue.get(job)


def reads(job: Job) -> dict[str, int]:
    assert job.result is not None, job.error
    return {entry["source"]: entry["read"] for entry in job.result["sources"]}


def test_a_reindex_reads_what_was_asked_for(queue: JobQueue, settings: ServiceSettings) -> None:
    assert reads(done(queue, settings, JobKind.REINDEX, sources=["methods"])) == {"methods": 2}
    assert reads(done(queue, settings, JobKind.REINDEX)) == {"library": 3, "methods": 0}
    assert reads(done(queue, settings, JobKind.REINDEX, full=True, sources=["library"])) == {"library": 3}
    item = ["library", "1.md"]
    assert reads(done(queue, settings, JobKind.REINDEX, items=[item], full=True)) == {"library": 1}


def test_a_source_that_vanished_is_told_and_the_others_are_read(queue: JobQueue, settings: ServiceSettings) -> None:
    shutil.rmtree(settings.home.parent / "library")
    some = done(queue, settings, JobKind.REINDEX)
    assert (some.state, reads(some)["methods"]) == (JobState.DONE, 2)
    assert some.error is not None
    assert some.error.startswith("library: ")
    assert "library" in some.error
    assert done(queue, settings, JobKind.REINDEX, sources=["library"]).state is JobState.FAILED


def test_a_source_that_left_the_settings_fails_its_job(queue: JobQueue, settings: ServiceSettings) -> None:
    left = settings.model_copy(update={"sources": settings.sources[:1]})
    job = done(queue, left, JobKind.REINDEX, sources=["methods"])
    assert (job.state, job.error) == (JobState.FAILED, "methods: it is not in the settings")


def test_compacting_merges_what_small_changes_left_and_embeds_nothing(
    queue: JobQueue, settings: ServiceSettings
) -> None:
    for n in range(4):
        (settings.home.parent / "library" / f"late-{n}.md").write_text(f"# Late\n\nReport {n} came late.\n")
        index_home(settings)
    with queue.home.database.read() as transaction:
        stored = passages.passage_ids(transaction)
    job = done(queue, settings, JobKind.COMPACT)
    assert job.result is not None
    assert job.result["segments_before"] > job.result["segments_after"] == 1
    present = queue.home.index.open_current()
    assert present is not None
    assert present.passage_ids().tolist() == stored
    again = done(queue, settings, JobKind.COMPACT)
    assert again.result is not None
    assert again.result["generation"] == job.result["generation"]


def test_every_other_kind_does_its_work(queue: JobQueue, settings: ServiceSettings) -> None:
    index_home(settings)
    verified = done(queue, settings, JobKind.VERIFY)
    assert (verified.state, verified.error) == (JobState.DONE, None)
    rebuilt = done(queue, settings, JobKind.REBUILD)
    assert rebuilt.result is not None
    assert (rebuilt.result["embedded"], rebuilt.result["reused"]) == (0, 5)
    assert done(queue, settings, JobKind.ANALYSE).state is JobState.DONE
    made = done(queue, settings, JobKind.BACK_UP, folder=str(settings.home.parent / "copies"))
    assert made.result is not None
    assert Path(made.result["folder"]).parent == settings.home.parent / "copies"


def test_damage_that_verifying_finds_fails_the_job_and_names_the_file(
    queue: JobQueue, settings: ServiceSettings
) -> None:
    index_home(settings)
    file = next(queue.home.index.segments.glob("*/vectors.faiss"))
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 0xFF]))
    job = done(queue, settings, JobKind.VERIFY)
    assert job.state is JobState.FAILED
    assert "vectors.faiss" in (job.error or "")
    assert job.result is not None


def test_compacting_needs_an_index(queue: JobQueue, settings: ServiceSettings) -> None:
    job = done(queue, settings, JobKind.COMPACT)
    assert (job.state, job.error) == (JobState.FAILED, "nothing has been indexed yet: run `knowwho index`")


def command(config: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "service.cli", "--config", str(config), *arguments]


def knowwho(config: Path, *arguments: str) -> str:
    """What the command prints, or the error that it tells."""
    finished = CliRunner().invoke(app, ["--config", str(config), *arguments])
    if isinstance(finished.exception, KnowwhoError):
        return str(finished.exception)
    assert finished.exit_code == 0, finished.output
    return finished.stdout


def test_a_reindex_whose_worker_is_killed_ends_as_if_nothing_had_happened(tmp_path: Path) -> None:
    write_documents(tmp_path / "library", 900)
    source = {"name": "library", "kind": "folder", "path": str(tmp_path / "library")}
    config = write_settings(tmp_path, [source], jobs={"heartbeat_seconds": 0.2, "poll_seconds": 0.1})
    asked = json.loads(knowwho(config, "jobs", "run", "reindex", "--json"))
    home = Home(tmp_path / "home")
    queue = JobQueue(home, settings_for(tmp_path, [source]))
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    first = subprocess.Popen(command(config, "worker"), env=environment, stderr=subprocess.DEVNULL)
    until(lambda: (told := queue.get(asked["id"]).progress) and told.phase == "reading library" and told.done > 0, 40)
    first.kill()
    first.wait()
    assert queue.get(asked["id"]).state is JobState.RUNNING
    with subprocess.Popen(command(config, "worker"), env=environment, stderr=subprocess.PIPE, text=True) as second:
        knowwho(config, "jobs", "watch", asked["id"])
        second.send_signal(signal.SIGTERM)
        _, told = second.communicate(timeout=20)
    assert second.returncode == 0, told
    assert "Traceback" not in told
    ended = queue.get(asked["id"])
    assert (ended.state, ended.attempts) == (JobState.DONE, 2)
    assert 0 < reads(ended)["library"] < 900
    present = home.index.open_current()
    assert present is not None
    assert len(present.passage_ids()) == 900
    assert home.index.problems() == []
    queue.close()
    home.close()


def test_the_command_line_asks_lists_shows_cancels_and_retries(tmp_path: Path) -> None:
    write_documents(tmp_path / "library", 2)
    config = write_settings(tmp_path, [{"name": "library", "kind": "folder", "path": str(tmp_path / "library")}])
    planned = json.loads(knowwho(config, "jobs", "run", "reindex", "--dry-run", "--json"))
    assert planned == [{"source": "library", "to_read": 2, "to_remove": 0, "unchanged": 0}]
    asked = json.loads(
        knowwho(config, "jobs", "run", "reindex", "-s", "library", "--window", "22:00-06:00 Europe/Berlin", "--json")
    )
    assert (asked["state"], asked["window"]) == ("waiting", "22:00-06:00 Europe/Berlin")
    assert asked["id"] in knowwho(config, "jobs", "list", "--state", "waiting")
    assert "is cancelled" in knowwho(config, "jobs", "cancel", asked["id"])
    assert "it is cancelled already" in knowwho(config, "jobs", "cancel", asked["id"])
    assert "waits for a worker" in knowwho(config, "jobs", "retry", asked["id"])
    assert json.loads(knowwho(config, "jobs", "show", asked["id"], "--json"))["state"] == "waiting"
    assert "possible are reindex, rebuild" in knowwho(config, "jobs", "run", "index")
    assert "only a reindex can say beforehand" in knowwho(config, "jobs", "run", "verify", "--dry-run")
