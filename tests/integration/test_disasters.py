"""What goes wrong with disks and files: each is told clearly, what can be served is, and nothing is lost."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from indexer.domain.errors import DatabaseDamaged, StorageFull, StorageReadOnly
from indexer.domain.jobs import JobKind, JobRequest
from indexer.domain.progress import Progress
from indexer.embedding.hashing import HashingEncoder
from indexer.home import Home
from indexer.pipeline import reindex
from indexer.pipeline.backup import back_up
from indexer.pipeline.doctor import examine
from indexer.pipeline.restore import restore
from indexer.pipeline.verify import verify
from indexer.settings import BackupSettings
from indexer.store import jobs, passages
from service.app import create_app
from service.settings import ServiceSettings
from tests.fakes import index_home, settings_for, write_settings, write_thread

NOW = datetime(2025, 3, 2, 10, tzinfo=UTC)
KEEP = BackupSettings(folder=None, keep=3)


def mount(*arguments: str) -> None:
    finished = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if finished.returncode:
        pytest.skip(f"mounting is not permitted here: {finished.stderr.strip()}")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of three megabytes of its own."""
    if shutil.which("mount") is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    mount("-t", "tmpfs", "-o", "size=3m", "none", str(folder))
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def chat(tmp_path: Path) -> Path:
    return write_chat(tmp_path / "chat.jsonl", 20)


def write_chat(file: Path, number: int, words: int = 8) -> Path:
    told = " ".join(f"squeal{n}" for n in range(words))
    lines = [write_thread(f"t{n}", f"Pads {n}", ("ivy", f"Pads number {n}: {told}")) for n in range(number)]
    file.write_text("".join(lines))
    return file


def add_threads(chat: Path, number: int) -> None:
    """So many long threads that nobody asks about."""
    told = " ".join(f"hose{n}" for n in range(300))
    with chat.open("a") as file:
        file.writelines(write_thread(f"n{n}", f"Hoses {n}", ("min", f"Hose {n} {told}")) for n in range(number))


@pytest.fixture
def settings(tmp_path: Path, chat: Path) -> ServiceSettings:
    return settings_for(tmp_path, [source(chat)])


def source(chat: Path) -> dict[str, Any]:
    return {"name": "chat", "kind": "threads", "path": str(chat)}


def on_disk(tmp_path: Path, disk: Path, chat: Path) -> ServiceSettings:
    write_settings(tmp_path, [source(chat)])
    return settings_for(tmp_path, [source(chat)]).model_copy(update={"home": disk / "home"})


def texts(folder: Path) -> list[str]:
    """The text of every passage that the home's index holds, in order; the home must be whole."""
    home = Home(folder)
    try:
        assert (home.database.check(), home.index.problems()) == ([], [])
        generation = home.index.open_current()
        assert generation is not None
        with home.database.read() as transaction:
            rows = passages.indexable_passages(transaction, [int(p) for p in generation.passage_ids()])
            return sorted(row.text for row in rows)
    finally:
        home.close()


def client_of(settings: ServiceSettings) -> TestClient:
    return TestClient(create_app(settings, Home(settings.home), HashingEncoder()))


def found(client: TestClient) -> int:
    response = client.get("/api/v1/search", params={"q": "pads squeal1"})
    assert response.status_code == 200, response.text
    return len(response.json()["passages"])


def send_feedback(client: TestClient) -> Any:
    document = client.get("/api/v1/search", params={"q": "pads"}).json()["passages"][0]["document"]["id"]
    told = {"query": "pads", "document": document, "useful": True}
    return client.post("/api/v1/feedback", json=told)


def knowwho(tmp_path: Path, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "service.cli", "--config", str(tmp_path / "knowwho.yaml"), *arguments]
    finished = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "KNOWWHO_HOME": str(home)}
    )
    assert "Traceback" not in finished.stderr
    return finished


