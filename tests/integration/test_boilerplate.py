"""Passages after additions, changes and removals are those of a rebuild."""

import json
import shutil
from pathlib import Path

import pytest

from indexer.home import Home
from indexer.store import documents, near_duplicates, passages
from service.settings import ServiceSettings
from tests.fakes import index_home, settings_for

CHECKLIST = "- [ ] Every section of this template is filled in\n- [ ] The approvers have agreed to all of it"
SEAL_CARE = " ".join(f"Step {number} of the care of seals is described here." for number in range(20))
NOTES = {
    "pads": "Pads wear on wet days.",
    "hoses": "Hoses crack in the cold.",
    "seals": "Door seals want glycerine before the winter.",
    "sand": "Sand clogs the nozzles on foggy mornings.",
    "springs": "Springs lose tension after ten years.",
    "valves": "Valves stick where the oil is old.",
}


@pytest.fixture
def settings(tmp_path: Path) -> ServiceSettings:
    for name in ("pads", "hoses", "seals", "sand"):
        write(tmp_path, name)
    return settings_for(tmp_path, [{"name": "library", "kind": "folder", "path": str(tmp_path / "library")}])


def write(folder: Path, name: str, text: str | None = None, checklist: str = CHECKLIST) -> None:
    (folder / "library").mkdir(exist_ok=True)
    (folder / "library" / f"{name}.md").write_text(f"# About {name}\n\n{checklist}\n\n{text or NOTES[name]}\n")


def texts(settings: ServiceSettings) -> dict[str, list[str]]:
    """The passages' texts of each document, by uri."""
    home = Home(settings.home)
    with home.database.read() as transaction:
        found = passages.find_passages(transaction, passages.passage_ids(transaction)).values()
        told = {entry.document.uri: [""] * 0 for entry in found}
        for entry in sorted(found, key=lambda entry: entry.ordinal):
            told[entry.document.uri].append(entry.text)
    home.close()
    return told


def rebuilt(settings: ServiceSettings) -> dict[str, list[str]]:
    shutil.rmtree(settings.home)
    index_home(settings)
    return texts(settings)


def holding_checklist(told: dict[str, list[str]]) -> int:
    return sum("approvers" in " ".join(parts) for parts in told.values())


def test_additions_changes_and_removals_leave_the_passages_of_a_rebuild(
    tmp_path: Path, settings: ServiceSettings
) -> None:
    index_home(settings)
    assert holding_checklist(texts(settings)) == 4  # too few documents to tell that it is boilerplate

    write(tmp_path, "springs")
    write(tmp_path, "valves")
    index_home(settings)
    added = texts(settings)
    assert holding_checklist(added) == 1
    write(tmp_path, "pads", "Pads glaze on long slopes.", checklist="Written by hand.")
    index_home(settings)
    changed = texts(settings)
    assert holding_checklist(changed) == 1
    (tmp_path / "library" / "hoses.md").unlink()
    index_home(settings)
    removed = texts(settings)
    assert holding_checklist(removed) == 4

    assert removed == rebuilt(settings)
    write(tmp_path, "hoses")
    assert rebuilt(settings) == changed
    write(tmp_path, "pads")
    assert rebuilt(settings) == added


def test_only_what_has_changed_is_embedded_again(tmp_path: Path, settings: ServiceSettings) -> None:
    write(tmp_path, "springs")
    index_home(settings)
    assert index_home(settings).sources[0].build is None
    write(tmp_path, "valves")
    build = index_home(settings).sources[0].build
    assert build is not None
    assert build.embedded <= 2  # the new one; and the first by id, where that is the new one now


def test_readers_still_see_the_boilerplate(tmp_path: Path, settings: ServiceSettings) -> None:
    write(tmp_path, "springs")
    index_home(settings)
    home = Home(settings.home)
    with home.database.read() as transaction:
        for document in documents.list_documents(transaction, documents.all_audiences(transaction), limit=9):
            shown = " ".join(block.text for block in documents.read_blocks(transaction, document.id))
            assert "approvers have agreed" in shown
    home.close()


def test_a_new_threshold_is_obeyed_without_reading_the_source_again(tmp_path: Path, settings: ServiceSettings) -> None:
    index_home(settings)
    lower = settings.passages.model_copy(update={"boilerplate_documents": 3})
    result = index_home(settings.model_copy(update={"passages": lower}))
    assert result.sources[0].read == 0
    assert holding_checklist(texts(settings)) == 1


def test_near_duplicates_follow_changes_and_removals(tmp_path: Path, settings: ServiceSettings) -> None:
    library = tmp_path / "library"
    shutil.copy(library / "pads.md", library / "pads-copy.md")
    index_home(settings)
    assert partners(settings) == {"pads.md": {"pads-copy.md"}, "pads-copy.md": {"pads.md"}}
    write(tmp_path, "pads", "Brass sleeves are pressed in with a hand press, never with a hammer or a vice.")
    index_home(settings)
    assert partners(settings) == {}
    shutil.copy(library / "pads.md", library / "pads-copy.md")
    index_home(settings)
    assert len(partners(settings)) == 2
    (library / "pads.md").unlink()
    index_home(settings)
    assert partners(settings) == {}


def test_documents_that_a_viewer_may_not_read_take_no_places_among_near_duplicates(tmp_path: Path) -> None:
    audiences = [*["members:welding"] * 60, "public", "public"]
    lines = [
        {"id": f"t-{number:02}", "title": "Seal care", "audience": audience, "messages": [{"id": 1, "text": SEAL_CARE}]}
        for number, audience in enumerate(audiences)
    ]
    (tmp_path / "chat.jsonl").write_text("\n".join(map(json.dumps, lines)))
    home = settings_for(tmp_path, [{"name": "chat", "kind": "threads", "path": str(tmp_path / "chat.jsonl")}])
    index_home(home)
    found = partners(home)
    assert "t-61" in found["t-60"]
    assert "t-60" in found["t-61"]


def partners(settings: ServiceSettings) -> dict[str, set[str]]:
    home = Home(settings.home)
    with home.database.read() as transaction:
        readable = documents.all_audiences(transaction)
        known = {found.id: found.uri for found in documents.list_documents(transaction, readable, limit=99)}
        found = near_duplicates.readable_partners(transaction, known, readable)
    home.close()
    return {known[one]: {other.uri for other in others} for one, others in found.items()}
