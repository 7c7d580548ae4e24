import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexer.domain.content import ItemState
from indexer.domain.errors import HomeBusy
from indexer.embedding.hashing import HashingEncoder
from indexer.home import Home
from indexer.index import Generation
from indexer.pipeline import reindex
from indexer.store import contributions, documents, items, passages, people
from service.settings import ServiceSettings
from tests.fakes import index_home, settings_for, write_thread


@pytest.fixture
def library(tmp_path: Path) -> Path:
    folder = tmp_path / "library"
    (folder / "brakes").mkdir(parents=True)
    (folder / "brakes" / "pads.md").write_text("---\nauthors: [min@x.example]\n---\n# Pads\n\nPads wear on wet days.\n")
    (folder / "brakes" / "hoses.md").write_text("# Hoses\n\nHoses crack in the cold.\n")
    (folder / "doors.txt").write_text("Door seals want glycerine before the winter.\n")
    return folder


@pytest.fixture
def settings(tmp_path: Path, library: Path) -> ServiceSettings:
    return settings_for(tmp_path, [folder_source(library)])


def folder_source(library: Path, **values: Any) -> dict[str, Any]:
    return {"name": "library", "kind": "folder", "path": str(library), "community": {"path": "^([^/]+)/"}, **values}


def generation_of(settings: ServiceSettings) -> Generation:
    found = Home(settings.home).index.open_current()
    assert found is not None
    return found


def titles(settings: ServiceSettings) -> set[str]:
    home = Home(settings.home)
    with home.database.read() as transaction:
        found = documents.list_documents(transaction, documents.all_audiences(transaction), limit=1000)
    home.close()
    return {document.title for document in found}


def states(settings: ServiceSettings) -> dict[str, tuple[ItemState, str | None]]:
    home = Home(settings.home)
    with home.database.read() as transaction:
        found = {entry.uri: (entry.state, entry.reason) for entry in items.report_items(transaction, ItemState)}
    home.close()
    return found


def test_the_index_holds_exactly_the_passages_of_the_database(settings: ServiceSettings) -> None:
    result = index_home(settings)
    home = Home(settings.home)
    with home.database.read() as transaction:
        stored = passages.passage_ids(transaction)
    assert result.sources[0].read == 3
    assert generation_of(settings).passage_ids().tolist() == stored
    assert home.index.problems() == []
    home.close()


def test_a_second_run_reads_embeds_and_publishes_nothing(settings: ServiceSettings) -> None:
    first = index_home(settings)
    second = index_home(settings)
    assert (second.sources[0].read, second.sources[0].unchanged, second.sources[0].build) == (0, 3, None)
    assert second.generation == first.generation


def test_a_touched_file_with_the_same_content_is_not_parsed_again(settings: ServiceSettings, library: Path) -> None:
    (library / "doors.txt").unlink()
    index_home(settings.model_copy(update={"sources": (settings.sources[0].model_copy(update={"file_dates": False}),)}))
    os.utime(library / "brakes" / "pads.md", (1, 1))
    second = index_home(
        settings.model_copy(update={"sources": (settings.sources[0].model_copy(update={"file_dates": False}),)})
    )
    assert (second.sources[0].read, second.sources[0].unchanged) == (0, 2)


def test_a_changed_file_costs_only_itself(settings: ServiceSettings, library: Path) -> None:
    index_home(settings)
    (library / "doors.txt").write_text("Door seals want silicone, says another school.\n")
    result = index_home(settings)
    build = result.sources[0].build
    assert result.sources[0].read == 1
    assert build is not None
    assert build.embedded == 1
    assert generation_of(settings).passage_ids().size == 3


def test_a_deleted_file_is_gone_from_database_and_index(settings: ServiceSettings, library: Path) -> None:
    index_home(settings)
    (library / "doors.txt").unlink()
    result = index_home(settings)
    assert result.sources[0].removed == 1
    assert titles(settings) == {"Pads", "Hoses"}
    assert generation_of(settings).passage_ids().size == 2


