"""Backups and restores of real homes, also while they are written, and killed at any moment."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.domain.errors import BackupInvalid, DatabaseDamaged, HomeBusy, JobStopped, RestoreRefused
from indexer.domain.progress import Progress
from indexer.home import Home
from indexer.pipeline.backup import back_up
from indexer.pipeline.backup_folder import list_backups, read_backup, verify_backup
from indexer.pipeline.restore import restore
from indexer.settings import BackupSettings
from indexer.store import passages
from service.settings import ServiceSettings
from tests.fakes import index_home, settings_for, write_thread

KEEP = BackupSettings(folder=None, keep=3)


@pytest.fixture
def chat(tmp_path: Path) -> Path:
    file = tmp_path / "chat.jsonl"
    file.write_text("".join(write_thread(f"t{n}", f"Pads {n}", ("ivy", f"Pads number {n} squeal.")) for n in range(40)))
    return file


@pytest.fixture
def settings(tmp_path: Path, chat: Path) -> ServiceSettings:
    settings = settings_for(tmp_path, [{"name": "chat", "kind": "threads", "path": str(chat)}])
    index_home(settings)
    return settings


@pytest.fixture
def home(settings: ServiceSettings) -> Iterator[Home]:
    home = Home(settings.home)
    yield home
    home.close()


def texts(folder: Path) -> list[str]:
    """The text of every passage that the home's index holds, in order; the index must be whole."""
    home = Home(folder)
    try:
        assert home.database.check() == []
        assert home.index.problems() == []
        generation = home.index.open_current()
        assert generation is not None
        with home.database.read() as transaction:
            rows = passages.indexable_passages(transaction, [int(p) for p in generation.passage_ids()])
            return sorted(row.text for row in rows)
    finally:
        home.close()


def add_thread(chat: Path, number: int) -> None:
    with chat.open("a") as file:
        file.write(write_thread(f"n{number}", f"New {number}", ("min", f"A new thread about hoses, number {number}.")))


def test_a_restored_backup_is_the_home_as_it_was(home: Home, tmp_path: Path) -> None:
    (home.folder / "secret.key").write_bytes(b"secret")
    backup = back_up(home, KEEP)
    assert backup == read_backup(backup.folder)
    assert verify_backup(backup) == []
    assert backup.folder.parent == tmp_path / "home-backups"
    restored = restore(backup.folder, tmp_path / "elsewhere")
    assert restored.replaced is None
    assert texts(tmp_path / "elsewhere") == texts(home.folder)
    assert (tmp_path / "elsewhere" / "secret.key").read_bytes() == b"secret"
    assert not (tmp_path / "elsewhere.restoring").exists()


def test_a_restored_home_is_indexed_without_embedding_again(settings: ServiceSettings, chat: Path, home: Home) -> None:
    backup = back_up(home, KEEP)
    home.close()
    add_thread(chat, 1)
    index_home(settings)
    restore(backup.folder, settings.home, replace=True)
    add_thread(chat, 2)
    build = index_home(settings).sources[0].build
    assert build is not None
    assert build.embedded == 2
    assert len(texts(settings.home)) == 42


def test_a_backup_made_while_the_home_is_indexed_is_consistent(
    settings: ServiceSettings, chat: Path, home: Home, tmp_path: Path
) -> None:
    stop = threading.Event()

    def keep_indexing() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            add_thread(chat, number)
            index_home(settings)

    indexing = threading.Thread(target=keep_indexing)
    indexing.start()
    try:
        backups = [back_up(home, KEEP) for _ in range(3)]
    finally:
        stop.set()
        indexing.join()
    for number, backup in enumerate(backups):
        elsewhere = settings.model_copy(update={"home": tmp_path / f"restored-{number}"})
        restore(backup.folder, elsewhere.home)
        add_thread(chat, 1000 + number)
        index_home(elsewhere)
        lines = chat.read_text().splitlines()
        assert texts(elsewhere.home) == sorted(json.loads(line)["messages"][0]["text"] for line in lines)


def test_a_writer_neither_waits_for_a_backup_nor_starts_it_anew(home: Home, tmp_path: Path) -> None:
    fill(home, megabytes=24)
    steps, longest = [], 0.0

    def write(progress: Progress) -> None:
        nonlocal longest
        steps.append(progress.done)
        if progress.item == "knowwho.sqlite" and len(steps) < 200:
            start = time.monotonic()
            with sqlite3.connect(home.database.file) as other:
                other.execute("INSERT INTO filling VALUES (x'00')")
            other.close()
            longest = max(longest, time.monotonic() - start)

    backup = back_up(home, KEEP, write)
    assert steps == sorted(steps)
    assert longest < 2
    with sqlite3.connect(backup.folder / "knowwho.sqlite") as copy:
        assert copy.execute("SELECT count(*) FROM filling").fetchone() == (24,)
    copy.close()


