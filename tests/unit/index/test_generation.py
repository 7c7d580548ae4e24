import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from indexer.domain.content import DocumentKind
from indexer.domain.errors import GenerationInvalid, IndexCorrupt, NotFound
from indexer.embedding.hashing import HashingEncoder
from indexer.index import GenerationManifest, IndexFolder, LocalEngine, QueryTerms, Row, RowFilter, write_segment
from indexer.index.files import checksum

ENCODER = HashingEncoder()
PUBLIC, PRIVATE = 1, 2


def row(passage: int, text: str, *, audience: int = PUBLIC, community: int = 1, year: int | None = 2024) -> Row:
    moment = datetime(year, 6, 1, tzinfo=UTC) if year else None
    return Row(
        passage, passage * 10, passage.to_bytes(16, "big"), audience, community, DocumentKind.LESSON, moment, text
    )


def publish(index: IndexFolder, *segments: list[Row], dead: tuple[int, ...] = ()) -> GenerationManifest:
    folders = []
    for rows in segments:
        folder = index.new_segment()
        write_segment(folder, rows, ENCODER.encode_passages([entry.text for entry in rows]), ENCODER.fingerprint)
        folders.append(folder)
    return index.publish(
        folders, dead, fingerprint=ENCODER.fingerprint, dimension=ENCODER.dimension, passages=3, splitter={}
    )


@pytest.fixture
def index(tmp_path: Path) -> IndexFolder:
    made = IndexFolder(tmp_path / "index")
    first = [
        row(1, "brake pad wear"),
        row(2, "door seal care", audience=PRIVATE),
        row(3, "pantograph strips", year=None),
    ]
    publish(made, first, [row(4, "brake noise", community=2, year=2020)])
    return made


def found(index: IndexFolder, text: str, rows: RowFilter, *, by_meaning: bool = True) -> dict[int, float]:
    generation = index.open_current()
    assert generation is not None
    vector = ENCODER.encode_query(text) if by_meaning else None
    result = LocalEngine(generation).candidates(vector, QueryTerms.of(text), rows, 10)
    return dict(zip(result.passages.tolist(), result.lexical.tolist(), strict=True))


def test_passages_of_all_segments_are_found(index: IndexFolder) -> None:
    assert set(found(index, "brake", RowFilter(frozenset({PUBLIC})), by_meaning=False)) == {1, 4}


def test_a_passage_outside_the_audiences_is_no_candidate(index: IndexFolder) -> None:
    everything = found(index, "door seal care", RowFilter(frozenset({PUBLIC})))
    assert set(everything) == {1, 3, 4}
    assert set(found(index, "door seal care", RowFilter(frozenset({PRIVATE})))) == {2}
    assert found(index, "door seal care", RowFilter(frozenset())) == {}


@pytest.mark.parametrize(
    ("rows", "passages"),
    [
        (RowFilter(frozenset({PUBLIC}), communities=frozenset({2})), {4}),
        (RowFilter(frozenset({PUBLIC}), kinds=frozenset({DocumentKind.THREAD})), set()),
        (RowFilter(frozenset({PUBLIC}), since=datetime(2024, 6, 1, tzinfo=UTC)), {1}),
        (RowFilter(frozenset({PUBLIC}), until=datetime(2024, 5, 31, tzinfo=UTC)), {4}),
    ],
)
def test_filters_hold_for_meaning_and_words_alike(index: IndexFolder, rows: RowFilter, passages: set[int]) -> None:
    assert set(found(index, "brake", rows)) == passages


def test_word_scores_are_a_share_of_what_the_query_could_get(index: IndexFolder) -> None:
    scores = found(index, "brake noise", RowFilter(frozenset({PUBLIC})), by_meaning=False)
    assert 0 < scores[1] < scores[4] < 1


def test_dead_passages_are_not_found(index: IndexFolder) -> None:
    publish(index, [row(1, "brake pad wear"), row(5, "brake hose")], dead=(1,))
    assert set(found(index, "brake", RowFilter(frozenset({PUBLIC})))) == {5}


