import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from indexer.domain.content import DocumentKind
from indexer.domain.errors import IndexCorrupt
from indexer.embedding.hashing import HashingEncoder
from indexer.index import GenerationManifest, IndexFolder, LocalEngine, QueryTerms, Row, RowFilter, write_segment

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