def fill(home: Home, megabytes: int) -> None:
    with sqlite3.connect(home.database.file) as database:
        database.execute("CREATE TABLE filling (content BLOB)")
        database.executemany("INSERT INTO filling VALUES (randomblob(1048576))", [()] * megabytes)
    database.close()


def test_the_oldest_backups_of_this_home_are_removed_and_no_others(home: Home, tmp_path: Path) -> None:
    place = tmp_path / "shared"
    other = Home(tmp_path / "other")
    other.prepare()
    kept = back_up(other, KEEP, to=place)
    other.close()
    made = [back_up(home, KEEP, to=place).folder for _ in range(5)]
    assert [backup.folder for backup in list_backups(place, home.folder)] == made[:1:-1]
    assert kept.folder.exists()
    assert not list(place.glob("*.new"))


def test_a_backup_that_is_stopped_leaves_nothing(home: Home, tmp_path: Path) -> None:
    def stop(progress: Progress) -> None:
        if progress.item == "knowwho.sqlite":
            raise JobStopped("cancelled")

    with pytest.raises(JobStopped):
        back_up(home, KEEP, stop)
    assert [child.name for child in (tmp_path / "home-backups").iterdir() if child.suffix != ".lock"] == []


def test_a_job_engine_elsewhere_is_said_not_to_be_included(home: Home) -> None:
    (home.folder / "jobs.sqlite").touch()
    (note,) = back_up(home, KEEP, jobs_database="postgresql+psycopg://db/jobs").notes
    assert "not included" in note


def test_the_job_engine_in_the_home_is_included(home: Home, tmp_path: Path) -> None:
    with sqlite3.connect(home.folder / "jobs.sqlite") as engine:
        engine.execute("CREATE TABLE workflow (id TEXT)")
    engine.close()
    backup = back_up(home, KEEP)
    assert "jobs.sqlite" in backup.files
    assert backup.notes == ()


def test_a_damaged_generation_is_left_out_and_the_one_before_it_taken(
    settings: ServiceSettings, chat: Path, home: Home, tmp_path: Path
) -> None:
    before = home.index.current_name()
    add_thread(chat, 1)
    index_home(settings)
    serving = home.index.current_name()
    assert serving is not None
    newest = list(home.index.manifest(serving).segments)[-1]
    damage(home.index.segments / newest / "vectors.faiss")
    backup = back_up(home, KEEP)
    assert backup.generation == before
    assert "damaged" in backup.notes[0]
    elsewhere = settings.model_copy(update={"home": tmp_path / "elsewhere"})
    restore(backup.folder, elsewhere.home)
    index_home(elsewhere)
    assert len(texts(elsewhere.home)) == 41


def damage(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)


