"""After somebody is erased, no byte of them is left in the home or in later backups, and no source brings any back."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from indexer.contributed import keep_columns
from indexer.domain.accounts import Account, Session
from indexer.domain.errors import Conflict
from indexer.domain.feedback import Judgement, Target, TargetKind
from indexer.domain.jobs import JobKind, JobRequest, JobState
from indexer.embedding.hashing import HashingEncoder
from indexer.home import Home
from indexer.jobs.forgetting import forget_ended
from indexer.jobs.queue import JobQueue
from indexer.pipeline.backup import back_up
from indexer.pipeline.erasure import erase_person, finish_erasures
from indexer.settings import BackupSettings
from indexer.store import accounts, contributions, documents, erased, feedback, jobs, passages, people
from service.contributed import Contributed
from service.settings import ServiceSettings
from tests.fakes import index_home, settings_for, write_thread

NOW = datetime(2025, 3, 2, tzinfo=UTC)
PERSON = "ottilie-krummacher"
TRACES = ("krummach", "ottili", "okrumm77", "ottilie.k@example.org")

DIRECTORY = """
people:
  - id: ottilie-krummacher
    name: Ottilie Krummacher
    addresses: [ottilie.k@example.org]
    handles: {chat: okrumm77}
    unit: Rails
  - {id: bo, name: Bo Lund, addresses: [bo@example.org], handles: {chat: bo}}
communities:
  - {slug: brakes, name: Brakes, domain: Ask Ottilie Krummacher about brakes., stewards: [ottilie-krummacher, bo]}
"""

LIBRARY = {
    "squeal.md": """---
title: Squeal, by Ottilie Krummacher
authors: [Ottilie Krummacher <ottilie.k@example.org>]
reviewers: [Bo Lund <bo@example.org>]
---
## What Krummacher, Ottilie found