def test_publishing_leaves_an_open_generation_untouched(index: IndexFolder) -> None:
    before = index.open_current()
    publish(index, [row(9, "something else")])
    index.clean(keep=1)
    assert before is not None
    result = LocalEngine(before).candidates(
        ENCODER.encode_query("brake"), QueryTerms.of("brake"), RowFilter(frozenset({PUBLIC})), 10
    )
    assert set(result.passages.tolist()) == {1, 3, 4}


def test_cleaning_keeps_what_the_kept_generations_use(index: IndexFolder) -> None:
    publish(index, [row(9, "something else")])
    index.clean(keep=2)
    assert len(index.names()) == 2
    assert len(list(index.segments.iterdir())) == 3
    index.clean(keep=1)
    assert len(index.names()) == 1
    assert len(list(index.segments.iterdir())) == 1


def test_a_changed_file_is_a_problem_that_names_it(index: IndexFolder) -> None:
    assert index.problems() == []
    file = next(index.segments.glob("*/rows.npy"))
    file.write_bytes(file.read_bytes()[:-1] + b"\xff")
    assert [str(file) in problem for problem in index.problems()] == [True]


def test_a_missing_segment_is_a_problem_and_cannot_be_opened(index: IndexFolder) -> None:
    folder = next(index.segments.iterdir())
    folder.rename(folder.with_name("elsewhere"))
    assert [str(folder) in problem for problem in index.problems()] == [True]
    with pytest.raises(IndexCorrupt, match=folder.name):
        index.open_current()


def test_a_broken_manifest_is_corrupt(index: IndexFolder) -> None:
    name = index.current_name()
    (index.root / "generations" / f"{name}.json").write_text(json.dumps({"name": name}))
    with pytest.raises(IndexCorrupt):
        index.open_current()


def test_nothing_is_pickled(index: IndexFolder) -> None:
    for file in index.segments.glob("*/*.npy"):
        assert np.load(file, allow_pickle=False).dtype != object


def files_of(index: IndexFolder) -> list[str]:
    return sorted(file.name for file in next(index.segments.iterdir()).iterdir())


FILES = (
    "audiences.npy",
    "communities.npy",
    "counts.npy",
    "days.npy",
    "digests.npy",
    "documents.npy",
    "kinds.npy",
    "lengths.npy",
    "passages.npy",
    "rows.npy",
    "segment.json",
    "starts.npy",
    "terms.npy",
    "terms.txt",
    "vectors.faiss",
    "words.npy",
    "words.txt",
)


def test_every_file_of_a_segment_is_checked_below(index: IndexFolder) -> None:
    assert set(files_of(index)) == set(FILES)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("harm", ["missing", "cut off", "emptied", "scribbled over"])
def test_a_damaged_file_is_found_when_the_generation_is_opened(index: IndexFolder, name: str, harm: str) -> None:
    file = next(index.segments.glob(f"*/{name}"))
    content = file.read_bytes()
    if harm == "missing":
        file.unlink()
    else:
        file.write_bytes({"cut off": content[:-1], "emptied": b"", "scribbled over": b"\x93\xff" + content[2:]}[harm])
    with pytest.raises(IndexCorrupt, match=file.parent.name):
        index.open_current()


def test_a_segment_of_an_older_version_is_opened_without_the_heads_that_it_lacks(index: IndexFolder) -> None:
    name = index.current_name()
    assert name is not None
    manifest = index.manifest(name)
    for folder in index.segments.iterdir():
        told = json.loads((folder / "segment.json").read_text())
        del told["heads"]
        (folder / "segment.json").write_text(json.dumps(told))
    old = {
        "name": name,
        "made": manifest.made,
        "fingerprint": manifest.fingerprint,
        "dimension": manifest.dimension,
        "passages": 4,
        "segments": {folder.name: checksum(folder / "segment.json") for folder in index.segments.iterdir()},
        "dead": [],
        "splitter": {},
    }
    (index.root / "generations" / f"{name}.json").write_text(json.dumps(old))
    assert set(found(index, "brake", RowFilter(frozenset({PUBLIC})), by_meaning=False)) == {1, 4}
    assert index.manifest(name).encoder == {}
    next(index.segments.glob("*/rows.npy")).unlink()
    with pytest.raises(IndexCorrupt, match=r"rows\.npy is missing"):
        index.open_current()