def test_a_full_disk_stops_indexing_keeps_serving_and_the_next_run_goes_on(
    tmp_path: Path, disk: Path, chat: Path
) -> None:
    settings = on_disk(tmp_path, disk, chat)
    index_home(settings)
    add_threads(chat, 400)
    with pytest.raises(StorageFull, match="free some room"):
        index_home(settings)
    finished = knowwho(tmp_path, settings.home, "index")
    assert finished.returncode == 1
    assert "free some room" in finished.stderr
    with client_of(settings) as client:
        assert found(client) > 0
    mount("-o", "remount,size=256m", str(disk))
    index_home(settings)
    assert len(texts(settings.home)) >= 420


def test_on_a_full_disk_answers_go_on_and_feedback_is_refused_with_507(tmp_path: Path, disk: Path, chat: Path) -> None:
    settings = on_disk(tmp_path, disk, chat)
    index_home(settings)
    with client_of(settings) as client:
        assert found(client) > 0
        fill_up(disk)
        assert found(client) > 0
        refused = send_feedback(client)
        assert refused.status_code == 507, refused.text
        assert refused.headers["content-type"] == "application/problem+json"
        assert str(disk) not in refused.text
        (disk / "filler").unlink()
        assert send_feedback(client).status_code in (200, 201)
    assert len(texts(settings.home)) == 20


def fill_up(disk: Path) -> None:
    with (disk / "filler").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return


def test_a_backup_that_finds_too_little_room_leaves_nothing_and_the_old_ones_stay(
    disk: Path, settings: ServiceSettings
) -> None:
    index_home(settings)
    home = Home(settings.home)
    fill_up(disk)
    with pytest.raises(StorageFull, match="free some room"):
        back_up(home, KEEP, to=disk)
    assert [child.name for child in disk.iterdir() if child.name.startswith("knowwho-")] == []
    home.close()


def test_a_restore_that_finds_too_little_room_changes_nothing(disk: Path, settings: ServiceSettings) -> None:
    index_home(settings)
    home = Home(settings.home)
    backup = back_up(home, KEEP)
    home.close()
    fill_up(disk)
    with pytest.raises(StorageFull, match="free some room"):
        restore(backup.folder, disk / "home")
    assert not (disk / "home").exists()


WITH_A_LIMIT = """
import resource, sys
from pathlib import Path
from indexer.domain.errors import StorageFull
from indexer.embedding.hashing import HashingEncoder
from indexer.home import Home
from indexer.pipeline import reindex
from indexer.settings import load_settings
from service.settings import ServiceSettings
settings = load_settings(ServiceSettings, Path(sys.argv[2]))
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
try:
    reindex(Home(settings.home), HashingEncoder(), settings, settings.sources)
except StorageFull as error:
    print(error)
"""


@pytest.mark.parametrize("limit", [64 * 1024, 400 * 1024])
def test_a_file_that_may_not_grow_is_told_and_costs_nothing(
    tmp_path: Path, settings: ServiceSettings, chat: Path, limit: int
) -> None:
    index_home(settings)
    before = texts(settings.home)
    add_threads(chat, 200)
    command = [sys.executable, "-c", WITH_A_LIMIT, str(limit), str(tmp_path / "knowwho.yaml")]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "free some room" in finished.stdout, finished.stderr
    assert set(before) <= set(texts(settings.home))
    index_home(settings)
    assert len(texts(settings.home)) >= 220


