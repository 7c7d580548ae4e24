"""Verifying, rolling back, rebuilding and serving generations of a real home, with real damage."""

import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from indexer.domain.content import DocumentKind
from indexer.domain.errors import EncoderUnavailable, GenerationInvalid, IndexCorrupt, IndexOutdated, JobStopped
from indexer.domain.progress import Progress, ignore_progress
from indexer.embedding import Encoder, Vectors, open_encoder
from indexer.embedding.hashing import HashingEncoder
from indexer.home import Home
from indexer.index.files import HEAD_BYTES, write_atomically
from indexer.index.manifest import write_manifest
from indexer.pipeline import build_generation
from indexer.pipeline.costs import Cost, cost_of_change
from indexer.pipeline.generations import remove_generation, roll_back
from indexer.pipeline.rebuild import rebuild
from indexer.pipeline.verify import verify
from indexer.store import documents, outdated, passages, retired
from service.auth import ANONYMOUS
from service.experts import answer
from service.search import OpenIndex, parse_query
from service.search.engine import EARLIER, IN_PART
from service.settings import ServiceSettings
from tests.fakes import index_home, settings_for

NOTES = {
    "pads": "Pads wear on wet days and glaze on long slopes.",
    "hoses": "Hoses crack in the cold.",
    "seals": "Door seals want glycerine before the winter.",
    "sand": "Sand clogs the nozzles on foggy mornings.",
}
LONG = " ".join(f"Step {number} turns bolt B-{number} by hand and then measures it." for number in range(60))


@pytest.fixture
def settings(tmp_path: Path) -> ServiceSettings:
    for name, text in NOTES.items():
        write(tmp_path, name, text)
    return settings_for(tmp_path, [{"name": "library", "kind": "folder", "path": str(tmp_path / "library")}])


def write(folder: Path, name: str, text: str) -> None:
    (folder / "library").mkdir(exist_ok=True)
    (folder / "library" / f"{name}.md").write_text(f"# About {name}\n\n{text}\n")


@pytest.fixture
def home(settings: ServiceSettings) -> Iterator[Home]:
    index_home(settings)
    opened = Home(settings.home)
    yield opened
    opened.close()


def asking(settings: ServiceSettings, index: OpenIndex, home: Home) -> Callable[[str], tuple[list[str], str | None]]:
    """Asks a question: titles of the documents found, and what the answer had to do without."""

    def ask(question: str) -> tuple[list[str], str | None]:
        found = answer(home, index, parse_query(question), ANONYMOUS, settings)
        return [hit.passage.document.title for hit in found.page.hits], found.degraded

    return ask


def open_index(settings: ServiceSettings, home: Home) -> OpenIndex:
    index = OpenIndex(home, open_encoder(settings.encoder), settings=settings.encoder)
    index.load_model()
    return index


def with_settings(settings: ServiceSettings, section: str, **values: object) -> ServiceSettings:
    return settings.model_copy(update={section: getattr(settings, section).model_copy(update=values)})


def segment_file(home: Home, name: str) -> Path:
    generation = home.index.current_name()
    assert generation is not None
    return home.index.segments / list(home.index.manifest(generation).segments)[-1] / name


def flip_last_byte(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 0xFF]))


def eventually(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)


def test_a_fresh_home_is_verified_whole(home: Home) -> None:
    found = verify(home)
    assert (found.problems, found.behind, found.passages, found.recall) == ((), (), 4, 1.0)


def test_verifying_before_anything_was_indexed_says_so(tmp_path: Path) -> None:
    empty = Home(tmp_path / "empty")
    empty.prepare()
    assert verify(empty).problems == ("nothing has been indexed yet: run `knowwho index`",)
    empty.close()


def test_verifying_tells_how_the_database_has_moved_on_without_calling_it_damage(home: Home) -> None:
    with home.database.begin() as transaction:
        documents.remove_document(transaction, 1)
    found = verify(home)
    assert found.whole
    assert "1 of its passages are gone" in " ".join(found.behind)