Chamfer the pads. Write to ottilie.k@example.org or @okrumm77 for more.
""",
    "pads.md": "---\ntitle: Pads\nauthors: [Bo Lund <bo@example.org>]\n---\nOTTÍLIE KRUMMACHER measured pads.\n",
    "resin.md": "---\ntitle: Resin\nauthors: [Ottilie Krummacher]\n---\nResin hardens slowly on cold days.\n",
    "doors.md": "---\ntitle: Doors\n---\nDoors have a step sensor.\n",
}


@pytest.fixture
def settings(tmp_path: Path) -> ServiceSettings:
    library = tmp_path / "library"
    library.mkdir()
    for name, text in LIBRARY.items():
        (library / name).write_text(text)
    (tmp_path / "directory.yaml").write_text(DIRECTORY)
    thread = write_thread(
        "t1",
        "Brakes squeal, Ottilie Krummacher knows",
        ("bo", "My brakes squeal. @okrumm77, why?"),
        ("okrumm77", "Because the pads are worn on the inner side.\n\nBest regards,\nOttilie"),
        ("bo", "Thanks, that helped a lot."),
        community="brakes",
    )
    (tmp_path / "chat.jsonl").write_text(thread)
    sources = [
        {"name": "directory", "kind": "directory", "path": str(tmp_path / "directory.yaml")},
        {"name": "library", "kind": "folder", "path": str(library), "handles": "chat"},
        {"name": "chat", "kind": "threads", "path": str(tmp_path / "chat.jsonl"), "handles": "chat"},
    ]
    return settings_for(tmp_path, sources, parsing={"workers": 1})


@pytest.fixture
def home(settings: ServiceSettings) -> Iterator[Home]:
    index_home(settings)
    home = Home(settings.home)
    yield home
    home.close()


def live(home: Home, settings: ServiceSettings) -> None:
    """Leave traces of the person wherever people leave some."""
    keep_columns(home, least_parts=0)
    account = Account(
        "a1", "ottilie.k@example.org", PERSON, admin=False, disabled=False, has_password=False, created=NOW
    )
    boss = Account("a2", "boss", None, admin=True, disabled=False, has_password=False, created=NOW)
    told = Judgement("j1", "a1", "who is krummacher", ("krummacher",), Target(TargetKind.PERSON, "bo"), True, NOW)
    on_them = Judgement("j2", "v2", "squeal", ("squeal",), Target(TargetKind.PERSON, PERSON), True, NOW)
    naming = Judgement("j3", "v2", "is Ottilie Krummacher in", ("in",), Target(TargetKind.PERSON, "bo"), True, NOW)
    queue = JobQueue(home, settings)
    job = queue.enqueue(JobRequest(JobKind.REINDEX, {"items": [["chat", "t1"]]}, asked_by="ottilie.k@example.org"))
    queue.cancel(job)
    queue.close()
    with home.database.begin() as transaction:
        for entry in (account, boss):
            accounts.add_account(transaction, entry, None)
        accounts.add_session(transaction, Session("s1", "a1", NOW, NOW, NOW, "Krummacher's browser"), b"1" * 32)
        for judgement in (told, on_them, naming):
            feedback.save_judgement(transaction, judgement)
        claim = jobs.Claim(job, "w", 1)
        jobs.retry_job(transaction, job)
        jobs.claim_job(transaction, job, "w", NOW)
        jobs.end_job(transaction, claim, JobState.FAILED, NOW, {"told": ["by Ottilie Krummacher"]}, "okrumm77 is odd")


def finish(home: Home, settings: ServiceSettings) -> bool:
    queue = JobQueue(home, settings)
    try:
        return finish_erasures(home, HashingEncoder(), settings, forget_jobs=lambda: forget_ended(home, queue.engine))
    finally:
        queue.close()


def found_in(folder: Path) -> dict[str, list[str]]:
    """The files below a folder that hold a trace of the person in any case, in 8 or 16 bit."""
    found = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = file.read_bytes().lower()
        held = [t for t in TRACES if any(t.encode(code) in content for code in ("utf-8", "utf-16-le", "utf-16-be"))]
        if held:
            found[file.relative_to(folder).as_posix()] = held
    return found


def names(home: Home) -> list[str]:
    with home.database.read() as transaction:
        return list(people.all_names(transaction).values())


def test_no_byte_of_whoever_was_erased_is_left(home: Home, settings: ServiceSettings, tmp_path: Path) -> None:
    live(home, settings)
    before = found_in(settings.home)
    assert {"knowwho.sqlite", "words.txt", "terms.txt"} <= {Path(name).name for name in before}
    assert any(name.endswith(".columns") for name in before)

    erase_person(home, PERSON, settings.passages)
    finish(home, settings)
    assert found_in(settings.home) == {}  # also while others have it open
    home.close()
    backup = back_up(home, BackupSettings(folder=tmp_path / "backups", keep=1))
    home.close()

    assert found_in(settings.home) == {}
    assert found_in(backup.folder) == {}


def test_the_file_of_parts_knows_nobody_who_was_erased(home: Home, settings: ServiceSettings) -> None:
    keep_columns(home, least_parts=0)
    with home.database.read() as transaction:
        serving = Contributed(home).now(transaction)
    assert serving.columns.ids.number(PERSON) is not None
    erase_person(home, PERSON, settings.passages)
    keep_columns(home, least_parts=0)

    with home.database.read() as transaction:
        known = Contributed(home).now(transaction)
    (file,) = (home.folder / "columns").glob("*.columns")
    assert known.mapped
    assert known.columns.ids.number(PERSON) is None
    assert PERSON.encode() not in file.read_bytes()


def test_reading_the_sources_again_brings_nobody_back(home: Home, settings: ServiceSettings) -> None:
    erase_person(home, PERSON, settings.passages)
    finish(home, settings)

    index_home(settings, full=True)
    home.close()

    assert found_in(settings.home) == {}
    assert names(home) == ["Bo Lund"]


def test_nobody_finds_them_from_the_moment_they_are_erased(home: Home, settings: ServiceSettings) -> None:
    live(home, settings)

    erase_person(home, PERSON, settings.passages)

    with home.database.read() as transaction:
        audiences = documents.all_audiences(transaction)
        found = {d.title: d for d in documents.list_documents(transaction, audiences, limit=10)}
        texts = passages.find_passages(transaction, passages.passage_ids(transaction)).values()
        told = " ".join([*found, *(f"{p.text} {p.locator.heading}" for p in texts)]).casefold()
        assert [account.id for account in accounts.all_accounts(transaction)] == ["a2"]
        assert feedback.all_judgements(transaction) == []
        (job,) = jobs.list_jobs(transaction)
        assert erased.is_unfinished(transaction)
    assert not [trace for trace in ("krummach", *TRACES[2:]) if trace in told]
    assert "Squeal, by former member" in found
    assert "What former member found" in {p.locator.heading for p in texts}
    assert (job.request.asked_by, job.error) == ("former member", "former member is odd")
    assert job.result == {"told": ["by former member"]}


def test_a_thread_reads_as_before_with_a_former_member_in_it(home: Home, settings: ServiceSettings) -> None:
    def authors() -> list[tuple[str | None, str | None]]:
        with home.database.read() as transaction:
            (thread,) = (
                d
                for d in documents.list_documents(transaction, documents.all_audiences(transaction), limit=10)
                if d.source == "chat"
            )
            written = contributions.message_authors(transaction, thread.id, documents.all_audiences(transaction))
            text = " ".join(block.text for block in documents.read_blocks(transaction, thread.id))
            assert "worn on the inner side" in text
            assert "Ottilie" not in text
            return [(author.person, author.name) for author in written]

    erase_person(home, PERSON, settings.passages)
    at_once = authors()
    index_home(settings, full=True)

    assert at_once == authors() == [("bo", "Bo Lund"), (None, "former member"), ("bo", "Bo Lund")]


def test_documents_keep_the_roles_of_former_members(home: Home, settings: ServiceSettings) -> None:
    def roles() -> list[tuple[str, str | None]]:
        with home.database.read() as transaction:
            rows = transaction.exec_driver_sql(
                "SELECT c.role, i.display_name FROM contributions c JOIN identities i ON i.id = c.identity_id "
                "JOIN documents d ON d.id = c.document_id WHERE d.uri = 'squeal.md' ORDER BY c.role"
            )
            return [tuple(row) for row in rows]

    erase_person(home, PERSON, settings.passages)
    at_once = roles()
    index_home(settings, full=True)

    assert at_once == roles() == [("author", "former member"), ("reviewer", "Bo Lund")]


def test_an_erasure_that_was_killed_is_finished_by_the_next_run(
    home: Home, settings: ServiceSettings, tmp_path: Path
) -> None:
    erase_person(home, PERSON, settings.passages)
    home.close()

    for moment in ("find_near_duplicates", "forget_dead", "forget_deleted"):
        killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "knowwho.yaml"), moment], check=False)
        assert killed.returncode == 9
    with home.database.read() as transaction:
        assert erased.is_unfinished(transaction)
    assert finish(home, settings)
    home.close()

    assert found_in(settings.home) == {}
    assert not finish(home, settings)


KILLED = """
import os, sys
from pathlib import Path
from indexer.embedding.hashing import HashingEncoder
from indexer.home import Home
from indexer.pipeline import erasure
from indexer.settings import load_settings
from service.settings import ServiceSettings