def test_a_read_only_home_answers_and_refuses_changes(tmp_path: Path, disk: Path, chat: Path) -> None:
    settings = on_disk(tmp_path, disk, chat)
    index_home(settings)
    mount("-o", "remount,ro", str(disk))
    with client_of(settings) as client:
        assert found(client) > 0
        assert client.get("/").status_code == 200
        assert client.get("/", params={"q": "pads"}).status_code == 200
        refused = send_feedback(client)
        assert refused.status_code == 503, refused.text
        assert str(disk) not in refused.text
    with pytest.raises(StorageReadOnly, match="read-only"):
        index_home(settings)
    finished = knowwho(tmp_path, settings.home, "index")
    assert finished.returncode == 1
    assert "read-only" in finished.stderr
    home = Home(settings.home)
    home.prepare()
    with pytest.raises(StorageReadOnly, match="read-only"):
        back_up(home, KEEP, to=disk / "backups")
    assert {finding.area for finding in examine(home, settings).findings if finding.wrong} >= {"folders"}
    made = back_up(home, KEEP, to=tmp_path / "backups")
    home.close()
    mount("-o", "remount,rw", str(disk))
    restore(made.folder, tmp_path / "restored")
    assert texts(tmp_path / "restored") == texts(settings.home)


def test_a_reader_of_a_read_only_view_sees_what_is_written_elsewhere(tmp_path: Path, disk: Path, chat: Path) -> None:
    settings = on_disk(tmp_path, disk, chat)
    index_home(settings)
    view = tmp_path / "view"
    view.mkdir()
    mount("--bind", str(disk), str(view))
    try:
        mount("-o", "remount,bind,ro", str(view))
        reading, writing = Home(view / "home"), Home(settings.home)
        counts = [count_passages(reading)]
        add_threads(chat, 5)
        index_home(settings)
        counts.append(count_passages(reading))
        with writing.database.begin() as transaction:
            transaction.exec_driver_sql("DELETE FROM items WHERE uri = 't1'")
        counts.append(count_passages(reading))
        writing.close()
        counts.append(count_passages(reading))
        reading.close()
    finally:
        subprocess.run(["umount", "--lazy", str(view)], check=True)
    assert counts[0] < counts[1] == counts[2] + 1 == counts[3] + 1


def count_passages(home: Home) -> int:
    with home.database.read() as transaction:
        return len(passages.passage_ids(transaction))


@pytest.mark.parametrize("left", ["nothing", "an empty folder"])
def test_a_source_that_vanishes_half_way_keeps_what_was_read_from_it(tmp_path: Path, left: str) -> None:
    library = tmp_path / "library"
    library.mkdir()
    for number in range(150):
        (library / f"{number:03}.md").write_text(f"# Hose {number}\n\nHose {number} cracks in the cold.\n")
    settings = settings_for(tmp_path, [{"name": "library", "kind": "folder", "path": str(library)}])
    index_home(settings)
    assert len(texts(settings.home)) == 150

    def take_away(progress: Progress) -> None:
        if progress.phase.startswith("reading") and library.exists():
            library.rename(tmp_path / "away")
            if left == "an empty folder":
                library.mkdir()

    home = Home(settings.home)
    result = reindex(home, HashingEncoder(), settings, settings.sources, full=True, report=take_away)
    home.close()
    assert "run again" in (result.sources[0].error or "")
    assert len(texts(settings.home)) == 150
    shutil.rmtree(library, ignore_errors=True)
    (tmp_path / "away").rename(library)
    assert index_home(settings, full=True).sources[0].error is None
    assert len(texts(settings.home)) == 150


def cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


@pytest.mark.parametrize("harm", [cut, Path.unlink])
@pytest.mark.parametrize("name", ["vectors.faiss", "segment.json"])
def test_reindexing_mends_a_damaged_segment(settings: ServiceSettings, name: str, harm: Callable[[Path], None]) -> None:
    index_home(settings)
    before = texts(settings.home)
    home = Home(settings.home)
    harm(next(home.index.segments.glob(f"*/{name}")))
    findings = examine(home, settings).findings
    assert [finding.area for finding in findings if finding.wrong] == ["index"]
    home.close()
    with client_of(settings) as client:
        assert client.get("/api/v1/search", params={"q": "pads"}).status_code in (200, 503)
    index_home(settings)
    assert texts(settings.home) == before