def test_a_manifest_that_counts_wrong_is_a_problem(home: Home) -> None:
    name = home.index.current_name() or ""
    manifest = replace(home.index.manifest(name), passages=5)
    write_manifest(home.index.root / "generations" / f"{name}.json", manifest)
    assert "says 5" in " ".join(verify(home).problems)


def test_postings_and_vectors_that_are_of_other_passages_are_problems(home: Home, settings: ServiceSettings) -> None:
    folder = segment_file(home, "segment.json").parent
    for name in ("digests", "rows"):
        np.save(folder / f"{name}.npy", np.load(folder / f"{name}.npy")[::-1])
    seal_again(home, folder)
    told = " ".join(verify(home).problems)
    assert "is of another text" in told
    assert "do not find it" in told


def test_vectors_that_are_no_unit_vectors_are_problems(home: Home) -> None:
    file = segment_file(home, "vectors.faiss")
    content = bytearray(file.read_bytes())
    codes = np.frombuffer(content, np.float16, 256, len(content) - 512)
    codes.flags.writeable = True
    codes *= 3
    file.write_bytes(content)
    seal_again(home, file.parent)
    assert "not of unit length" in " ".join(verify(home).problems)


def seal_again(home: Home, folder: Path) -> None:
    """Make checksums true to files that were changed, as if they had been written so."""
    from indexer.index.files import checksum, head_of

    told = json.loads((folder / "segment.json").read_text())
    for name in told["files"]:
        told["files"][name], told["heads"][name] = checksum(folder / name), head_of(folder / name)
    (folder / "segment.json").write_text(json.dumps(told))
    name = home.index.current_name() or ""
    manifest = home.index.manifest(name)
    segments = {**manifest.segments, folder.name: checksum(folder / "segment.json")}
    write_manifest(home.index.root / "generations" / f"{name}.json", replace(manifest, segments=segments))


def test_a_flipped_bit_is_found_noted_and_mended_without_embedding_what_is_sound(
    home: Home, settings: ServiceSettings, tmp_path: Path
) -> None:
    write(tmp_path, "springs", "Springs lose tension after ten years.")
    index_home(settings)
    ask = asking(settings, index := open_index(settings, home), home)
    assert ask("springs lose tension")[0][0] == "About springs"
    flip_last_byte(segment_file(home, "rows.npy"))
    found = verify(home)
    assert "rows.npy has changed" in " ".join(found.problems)

    titles, degraded = ask("door seals and glycerine")
    assert titles[0] == "About seals"
    assert degraded == EARLIER
    assert "serves: run `knowwho index`" in " ".join(index.problems)

    built = index_home(settings)
    assert built.generation != found.generation
    assert verify(home).whole
    assert home.index.damaged() == {}
    assert ask("springs lose tension") == (["About springs", *ask("springs lose tension")[0][1:]], None)
    assert index.problems == []


def test_vectors_of_sound_segments_and_sound_vectors_of_damaged_ones_are_taken_over(
    home: Home, settings: ServiceSettings, tmp_path: Path
) -> None:
    write(tmp_path, "springs", "Springs lose tension after ten years.")
    index_home(settings)
    flip_last_byte(segment_file(home, "rows.npy"))
    assert not verify(home).whole
    mended = build(home, settings)
    assert mended == (0, 1)
    flip_last_byte(segment_file(home, "vectors.faiss"))
    segment_file(home, "days.npy").unlink()
    assert build(home, settings) == (1, 0)


def build(home: Home, settings: ServiceSettings) -> tuple[int, int] | None:
    """How many passages a build embeds and takes over."""
    built = build_generation(home, open_encoder(settings.encoder), settings, ignore_progress)
    return None if built is None else (built.embedded, built.reused)


def harm_manifest(home: Home, content: bytes) -> None:
    (home.index.root / "generations" / f"{home.index.current_name()}.json").write_bytes(content)