def test_a_damaged_database_is_not_backed_up_and_costs_no_older_backup(home: Home) -> None:
    fill(home, megabytes=1)
    whole = [back_up(home, KEEP).folder for _ in range(3)]
    home.close()
    with home.database.file.open("r+b") as file:
        file.truncate(home.database.file.stat().st_size // 2)
    with pytest.raises(DatabaseDamaged, match="restore"):
        back_up(Home(home.folder), KEEP)
    assert [backup.folder for backup in list_backups(whole[0].parent)] == whole[::-1]


@pytest.mark.parametrize("change", ["flip", "cut", "remove", "manifest"])
def test_a_changed_backup_is_refused_before_anything_is_touched(home: Home, change: str) -> None:
    backup = back_up(home, KEEP)
    home.close()
    before = texts(home.folder)
    file = next(backup.folder.glob("index/segments/*/vectors.faiss"))
    match change:
        case "flip":
            damage(file)
        case "cut":
            os.truncate(file, 10)
        case "remove":
            file.unlink()
        case _:
            (backup.folder / "backup.json").write_text('{"format": 1, "files": {"../../evil": {}}}')
    with pytest.raises(BackupInvalid, match=str(backup.folder)):
        restore(backup.folder, home.folder, replace=True)
    assert texts(home.folder) == before
    assert {child.name for child in home.folder.parent.iterdir() if "home" in child.name} == {"home", "home-backups"}


def test_a_home_that_holds_something_is_replaced_only_on_demand_and_kept_aside(
    settings: ServiceSettings, chat: Path, home: Home
) -> None:
    backup = back_up(home, KEEP)
    home.close()
    add_thread(chat, 1)
    index_home(settings)
    with pytest.raises(RestoreRefused, match="--replace"):
        restore(backup.folder, settings.home)
    done = restore(backup.folder, settings.home, replace=True)
    assert done.replaced is not None
    assert (len(texts(done.replaced)), len(texts(settings.home))) == (41, 40)


def test_a_home_that_is_open_or_being_written_is_not_replaced(home: Home) -> None:
    backup = back_up(home, KEEP)
    with pytest.raises(RestoreRefused, match="serve"):
        restore(backup.folder, home.folder, replace=True)
    home.close()
    with home.writing(), pytest.raises(HomeBusy):
        restore(backup.folder, home.folder, replace=True)
    restore(backup.folder, home.folder, replace=True)


def test_an_empty_folder_is_filled_without_asking_and_a_backup_inside_it_refused(home: Home, tmp_path: Path) -> None:
    backup = back_up(home, KEEP)
    (tmp_path / "empty").mkdir()
    assert restore(backup.folder, tmp_path / "empty").replaced is None
    inside = tmp_path / "empty" / backup.folder.name
    shutil.copytree(backup.folder, inside)
    with pytest.raises(RestoreRefused, match="inside"):
        restore(inside, tmp_path / "empty", replace=True)
    with pytest.raises(BackupInvalid, match="inside"):
        back_up(home, KEEP, to=home.folder / "backups")


def test_an_older_schema_is_migrated_before_the_home_is_replaced(tmp_path: Path) -> None:
    from tests.unit.store.test_migrations import database_of

    (tmp_path / "old").mkdir()
    database_of("0001", tmp_path / "old" / "knowwho.sqlite")
    old = Home(tmp_path / "old")
    backup = back_up(old, KEEP)
    old.close()
    assert backup.schema == "0001"
    restored = restore(backup.folder, tmp_path / "new")
    assert restored.schema != "0001"
    new = Home(tmp_path / "new")
    assert new.database.check() == []
    new.close()


KILLED = """
import sys, time
from pathlib import Path
from indexer.home import Home
from indexer.pipeline.backup import back_up
from indexer.pipeline.restore import restore
from indexer.settings import BackupSettings
print("started", flush=True)
what, place, home = sys.argv[1:]
if what == "backup":
    while True:
        back_up(Home(Path(home)), BackupSettings(folder=Path(place), keep=2))
while True:
    restore(Path(place), Path(home), replace=True)
"""


def kill_at(what: str, place: Path, home: Path, seconds: float) -> None:
    command = [sys.executable, "-c", KILLED, what, str(place), str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(seconds)
        assert process.poll() is None, "ended by itself"
        process.send_signal(signal.SIGKILL)
        process.wait()


def moments(count: int) -> list[float]:
    return [0.01 + 0.3 * (0.618034 * n % 1) for n in range(count)]


def test_a_backup_killed_at_any_moment_leaves_only_whole_backups(home: Home, tmp_path: Path) -> None:
    place = tmp_path / "place"
    back_up(home, KEEP, to=place)
    for seconds in moments(4):
        kill_at("backup", place, home.folder, seconds)
        found = list_backups(place)
        assert found
        assert [verify_backup(backup) for backup in found] == [[] for _ in found]
    last = back_up(home, KEEP, to=place)
    assert {child.name for child in place.iterdir()} - {b.folder.name for b in list_backups(place)} <= {"backup.lock"}
    restore(last.folder, tmp_path / "restored")
    assert len(texts(tmp_path / "restored")) == 40


def test_a_restore_killed_at_any_moment_leaves_the_old_home_or_the_new_one(
    settings: ServiceSettings, chat: Path, home: Home, tmp_path: Path
) -> None:
    backup = back_up(home, KEEP)
    home.close()
    add_thread(chat, 1)
    for seconds in moments(4):
        index_home(settings)
        kill_at("restore", backup.folder, settings.home, seconds)
        assert len(texts(settings.home)) in (40, 41)
        for aside in tmp_path.glob("home.replaced-*"):
            assert len(texts(aside)) in (40, 41)
            shutil.rmtree(aside)
    restore(backup.folder, settings.home, replace=True)
    assert len(texts(settings.home)) == 40
    assert not (tmp_path / "home.restoring").exists()


def test_the_command_line_backs_up_lists_verifies_and_restores(settings: ServiceSettings, tmp_path: Path) -> None:
    def knowwho(*arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "service.cli", "--config", str(tmp_path / "knowwho.yaml"), *arguments]
        finished = subprocess.run(command, capture_output=True, text=True, check=False)
        assert finished.returncode == code, finished.stderr
        assert "Traceback" not in finished.stderr
        return finished

    made = json.loads(knowwho("backup", "--json").stdout)
    assert json.loads(knowwho("backup", "list", "--json").stdout) == [made]
    assert "--replace" in knowwho("restore", "latest", code=1).stderr
    assert "replaced-" in knowwho("restore", Path(made["folder"]).name, "--replace").stdout
    assert len(texts(settings.home)) == 40
    damage(Path(made["folder"]) / "knowwho.sqlite")
    assert "knowwho.sqlite" in knowwho("backup", "verify", made["folder"], code=1).stderr