settings = load_settings(ServiceSettings, Path(sys.argv[1]))
setattr(erasure, sys.argv[2], lambda *_, **__: os._exit(9))
erasure.finish_erasures(Home(settings.home), HashingEncoder(), settings)
"""


def test_somebody_else_of_the_same_name_stays(home: Home, settings: ServiceSettings, tmp_path: Path) -> None:
    listed = "  - {id: other, name: Ottilie Krummacher, addresses: [other@example.org]}\ncommunities:"
    (tmp_path / "directory.yaml").write_text(DIRECTORY.replace("communities:", listed))
    index_home(settings)

    erase_person(home, PERSON, settings.passages)
    index_home(settings, full=True)

    with home.database.read() as transaction:
        assert people.find_person(transaction, "other") is not None
        assert people.find_person(transaction, PERSON) is None
        audiences = documents.all_audiences(transaction)
        texts = [p.text for p in passages.find_passages(transaction, passages.passage_ids(transaction)).values()]
        titles = {document.title for document in documents.list_documents(transaction, audiences, limit=10)}
    assert any("KRUMMACHER measured" in text for text in texts)
    assert "Squeal, by former member" in titles


def test_the_only_admin_is_not_erased(home: Home, settings: ServiceSettings) -> None:
    account = Account("a1", "ottilie", PERSON, admin=True, disabled=False, has_password=False, created=NOW)
    with home.database.begin() as transaction:
        accounts.add_account(transaction, account, None)

    with pytest.raises(Conflict, match="make somebody else an admin"):
        erase_person(home, PERSON, settings.passages)

    assert "Ottilie Krummacher" in names(home)


def test_that_a_directory_still_lists_somebody_is_counted(home: Home, settings: ServiceSettings) -> None:
    erase_person(home, PERSON, settings.passages)
    index_home(settings, full=True)

    with home.database.read() as transaction:
        assert erased.count_listed(transaction) == 1