def test_a_moved_file_is_not_embedded_again_when_its_text_and_title_stay(
    settings: ServiceSettings, library: Path
) -> None:
    index_home(settings)
    (library / "brakes" / "hoses.md").rename(library / "brakes" / "air-hoses.md")
    build = index_home(settings).sources[0].build
    assert build is not None
    assert build.embedded == 0


def test_a_full_run_reads_everything_and_embeds_nothing_again(settings: ServiceSettings) -> None:
    index_home(settings)
    result = index_home(settings, full=True)
    build = result.sources[0].build
    assert result.sources[0].read == 3
    assert build is not None
    assert (build.embedded, build.reused) == (0, 3)


def test_changed_settings_of_a_source_make_it_read_again(settings: ServiceSettings, tmp_path: Path) -> None:
    index_home(settings)
    again = settings_for(tmp_path, [folder_source(tmp_path / "library", document_kind="lesson")])
    assert index_home(again).sources[0].read == 3


def test_a_source_that_vanishes_is_reported_and_keeps_what_it_had(settings: ServiceSettings, library: Path) -> None:
    index_home(settings)
    shutil.rmtree(library)
    result = index_home(settings)
    assert str(library) in (result.sources[0].error or "")
    assert titles(settings) == {"Pads", "Hoses", "Doors"}


def test_a_source_that_comes_back_is_read_again(settings: ServiceSettings, library: Path) -> None:
    index_home(settings)
    library.rename(library.with_name("unmounted"))
    index_home(settings)
    library.with_name("unmounted").rename(library)
    result = index_home(settings)
    assert (result.sources[0].error, result.sources[0].unchanged) == (None, 3)