def test_a_changed_manifest_is_corrupt(index: IndexFolder) -> None:
    file = index.root / "generations" / f"{index.current_name()}.json"
    file.write_text(file.read_text().replace('"passages": 3', '"passages": 4'))
    with pytest.raises(IndexCorrupt, match="has changed"):
        index.open_current()


def test_a_segment_that_was_found_damaged_is_not_opened_until_it_is_found_sound(index: IndexFolder) -> None:
    file = next(index.segments.glob("*/rows.npy"))
    content = file.read_bytes()
    file.write_bytes(content[:-1] + b"\xff")
    manifest = index.manifest(index.current_name() or "")
    before = index.stamp()
    assert len(index.inspect(manifest)) == 1
    assert index.stamp() != before
    with pytest.raises(IndexCorrupt, match=str(file)):
        index.open_current()
    partial = index.open(manifest.name, partial=True)
    assert [len(partial.segments), list(partial.left_out)] == [1, [file.parent.name]]
    file.write_bytes(content)
    assert index.inspect(manifest) == []
    assert index.open_current() is not None


def test_rolling_back_lets_an_older_generation_serve(index: IndexFolder) -> None:
    older = index.names()[0]
    newer = publish(index, [row(9, "something else")]).name
    index.roll_back(older)
    assert index.current_name() == older
    assert found(index, "something", RowFilter(frozenset({PUBLIC})), by_meaning=False) == {}
    with pytest.raises(GenerationInvalid, match="serves now"):
        index.roll_back(older)
    with pytest.raises(NotFound, match="no generation nonsense"):
        index.roll_back("nonsense")
    assert index.names() == [older, newer]


def test_a_damaged_generation_cannot_be_rolled_back_to(index: IndexFolder) -> None:
    older = index.names()[0]
    newer = publish(index, [row(9, "something else")]).name
    folder = index.segments / next(iter(index.manifest(older).segments))
    (folder / "days.npy").unlink()
    with pytest.raises(IndexCorrupt, match="days"):
        index.roll_back(older)
    assert index.current_name() == newer


def test_removing_a_generation_takes_what_only_it_uses(index: IndexFolder) -> None:
    older = index.names()[0]
    newer = publish(index, [row(9, "something else")]).name
    with pytest.raises(GenerationInvalid, match="serves now"):
        index.remove(newer)
    index.remove(older)
    assert index.names() == [newer]
    assert len(list(index.segments.iterdir())) == 1


def test_cleaning_keeps_what_served_before_rather_than_what_was_rolled_back_from(index: IndexFolder) -> None:
    first = index.names()[0]
    second = publish(index, [row(8, "bad")]).name
    index.roll_back(first)
    third = publish(index, [row(9, "good")]).name
    assert index.manifest(third).previous == first
    index.clean(keep=2)
    assert index.names() == [first, third]
    assert second not in index.names()


def test_a_damaged_generation_is_not_kept_in_place_of_a_whole_one(index: IndexFolder) -> None:
    first = index.names()[0]
    second = publish(index, [row(8, "damaged")]).name
    next((index.segments / next(iter(index.manifest(second).segments))).glob("rows.npy")).unlink()
    third = publish(index, [row(9, "good")]).name
    index.clean(keep=2)
    assert index.names() == [first, third]


def test_a_generation_that_fails_its_check_is_never_published(index: IndexFolder) -> None:
    before = index.current_name(), index.names()

    def refuse(_: GenerationManifest) -> None:
        raise GenerationInvalid("not as it should be")

    with pytest.raises(GenerationInvalid):
        index.publish([], (), fingerprint="f", dimension=4, passages=0, splitter={}, check=refuse)
    assert (index.current_name(), index.names()) == before


def test_names_sort_by_time_though_the_clock_is_put_back(index: IndexFolder) -> None:
    file = index.root / "generations" / f"{index.current_name()}.json"
    file.rename(file.with_name("29990101T000000000000.json"))
    later = publish(index, [row(9, "something else")]).name
    assert index.names()[-1] == later