HARMS: dict[str, Callable[[Home], object]] = {
    "manifest cut off": lambda home: harm_manifest(home, b'{"name": "2026'),
    "manifest emptied": lambda home: harm_manifest(home, b""),
    "manifest is no object": lambda home: harm_manifest(home, b"[]"),
    "segment gone": lambda home: shutil.rmtree(segment_file(home, "segment.json").parent),
    "file gone": lambda home: segment_file(home, "counts.npy").unlink(),
    "file cut off": lambda home: segment_file(home, "vectors.faiss").write_bytes(b"Ix"),
    "header scribbled over": lambda home: segment_file(home, "passages.npy").write_bytes(b"\0" * 500),
    "CURRENT names nothing": lambda home: write_atomically(home.index.root / "CURRENT", "20200101T000000000000"),
    "CURRENT is rubbish": lambda home: (home.index.root / "CURRENT").write_bytes(b"\xff\xfe\0\0"),
}


POINTING = [harm for name, harm in HARMS.items() if name.startswith("CURRENT")]


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS.keys())
@pytest.mark.parametrize("restarted", [False, True], ids=["while it runs", "after a restart"])
def test_a_damaged_generation_falls_back_to_the_last_good_one_and_says_so(
    home: Home, settings: ServiceSettings, tmp_path: Path, harm: Callable[[Home], object], restarted: bool
) -> None:
    good = home.index.current_name()
    ask = asking(settings, index := open_index(settings, home), home)
    write(tmp_path, "springs", "Springs lose tension after ten years.")
    newer = index_home(settings).generation
    harm(home)
    if restarted:
        ask = asking(settings, index := open_index(settings, home), home)
    titles, degraded = ask("door seals and glycerine")
    assert (titles[0], degraded) == ("About seals", EARLIER)
    assert index.engine().generation == (newer if harm in POINTING else good)
    assert "is damaged" in " ".join(index.problems)

    index_home(settings)
    assert verify(home).problems == ()
    titles, degraded = ask("springs lose tension")
    assert (titles[0], degraded, index.problems) == ("About springs", None, [])


def test_without_a_good_generation_what_is_left_of_the_damaged_one_serves(
    home: Home, settings: ServiceSettings, tmp_path: Path
) -> None:
    write(tmp_path, "springs", "Springs lose tension after ten years.")
    index_home(settings)
    remove_generation(home, home.index.names()[0])
    segment_file(home, "terms.txt").unlink()
    ask = asking(settings, index := open_index(settings, home), home)
    titles, degraded = ask("door seals and glycerine")
    assert (titles[0], degraded) == ("About seals", IN_PART)
    assert "serves in part" in " ".join(index.problems)


def test_where_nothing_can_be_read_that_is_said_and_the_next_reindex_mends_it(
    home: Home, settings: ServiceSettings
) -> None:
    segment_file(home, "terms.txt").unlink()
    ask = asking(settings, index := open_index(settings, home), home)
    with pytest.raises(IndexCorrupt, match="run `knowwho index`"):
        ask("door seals")
    assert index.problems
    assert build(home, settings) == (0, 4)
    assert ask("door seals")[0][0] == "About seals"


def test_damage_that_only_a_search_meets_turns_it_to_the_last_good_generation(
    home: Home, settings: ServiceSettings, tmp_path: Path
) -> None:
    write(tmp_path, "parts", " ".join(f"Part{number} fits." for number in range(3000)))
    index_home(settings)
    file = segment_file(home, "rows.npy")
    content = file.read_bytes()
    assert len(content) > 2 * HEAD_BYTES
    file.write_bytes(content[:HEAD_BYTES] + b"\xff" * (len(content) - HEAD_BYTES))
    ask = asking(settings, open_index(settings, home), home)
    assert {ask(f"part{number}")[1] for number in range(0, 3000, 100)} == {EARLIER}
    assert ask("door seals and glycerine") == (["About seals", *ask("door seals and glycerine")[0][1:]], EARLIER)