def test_a_changed_byte_is_found_by_verifying_and_mended_by_reindexing(settings: ServiceSettings) -> None:
    index_home(settings)
    before = texts(settings.home)
    home = Home(settings.home)
    file = next(home.index.segments.glob("*/vectors.faiss"))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)
    (finding,) = [finding for finding in examine(home, settings).findings if finding.wrong]
    assert str(file) in finding.told
    assert "verify" in finding.advice
    assert not verify(home).whole
    home.close()
    index_home(settings)
    assert texts(settings.home) == before


def test_a_database_truncated_under_a_server_is_503_and_a_backup_brings_all_back(
    tmp_path: Path, settings: ServiceSettings, chat: Path
) -> None:
    write_chat(chat, 300, words=100)
    index_home(settings)
    before = texts(settings.home)
    home = Home(settings.home)
    backup = back_up(home, KEEP)
    home.close()
    with client_of(settings) as client:
        assert found(client) > 0
        cut(settings.home / "knowwho.sqlite")
        answers = [client.get(path) for path in ("/api/v1/search?q=pads", "/api/v1/health", "/?q=pads", "/")]
        assert {answer.status_code for answer in answers} <= {200, 503}
    finished = knowwho(tmp_path, settings.home, "report")
    assert finished.returncode == 1
    assert "restore" in finished.stderr
    for damaged in (index_home, lambda settings: back_up(Home(settings.home), KEEP)):
        with pytest.raises(DatabaseDamaged, match="restore"):
            damaged(settings)
    restore(backup.folder, settings.home, replace=True)
    assert texts(settings.home) == before


@pytest.mark.parametrize("emptied", [True, False])
def test_a_lost_database_is_not_taken_for_a_new_home(settings: ServiceSettings, emptied: bool) -> None:
    index_home(settings)
    file = settings.home / "knowwho.sqlite"
    if emptied:
        os.truncate(file, 0)
    else:
        file.unlink()
    with pytest.raises(DatabaseDamaged, match="restore a backup"):
        index_home(settings)


def test_a_damaged_page_in_the_middle_is_found_and_told(settings: ServiceSettings, chat: Path) -> None:
    write_chat(chat, 300, words=100)
    index_home(settings)
    file = settings.home / "knowwho.sqlite"
    with file.open("r+b") as content:
        content.seek(file.stat().st_size // 8192 * 4096)
        content.write(os.urandom(4096 * 8))
    home = Home(settings.home)
    assert "restore" in " ".join(finding.told + finding.advice for finding in examine(home, settings).findings)
    home.close()
    with client_of(settings) as client:
        statuses = {client.get("/api/v1/search", params={"q": f"pads {n}"}).status_code for n in range(0, 300, 25)}
    assert statuses <= {200, 503}


def test_doctor_advises_on_what_it_finds(settings: ServiceSettings, chat: Path) -> None:
    index_home(settings)
    home = Home(settings.home)
    notes = [finding.told for finding in examine(home, settings).findings]
    assert notes == ["there is no backup of this home"]
    back_up(home, KEEP)
    assert examine(home, settings).findings == ()
    (home.index.segments / "s-orphan.new").mkdir()
    (home.index.root / "journal-x-256.bin").write_bytes(b"half")
    (home.folder.parent / "home.restoring").mkdir()
    findings = examine(home, settings).findings
    assert [(finding.area, finding.wrong) for finding in findings] == [
        ("folders", False),
        ("index", False),
        ("index", False),
    ]
    request = JobRequest(JobKind.REINDEX)
    with home.database.begin() as transaction:
        jobs.add_job(transaction, "j1", request, NOW)
        jobs.claim_job(transaction, "j1", "host-1", NOW)
    (silent,) = [finding for finding in examine(home, settings).findings if finding.wrong]
    assert "host-1 is silent" in silent.told
    assert "knowwho worker" in silent.advice
    later = datetime.now(UTC) + timedelta(days=9)
    assert "9 days old" in " ".join(finding.told for finding in examine(home, settings, later).findings)
    with home.writing():
        assert examine(home, settings).facts["written_by_process"] == os.getpid()
    home.close()