def test_an_unreadable_item_has_a_state_and_a_reason_and_stops_nothing(
    settings: ServiceSettings, library: Path
) -> None:
    (library / "broken.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    (library / "dump.bin").write_bytes(bytes(range(256)) * 10)
    (library / "empty.md").write_text("")
    index_home(settings)
    found = states(settings)
    assert found["broken.pdf"][0] is ItemState.FAILED
    assert found["dump.bin"][0] is ItemState.SKIPPED
    assert found["empty.md"][0] is ItemState.NO_TEXT
    assert all(found[uri][1] for uri in ("broken.pdf", "dump.bin", "empty.md"))
    assert titles(settings) == {"Pads", "Hoses", "Doors"}


def test_an_item_that_has_become_unreadable_loses_its_document(settings: ServiceSettings, library: Path) -> None:
    index_home(settings)
    (library / "doors.txt").write_text("")
    index_home(settings)
    assert titles(settings) == {"Pads", "Hoses"}
    assert generation_of(settings).passage_ids().size == 2


def test_a_corrupt_index_is_built_again_from_the_database(settings: ServiceSettings, library: Path) -> None:
    index_home(settings)
    home = Home(settings.home)
    shutil.rmtree(next(home.index.segments.iterdir()))
    shutil.copytree(library, library.with_name("kept"))
    index_home(settings)
    assert home.index.problems() == []
    assert generation_of(settings).passage_ids().size == 3
    home.close()


def test_many_small_segments_are_merged_without_embedding(tmp_path: Path, library: Path) -> None:
    settings = settings_for(
        tmp_path,
        [folder_source(library)],
        index={"segment_passages": 1000, "max_segments": 3, "keep_generations": 1},
    )
    for number in range(6):
        (library / f"note-{number}.md").write_text(f"# Note {number}\n\nSomething about part {number}.\n")
        build = index_home(settings).sources[0].build
        assert build is not None
        assert build.embedded == (4 if number == 0 else 1)
    assert len(generation_of(settings).segments) <= 4
    assert generation_of(settings).passage_ids().size == 9


def test_two_runs_at_once_do_not_mix(settings: ServiceSettings) -> None:
    home = Home(settings.home)
    with home.writing(), pytest.raises(HomeBusy, match="another process"):
        reindex(Home(settings.home), HashingEncoder(), settings, settings.sources)


def test_people_of_all_sources_meet_in_one_person(tmp_path: Path, library: Path) -> None:
    (tmp_path / "chat.jsonl").write_text(
        write_thread("t1", "Squeal", ("ivy", "Why do they squeal?"), ("minl", "Glazed pads."), community="brakes")
    )
    (tmp_path / "people.yaml").write_text(
        "people:\n  - {id: min-lee, name: Min Lee, addresses: [MIN@x.example], handles: {chat: minl}, unit: Bogies}\n"
        "communities:\n  - {slug: brakes, name: Brakes, stewards: [min-lee]}\n"
    )
    settings = settings_for(
        tmp_path,
        [
            {"name": "directory", "kind": "directory", "path": "people.yaml"},
            folder_source(library),
            {"name": "chat", "kind": "threads", "path": "chat.jsonl"},
        ],
    )
    index_home(settings)
    home = Home(settings.home)
    with home.database.read() as transaction:
        readable = documents.all_audiences(transaction)
        found = documents.list_documents(transaction, readable, person="min-lee", limit=10)
        thread = next(document for document in found if document.title == "Squeal")
        roles = {part.person: part.role for part in contributions.parts_in(transaction, [thread.id], readable)}
        (taking_part,) = people.participations(transaction, readable, people_ids=["min-lee"])
    home.close()
    assert {document.title for document in found} == {"Pads", "Squeal"}
    assert roles.pop("min-lee") == "answerer"
    assert list(roles.values()) == ["asker"]
    assert (taking_part.role, taking_part.documents) == ("steward", 2)


def test_people_that_a_killed_run_left_unresolved_are_resolved_by_the_next(
    settings: ServiceSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(sys.modules["indexer.pipeline.reindex"], "resolve_people", killed)
        with pytest.raises(KeyboardInterrupt):
            index_home(settings)
    home = Home(settings.home)
    with home.database.read() as transaction:
        assert people.count_people(transaction) == 0
    assert index_home(settings).sources[0].read == 0
    with home.database.read() as transaction:
        assert people.count_people(transaction) == 1
    home.close()


KILLED = """
import sys
from pathlib import Path
from tests.fakes import index_home, settings_for
from indexer.settings import load_settings
from service.settings import ServiceSettings
index_home(load_settings(ServiceSettings, Path(sys.argv[1])))
"""


@pytest.mark.parametrize("delay_seconds", [0.7, 1.0, 1.4, 2.0])
def test_a_killed_run_loses_nothing_and_leaves_the_old_generation_serving(tmp_path: Path, delay_seconds: float) -> None:
    threads = tmp_path / "chat.jsonl"
    threads.write_text(write_thread("t0", "The first", ("ivy", "What serves while others are read?")))
    settings = settings_for(tmp_path, [{"name": "chat", "kind": "threads", "path": "chat.jsonl"}])
    before = index_home(settings).generation
    lines = [
        write_thread(f"t{n}", f"Thread {n}", ("ivy", f"Question {n}?"), ("minl", f"Answer {n}.")) for n in range(2000)
    ]
    threads.write_text("".join(lines))
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path / "knowwho.yaml")], start_new_session=True)
    time.sleep(delay_seconds)
    finished = child.poll() is not None
    if not finished:
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    home = Home(settings.home)
    assert home.database.check() == []
    assert home.index.problems() == []
    assert finished or home.index.current_name() == before
    index_home(settings)
    with home.database.read() as transaction:
        stored = passages.passage_ids(transaction)
    assert len(stored) == 2000
    assert np.array_equal(generation_of(settings).passage_ids(), stored)
    assert not list(home.index.root.glob("journal-*"))
    home.close()