def test_after_a_rollback_the_older_generation_serves_until_the_next_reindex(
    home: Home, settings: ServiceSettings, tmp_path: Path
) -> None:
    ask = asking(settings, open_index(settings, home), home)
    older = home.index.current_name() or ""
    write(tmp_path, "springs", "Springs lose tension after ten years.")
    newer = index_home(settings).generation
    done = roll_back(home, settings, older)
    assert (done.generation, done.before) == (older, newer)
    assert "next reindex" in done.advice[0]
    assert "1 passages of the database are not in it" in done.advice[1]
    assert "About springs" not in ask("springs lose tension")[0]

    assert build(home, settings) == (0, 1)
    assert ask("springs lose tension")[0][0] == "About springs"
    assert home.index.manifest(home.index.current_name() or "").previous == older
    assert verify(home).behind == ()


def test_a_damaged_generation_is_not_rolled_back_to(home: Home, settings: ServiceSettings, tmp_path: Path) -> None:
    older = home.index.current_name() or ""
    file = segment_file(home, "rows.npy")
    write(tmp_path, "springs", "Springs lose tension after ten years.")
    newer = index_home(settings).generation
    flip_last_byte(file)
    with pytest.raises(IndexCorrupt, match="cannot serve"):
        roll_back(home, settings, older)
    assert home.index.current_name() == newer


def test_a_rebuild_with_the_same_model_embeds_nothing_and_needs_no_source(
    home: Home, settings: ServiceSettings, tmp_path: Path
) -> None:
    shutil.rmtree(tmp_path / "library")
    before = held(home)
    built = rebuild(home, settings)
    assert (built.embedded, built.reused) == (0, 4)
    assert held(home) == before
    assert verify(home).whole


def held(home: Home) -> list[int]:
    generation = home.index.open_current()
    assert generation is not None
    return [int(passage) for passage in generation.passage_ids()]


def test_a_model_change_serves_the_old_generation_with_the_old_model_until_the_new_one_is_published(
    home: Home, settings: ServiceSettings
) -> None:
    ask = asking(settings, index := open_index(settings, home), home)
    other = with_settings(settings, "encoder", model="hashing-64")
    before, seen = home.index.current_name(), set()

    def watch(_: Progress) -> None:
        titles, degraded = ask("door seals and glycerine")
        assert (titles[0], degraded) == ("About seals", None)
        seen.add(index.engine().generation)

    built = rebuild(home, other, watch)
    assert (built.embedded, seen) == (4, {before})
    ask("door seals")
    eventually(lambda: index.engine().generation == built.manifest.name)
    titles, degraded = ask("door seals and glycerine")
    assert (titles[0], degraded) == ("About seals", None)
    vector, _ = index.query_vector("door seals")
    assert vector is not None
    assert vector.shape == (64,)


def test_a_service_started_with_another_model_serves_the_old_generation_with_its_own(
    home: Home, settings: ServiceSettings
) -> None:
    other = with_settings(settings, "encoder", model="hashing-64")
    index = open_index(other, home)
    assert asking(other, index, home)("door seals and glycerine")[1] is None
    vector, _ = index.query_vector("door seals")
    assert vector is not None
    assert vector.shape == (256,)


def test_a_manifest_of_an_older_version_is_served_with_a_model_that_its_fingerprint_tells(
    home: Home, settings: ServiceSettings
) -> None:
    name = home.index.current_name() or ""
    told = {
        key: value
        for key, value in asdict(home.index.manifest(name)).items()
        if key not in ("encoder", "settings", "previous")
    }
    (home.index.root / "generations" / f"{name}.json").write_text(json.dumps(told))
    other = with_settings(settings, "encoder", model="hashing-64")
    assert asking(other, open_index(other, home), home)("door seals and glycerine")[1] is None
    assert build(home, settings) is None
    assert home.index.manifest(name).encoder["model"] == "hashing"


class Broken(HashingEncoder):
    """A model that is not there."""

    def __init__(self) -> None:
        super().__init__(32)

    def encode_query(self, text: str) -> Vectors:
        raise EncoderUnavailable("the model is gone")


