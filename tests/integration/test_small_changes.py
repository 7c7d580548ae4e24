"""Work in proportion to what has changed, with the outcome of a whole new start."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from indexer.domain.content import Audience, AudienceKind
from indexer.domain.errors import JobStopped, NotFound
from indexer.domain.progress import Progress, ignore_progress
from indexer.embedding.hashing import HashingEncoder
from indexer.home import Home
from indexer.identity import resolve_people
from indexer.pipeline import ReindexResult, compact_index, reindex
from indexer.pipeline.embedding import CHARACTERS_AT_ONCE
from indexer.store import contributions, documents, identities, near_duplicates, outdated, passages, people
from service.settings import ServiceSettings
from tests.fakes import index_home, settings_for

PARTS = ("pads", "hoses", "doors", "couplers", "horns", "wipers")
PEOPLE = ("ada", "bo", "cem", "dia", "eve")
FOOTER = "Printed copies are not controlled and may be out of date, ask the librarian for the present issue of it."
SENTENCES = 14


def write_note(folder: Path, name: str, pick: random.Random) -> None:
    """A note by one or two people, perhaps a copy of another note, perhaps with the footer that many have."""
    part = pick.choice(PARTS)
    copied = random.Random(pick.randrange(3)) if pick.random() < 0.3 else pick
    text = " ".join(f"The {part} of car {copied.randrange(9)} need {copied.choice(PARTS)}." for _ in range(SENTENCES))
    authors = ", ".join(f"{{handle: {person}}}" for person in pick.sample(PEOPLE, pick.randint(1, 2)))
    footer = f"\n\n{FOOTER}" if pick.random() < 0.6 else ""
    (folder / f"{name}.md").write_text(f"---\nauthors: [{authors}]\n---\n# About {part}\n\n{text}{footer}\n")


def contents(settings: ServiceSettings) -> dict[str, Any]:
    """All that searches stand on, without the numbers of rows, which depend on what happened before."""
    home = Home(settings.home)
    generation = home.index.open_current()
    assert generation is not None
    with home.database.read() as transaction:
        audiences = documents.all_audiences(transaction)
        listed = documents.list_documents(transaction, audiences, limit=1000)
        uris = {document.id: document.uri for document in listed}
        stored = list(passages.indexable_passages(transaction, passages.passage_ids(transaction)))
        parts = contributions.parts_in(transaction, uris, audiences)
        names = people.all_names(transaction)
        pairs = near_duplicates.readable_partners(transaction, uris, audiences)
        found = {
            "documents": {(d.uri, d.title, d.community, d.audience) for d in listed},
            "passages": {(uris[p.document], p.text, p.digest) for p in stored},
            "duplicates": {(uris[one], other.uri) for one, others in pairs.items() for other in others},
            "people": {(names[p.person], uris[p.document], p.role) for p in parts},
        }
        assert generation.passage_ids().tolist() == [p.id for p in stored]
    home.close()
    return found


@pytest.mark.parametrize("seed", range(6))
def test_any_row_of_small_changes_ends_where_a_new_start_ends(tmp_path: Path, seed: int) -> None:
    pick = random.Random(seed)
    library = tmp_path / "library"
    library.mkdir()
    for number in range(8):
        write_note(library, f"note-{number}", pick)
    told = {"name": "library", "kind": "folder", "path": str(library), "file_dates": False, "community": "cars"}
    limits = {"segment_passages": 1000, "max_segments": 3, "keep_generations": 2}
    settings = settings_for(tmp_path, [told], index=limits)
    index_home(settings)
    for _ in range(6):
        for _ in range(pick.randint(1, 3)):
            _change(library, pick)
        index_home(settings)
        fresh = settings.model_copy(update={"home": tmp_path / f"new-{pick.randrange(10**9)}"})
        index_home(fresh)
        assert contents(settings) == contents(fresh)


def _change(library: Path, pick: random.Random) -> None:
    present = sorted(file.stem for file in library.iterdir())
    match pick.choice(("add", "change", "remove")):
        case "remove" if len(present) > 2:
            (library / f"{pick.choice(present)}.md").unlink()
        case "change":
            write_note(library, pick.choice(present), pick)
        case _:
            write_note(library, f"note-{pick.randrange(100)}", pick)


@pytest.mark.parametrize("seed", range(20))
def test_resolving_only_whom_a_change_touches_gives_what_resolving_everybody_gives(tmp_path: Path, seed: int) -> None:
    pick = random.Random(seed)
    library = tmp_path / "library"
    library.mkdir()
    told = {"name": "library", "kind": "folder", "path": str(library), "handles": "chat", "file_dates": False}
    settings = settings_for(tmp_path, [told])
    _credit(library, "first", pick)
    for _ in range(5):
        names = [file.stem for file in library.iterdir()]
        if len(names) > 3 and pick.random() < 0.4:
            (library / f"{pick.choice(names)}.md").unlink()
        else:
            _credit(library, pick.choice([*names, f"n{pick.randrange(99)}"]), pick)
        index_home(settings)
        home = Home(settings.home)
        with home.database.begin() as transaction:
            before = {entry.identity: entry.person_id for entry in identities.all_identities(transaction)}
            resolve_people(transaction, settings.identity.placeholders)
            after = {entry.identity: entry.person_id for entry in identities.all_identities(transaction)}
        home.close()
        assert before == after


def _credit(library: Path, name: str, pick: random.Random) -> None:
    """A note by somebody whom it shows with handle and address, which may join two people who were told apart."""
    person, address = pick.choice(PEOPLE), pick.choice(PEOPLE)
    told = pick.choice([f"{{handle: {person}, address: {address}@x.example}}", f"{{handle: {person}}}"])
    (library / f"{name}.md").write_text(f"---\nauthors: [{told}]\n---\n# Note {name}\n\nPads wear {pick.random()}.\n")


@pytest.fixture
def library(tmp_path: Path) -> Path:
    for community, name in (("brakes", "pads"), ("brakes", "hoses"), ("doors", "seals")):
        folder = tmp_path / "library" / community
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.md").write_text(f"# All about {name}\n\nSomething on {name} that matters.\n")
    return tmp_path / "library"


@pytest.fixture
def settings(tmp_path: Path, library: Path) -> ServiceSettings:
    told = {"name": "library", "kind": "folder", "path": str(library), "community": {"path": "^([^/]+)/"}}
    return settings_for(tmp_path, [told], jobs={"retry_minutes": 0.0001})


@pytest.fixture
def run(settings: ServiceSettings) -> Callable[..., ReindexResult]:
    def reindexed(**asked: Any) -> ReindexResult:
        home = Home(settings.home)
        try:
            return reindex(home, HashingEncoder(), settings, settings.sources, **asked)
        finally:
            home.close()

    return reindexed


def texts(settings: ServiceSettings) -> set[str]:
    return {text for _, text, _ in contents(settings)["passages"]}


def test_only_the_given_items_are_read(
    settings: ServiceSettings, library: Path, run: Callable[..., ReindexResult]
) -> None:
    run()
    for name in ("pads", "hoses"):
        (library / "brakes" / f"{name}.md").write_text(f"# {name}\n\nNew words on {name}.\n")
    result = run(items=[("library", "brakes/pads.md"), ("library", "doors/seals.md")])
    assert (result.sources[0].read, result.sources[0].unchanged) == (1, 1)
    assert texts(settings) == {
        "New words on pads.",
        "Something on hoses that matters.",
        "Something on seals that matters.",
    }
    assert run().sources[0].read == 1


def test_a_given_item_that_is_new_is_read_and_one_that_is_gone_is_removed(
    settings: ServiceSettings, library: Path, run: Callable[..., ReindexResult]
) -> None:
    run()
    (library / "brakes" / "pads.md").unlink()
    (library / "brakes" / "discs.md").write_text("# Discs\n\nDiscs run hot.\n")
    (library / "brakes" / "other.md").write_text("# Other\n\nNobody asked for this.\n")
    source = run(items=[("library", "brakes/pads.md"), ("library", "brakes/discs.md")]).sources[0]
    assert (source.read, source.removed, source.error) == (1, 1, None)
    assert texts(settings) == {"Discs run hot.", "Something on hoses that matters.", "Something on seals that matters."}


def test_an_item_that_nobody_knows_is_told_and_the_others_are_read(run: Callable[..., ReindexResult]) -> None:
    run()
    source = run(items=[("library", "no/such.md"), ("library", "brakes/pads.md")], full=True).sources[0]
    assert (source.read, source.error) == (1, "library has no item no/such.md")
    with pytest.raises(NotFound, match="there is no source lirbary"):
        run(items=[("lirbary", "brakes/pads.md")])


def test_only_the_items_of_a_community_are_read(
    settings: ServiceSettings, library: Path, run: Callable[..., ReindexResult]
) -> None:
    run()
    for name in ("brakes/pads", "doors/seals"):
        (library / f"{name}.md").write_text("# Title\n\nChanged.\n")
    assert run(community="brakes").sources[0].read == 1
    assert run(community="brakes", full=True).sources[0].read == 2
    assert run(community="doors", full=True).sources[0].read == 1


def test_a_document_with_other_readers_is_indexed_anew_without_being_read_or_embedded(
    settings: ServiceSettings, run: Callable[..., ReindexResult]
) -> None:
    run()
    home = Home(settings.home)
    with home.database.begin() as transaction:
        document = documents.list_documents(transaction, documents.all_audiences(transaction), limit=1)[0]
        documents.set_audience(transaction, document.id, Audience(AudienceKind.PEOPLE, "ada"))
    run()
    with home.database.read() as transaction:
        (row,) = (
            row
            for row in passages.indexable_passages(transaction, passages.passage_ids(transaction))
            if row.document == document.id
        )
        (hidden,) = (
            id for id, told in documents.all_audiences(transaction).items() if told.kind is AudienceKind.PEOPLE
        )
    generation = home.index.open_current()
    assert generation is not None
    found = {
        int(passage): int(audience)
        for segment, alive in zip(generation.segments, generation.alive, strict=True)
        for passage, audience in zip(segment.passages[alive], segment.audiences[alive], strict=True)
    }
    assert found[row.id] == hidden
    assert generation.passage_ids().size == 3
    home.close()


def test_notes_on_what_has_gone_do_not_pile_up(
    settings: ServiceSettings, library: Path, run: Callable[..., ReindexResult]
) -> None:
    run()
    home = Home(settings.home)
    for number in range(8):
        (library / "doors" / "seals.md").write_text(f"# Seals\n\nSeals, issue {number}.\n")
        run()
    with home.database.read() as transaction:
        gone, _ = outdated.gone_since(transaction, 0)
    assert len(gone) <= 2
    home.close()


def test_compacting_leaves_one_segment_and_every_passage(
    settings: ServiceSettings, library: Path, run: Callable[..., ReindexResult]
) -> None:
    run()
    (library / "doors" / "seals.md").write_text("# Seals\n\nOther words.\n")
    (library / "doors" / "steps.md").write_text("# Steps\n\nSteps slide.\n")
    run()
    home = Home(settings.home)
    build = compact_index(home, HashingEncoder(), settings, ignore_progress)
    assert build is None or build.embedded == 0
    generation = home.index.open_current()
    assert generation is not None
    assert generation.passage_ids().size == 4
    home.close()


def test_a_job_that_is_stopped_while_it_embeds_leaves_nothing_half_written_and_goes_on_later(
    settings: ServiceSettings, library: Path, run: Callable[..., ReindexResult]
) -> None:
    (library / "long.md").write_text("".join(f"# Part {number}\n\n{'Words ' * 150}\n\n" for number in range(400)))
    told: list[int] = []

    def stop(progress: Progress) -> None:
        if progress.phase == "embedding":
            told.append(progress.done)
        if len(told) == 2 or progress.phase == "writing the index":
            raise JobStopped("cancelled")

    with pytest.raises(JobStopped):
        run(report=stop)
    home = Home(settings.home)
    assert len(told) == 2
    assert 0 < told[0] <= CHARACTERS_AT_ONCE / 900 + 1
    assert told[0] < told[1] < 400
    before = home.index.current_name()
    told.clear()
    with pytest.raises(JobStopped):
        run(report=lambda progress: stop(progress) if progress.phase != "embedding" else None)
    assert home.index.current_name() == before
    assert not (home.index.segments.exists() and list(home.index.segments.iterdir()))
    run()
    assert home.index.problems() == []
    assert contents(settings)["passages"]
    home.close()