def test_a_generation_whose_model_cannot_be_loaded_leaves_the_one_before_it_serving(
    home: Home, settings: ServiceSettings
) -> None:
    ask = asking(settings, index := open_index(settings, home), home)
    before = home.index.current_name()
    with home.writing():
        build_generation(home, Broken(), settings, ignore_progress)
    ask("door seals")
    eventually(lambda: bool(index.problems))
    titles, degraded = ask("door seals and glycerine")
    assert (titles[0], degraded, index.engine().generation) == ("About seals", None, before)
    assert "cannot be loaded" in index.problems[0]


class Forgetful(HashingEncoder):
    """A model that gives another vector for the same text each time."""

    def __init__(self) -> None:
        super().__init__(48)
        self._random = np.random.default_rng(1)

    def encode_passages(self, texts: object) -> Vectors:
        vectors = self._random.normal(size=(len(texts), 48))  # type: ignore[arg-type]
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def test_a_new_generation_that_fails_its_check_is_not_published(home: Home, settings: ServiceSettings) -> None:
    before = home.index.current_name()
    with home.writing(), pytest.raises(GenerationInvalid, match="gives another vector"):
        build_generation(home, Forgetful(), settings, ignore_progress)
    assert home.index.current_name() == before


def long_home(folder: Path) -> ServiceSettings:
    for number in range(5):
        write(folder, f"manual-{number}", LONG.replace("bolt", f"bolt of manual {number},"))
    settings = settings_for(folder, [{"name": "library", "kind": "folder", "path": str(folder / "library")}])
    index_home(settings)
    return settings


def cuts(home: Home) -> list[tuple[str, int, str]]:
    with home.database.read() as transaction:
        found = passages.find_passages(transaction, passages.passage_ids(transaction)).values()
    return sorted((entry.document.uri, entry.ordinal, entry.text) for entry in found)


def test_another_splitter_splits_the_stored_text_and_the_old_passages_serve_until_then(tmp_path: Path) -> None:
    settings = long_home(tmp_path)
    home = Home(settings.home)
    ask = asking(settings, open_index(settings, home), home)
    shorter = with_settings(settings, "passages", target_words=60, max_words=80)
    old, before = home.index.current_name() or "", cuts(home)
    (tmp_path / "library").rename(tmp_path / "unmounted")

    def watch(_: Progress) -> None:
        assert ask("Step 7 turns bolt B-7")[0]

    built = rebuild(home, shorter, watch)
    assert built.manifest.passages > len(before)
    assert all(len(text) <= 80 * 7 for _, _, text in cuts(home))
    assert verify(home).problems == verify(home).behind == ()

    # The old cuts are still there for a rollback, and go with the last generation that holds them.
    assert roll_back(home, shorter, old).advice[1:] == (
        f"{built.manifest.passages} passages of the database are not in it and cannot be found for now.",
    )
    assert ask("Step 7 turns bolt B-7")[0]
    assert build(home, shorter) == (0, built.manifest.passages)
    remove_generation(home, old)
    rebuild(home, shorter)
    with home.database.read() as transaction:
        assert not len(outdated.gone_since(transaction, 0)[0]), "every search reads these notes"
    rebuild(home, shorter)
    with home.database.read() as transaction:
        assert retired.retired_ids(transaction) == []

    # No source has to be read again for it.
    (tmp_path / "unmounted").rename(tmp_path / "library")
    after = cuts(home)
    assert index_home(shorter).sources[0].read == 0
    assert cuts(home) == after
    home.close()


def test_a_rebuild_splits_as_a_first_reading_would(tmp_path: Path) -> None:
    settings = long_home(tmp_path)
    shorter = with_settings(settings, "passages", target_words=60, max_words=80)
    home = Home(settings.home)
    rebuild(home, shorter)
    rebuilt = cuts(home)
    home.close()
    shutil.rmtree(settings.home)
    index_home(shorter)
    home = Home(settings.home)
    assert cuts(home) == rebuilt
    home.close()


@pytest.mark.parametrize("step", range(1, 8))
def test_a_rebuild_that_is_stopped_anywhere_leaves_the_old_generation_and_goes_on(tmp_path: Path, step: int) -> None:
    settings = long_home(tmp_path)
    home = Home(settings.home)
    old, wanted = home.index.current_name(), with_settings(settings, "passages", target_words=60, max_words=80)
    wanted = with_settings(wanted, "encoder", model="hashing-64")
    reports = 0

    def stop(_: Progress) -> None:
        nonlocal reports
        reports += 1
        if reports == step:
            raise JobStopped("cancelled")

    with pytest.raises(JobStopped):
        rebuild(home, wanted, stop)
    assert home.index.current_name() == old
    assert verify(home).whole
    assert asking(settings, open_index(settings, home), home)("Step 7 turns bolt B-7")[0]
    rebuild(home, wanted)
    assert verify(home).problems == verify(home).behind == ()
    assert len(list(home.index.root.glob("journal-*"))) == 0
    home.close()


REBUILD = """
import sys
from pathlib import Path
from indexer.home import Home
from indexer.pipeline.rebuild import rebuild
from indexer.settings import load_settings
from service.settings import ServiceSettings
settings = load_settings(ServiceSettings, Path(sys.argv[1]))
print("ready", flush=True)
rebuild(Home(settings.home), settings)
"""


@pytest.mark.parametrize("delay_seconds", [0.02, 0.1, 0.2, 0.3, 0.5])
def test_a_rebuild_that_is_killed_leaves_a_whole_home_and_the_next_one_ends_alike(
    tmp_path: Path, delay_seconds: float
) -> None:
    settings = long_home(tmp_path)
    wanted = settings_for(
        tmp_path,
        [{"name": "library", "kind": "folder", "path": str(tmp_path / "library")}],
        encoder={"model": "hashing-64"},
        passages={"target_words": 60, "max_words": 80},
    )
    child = subprocess.Popen(
        [sys.executable, "-c", REBUILD, str(tmp_path / "knowwho.yaml")], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    time.sleep(delay_seconds)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    home = Home(settings.home)
    assert verify(home).whole
    assert asking(wanted, open_index(wanted, home), home)("Step 7 turns bolt B-7")[0]
    built = rebuild(home, wanted)
    assert built.manifest.encoder["model"] == "hashing-64"
    assert verify(home).problems == verify(home).behind == ()
    home.close()


def test_fifty_publishes_fail_no_request(home: Home, settings: ServiceSettings) -> None:
    index = open_index(settings, home)
    ask = asking(settings, index, home)
    encoders: list[Encoder] = [HashingEncoder(), HashingEncoder(64)]
    one = with_settings(settings, "index", keep_generations=1)
    other = with_settings(one, "encoder", model="hashing-64")
    done, failures, served = threading.Event(), [], set()

    def search() -> None:
        while not done.is_set():
            try:
                titles, degraded = ask("door seals and glycerine")
                assert (titles[0], degraded) == ("About seals", None)
                served.add(index.engine().generation)
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    published = set()
    for number in range(50):
        changed = number // 5 % 2
        with home.writing():
            built = build_generation(home, encoders[changed], (one, other)[changed], ignore_progress, anew=True)
        assert built is not None
        published.add(built.manifest.name)
    eventually(lambda: index.engine().generation == home.index.current_name())
    done.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(published) == 50
    assert len(served & published) > 5
    assert home.index.names() == [home.index.current_name()]


def test_a_segment_that_is_removed_while_it_is_opened_leads_to_the_generation_after_it(
    home: Home, settings: ServiceSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = OpenIndex(home, open_encoder(settings.encoder), settings=settings.encoder)
    opening = type(home.index).open
    calls = 0

    def replaced_meanwhile(folder: object, name: str, *, partial: bool = False) -> object:
        nonlocal calls
        calls += 1
        if calls == 1:
            rebuild(home, with_settings(settings, "index", keep_generations=1))
        return opening(folder, name, partial=partial)  # type: ignore[arg-type]

    monkeypatch.setattr(type(home.index), "open", replaced_meanwhile)
    assert index.engine().generation == home.index.current_name()
    assert index.problems == []


def test_nothing_has_changed_and_nothing_costs_right_after_indexing(home: Home, settings: ServiceSettings) -> None:
    found = cost_of_change(home, settings)
    assert (found.changes, found.cost, found.items_to_read, found.documents_to_split) == ((), Cost.NOTHING, 0, 0)
    assert (found.passages, found.passages_to_embed) == (4, 0)


def test_the_cost_of_another_model_is_every_passage_until_it_is_rebuilt(home: Home, settings: ServiceSettings) -> None:
    other = with_settings(settings, "encoder", model="hashing-64")
    found = cost_of_change(home, other)
    (change,) = found.changes
    assert (change.key, change.before, change.now, found.cost) == ("encoder.model", "hashing", "hashing-64", Cost.FULL)
    assert found.passages_to_embed == rebuild(home, other).embedded == 4
    assert cost_of_change(home, other).passages_to_embed == 0
    assert cost_of_change(home, settings).passages_to_embed == 0  # the old generation is kept, with its vectors


def test_the_cost_of_another_splitter_is_what_a_rebuild_then_embeds(tmp_path: Path) -> None:
    settings = long_home(tmp_path)
    write(tmp_path, "short", "This stays in one passage.")
    index_home(settings)
    home = Home(settings.home)
    shorter = with_settings(settings, "passages", target_words=60, max_words=80)
    found = cost_of_change(home, shorter)
    assert {change.key for change in found.changes} == {"passages.target_words", "passages.max_words"}
    assert (found.documents, found.documents_to_split, found.items_to_read, found.estimated) == (6, 5, 6, False)
    assert found.passages_to_embed == rebuild(home, shorter).embedded > 5
    home.close()


def test_a_changed_source_costs_reading_its_items_and_only_until_it_is_read(
    home: Home, settings: ServiceSettings
) -> None:
    source = settings.sources[0].model_copy(update={"document_kind": DocumentKind.LESSON})
    changed = settings.model_copy(update={"sources": (source,)})
    found = cost_of_change(home, changed)
    assert [(change.key, change.cost.cost) for change in found.changes] == [
        ("sources.library.document_kind", Cost.PARTIAL)
    ]
    assert (found.items_to_read, found.passages_to_embed) == (4, 0)
    index_home(changed)
    assert cost_of_change(home, changed).changes == ()


def test_a_new_source_and_a_first_index_are_told_apart_from_changes(
    home: Home, settings: ServiceSettings, tmp_path: Path
) -> None:
    second = settings.sources[0].model_copy(update={"name": "second"})
    found = cost_of_change(home, settings.model_copy(update={"sources": (*settings.sources, second)}))
    assert (found.new_sources, found.changes) == (("second",), ())
    empty = Home(tmp_path / "empty")
    empty.prepare()
    assert cost_of_change(empty, settings).new_sources == ("library",)
    empty.close()


def test_a_model_that_cannot_be_found_is_told_before_anything_is_done(home: Home, settings: ServiceSettings) -> None:
    missing = with_settings(settings, "encoder", model=str(settings.home / "no-such-model"))
    with pytest.raises(EncoderUnavailable, match="no-such-model"):
        cost_of_change(home, missing)
    with pytest.raises(EncoderUnavailable):
        rebuild(home, missing)


def test_an_index_that_was_never_made_is_told_from_a_damaged_one(tmp_path: Path, settings: ServiceSettings) -> None:
    empty = Home(tmp_path / "empty")
    empty.prepare()
    with pytest.raises(IndexOutdated, match="nothing has been indexed"):
        open_index(settings, empty).engine()
    empty.close()
