"""`knowwho evaluate --people`: among given candidates, and as if a topic's own document had never been written."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from indexer.domain.errors import KnowwhoError
from service.cli import app
from service.evaluation import RankedItem, read_run
from tests.fakes import index_home, settings_for, write_thread

# No community, no age and all relevance from words: a score can be worked out from another one by the restraint alone.
EXPERTS = {"least_relevance": 0.01, "community_weight": 0.0, "oldest_share": 1.0, "least_fit": 0.0}
EXPERTS |= {"expansion": 0.0, "shortlist_expansion": 0.0, "activity_weight": 0.0}
DECAY = 0.7


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the settings of an indexed home."""
    folder = tmp_path_factory.mktemp("evaluate-people")
    (folder / "chat.jsonl").write_text(
        write_thread("doors", "Door sensor", ("minl", "Door sensor blocked?"), ("rui", "Clean the door sensor."))
        + write_thread("step", "Sliding step", ("rui", "The step is stuck."), ("ivy", "Grease the door sensor."))
        + write_thread("horn", "Horn", ("rui", "Quiet horn?"), ("minl", "Fill the air."))
        + write_thread("gate", "Gate sensor", ("ivy", "Gate?"), ("minl", "Sensor of the door."), ("rui", "No idea."))
    )
    source = {"name": "chat", "kind": "threads", "path": "chat.jsonl", "community": "rolling-stock"}
    index_home(settings_for(folder, [source], search={"least_relevance": 0.01}, experts=EXPERTS))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "topics.jsonl").write_text('{"id": "1", "text": "door sensor blocked"}\n')
    (tmp_path / "qrels.txt").write_text("1 0 chat:ivy 1\n")
    return tmp_path


def run(home: Path, folder: Path, *arguments: str) -> Result:
    files = ["--topics", str(folder / "topics.jsonl"), "--qrels", str(folder / "qrels.txt")]
    more = ["--measures", "RR", "--save", str(folder / "run.txt"), *arguments]
    return CliRunner().invoke(app, ["--config", str(home / "knowwho.yaml"), "evaluate", *files, *more])


def figures(home: Path, folder: Path, *arguments: str) -> Any:
    finished = run(home, folder, "--people", "--json", *arguments)
    assert finished.exit_code == 0, finished.output
    return json.loads(finished.stdout)


def ranked(folder: Path, topic: str = "1") -> dict[str, float]:
    ranking: tuple[RankedItem, ...] = read_run(folder / "run.txt").rankings[topic]
    return {entry.item: entry.score for entry in ranking}


def write_candidates(folder: Path, text: str) -> str:
    file = folder / "candidates.tsv"
    file.write_text(text)
    return str(file)


# Candidates


def test_candidates_alone_are_ranked_all_of_them(home: Path, folder: Path) -> None:
    figures(home, folder)
    assert len(ranked(folder)) == 3
    (folder / "qrels.txt").write_text("1 0 chat:ivy 1\n1 0 chat:minl 0\n1 0 chat:rui 0\n")
    found = figures(home, folder, "--candidates", write_candidates(folder, "1\tchat:minl\n1\tchat:ivy\n"))
    assert set(ranked(folder)) == {"chat:minl", "chat:ivy"}
    assert found["without_candidates"] == found["unknown_items"] == []


def test_a_candidate_for_whom_nothing_speaks_stands_last(home: Path, folder: Path) -> None:
    (folder / "topics.jsonl").write_text('{"id": "1", "text": "grease"}\n')
    (folder / "qrels.txt").write_text("1 0 chat:ivy 1\n1 0 chat:minl 0\n")
    found = figures(home, folder, "--candidates", write_candidates(folder, "1\tchat:minl\n1\tchat:ivy\n"))
    assert found["measures"][0]["mean"] == 1.0
    assert list(ranked(folder)) == ["chat:ivy", "chat:minl"]
    assert ranked(folder)["chat:minl"] < ranked(folder)["chat:ivy"]


def test_a_topic_without_candidates_is_left_out_and_told(home: Path, folder: Path) -> None:
    (folder / "topics.jsonl").write_text('{"id": "1", "text": "door"}\n{"id": "2", "text": "step"}\n')
    (folder / "qrels.txt").write_text("1 0 chat:ivy 1\n2 0 chat:ivy 1\n")
    candidates = write_candidates(folder, "1\tchat:ivy\n1\tchat:nobody\n")
    found = figures(home, folder, "--candidates", candidates)
    assert (found["without_candidates"], found["unjudged"], found["unknown_items"]) == (["2"], [], ["chat:nobody"])
    assert found["measures"][0]["topics"] == 1
    told = run(home, folder, "--people", "--candidates", candidates).stdout
    assert "judged topics without candidates, left out: 1 (2)" in told


def test_the_text_of_a_topic_with_candidates_may_be_an_abstract(home: Path, folder: Path) -> None:
    (folder / "topics.jsonl").write_text(json.dumps({"id": "1", "text": "door sensor blocked " * 200}))
    assert figures(home, folder, "--candidates", write_candidates(folder, "1\tchat:ivy\n"))["measures"][0]["mean"] == 1


def test_an_excluded_candidate_is_not_ranked(home: Path, folder: Path) -> None:
    (folder / "topics.jsonl").write_text('{"id": "1", "text": "door sensor", "exclude": ["chat:minl"]}\n')
    figures(home, folder, "--candidates", write_candidates(folder, "1\tchat:minl\n1\tchat:ivy\n"))
    assert set(ranked(folder)) == {"chat:ivy"}


@pytest.mark.parametrize(
    ("arguments", "text", "told"),
    [
        ((), "1\tchat:ivy\n", "use it together with --people"),
        (("--people",), "1 chat:ivy\n", "candidates.tsv, line 1"),
        (("--people",), "7\tchat:ivy\n", "no topic is judged"),
    ],
)
def test_candidates_that_cannot_be_used_are_named(
    home: Path, folder: Path, arguments: tuple[str, ...], text: str, told: str
) -> None:
    finished = run(home, folder, *arguments, "--candidates", write_candidates(folder, text))
    assert isinstance(finished.exception, KnowwhoError)
    assert told in str(finished.exception)


# A topic's own document


def test_an_excluded_document_speaks_for_nobody(home: Path, folder: Path) -> None:
    (folder / "qrels.txt").write_text("1 0 chat:ivy 1\n1 0 chat:minl 0\n1 0 chat:rui 0\n")
    before = figures(home, folder)["measures"][0]["mean"]
    first = next(iter(ranked(folder)))
    (folder / "topics.jsonl").write_text(
        '{"id": "1", "text": "door sensor blocked", "exclude": ["chat/doors", "chat/gate"]}\n'
    )
    found = figures(home, folder)
    assert (first, next(iter(ranked(folder)))) == ("chat:rui", "chat:ivy")
    assert found["measures"][0]["mean"] == 1.0 > before
    assert found["unknown_items"] == []


@pytest.mark.parametrize(("among", "restraint"), [(False, 0.25), (True, 1.0)])
def test_an_excluded_document_does_not_count_against_those_who_had_a_part_in_it(
    home: Path, folder: Path, among: bool, restraint: float
) -> None:
    arguments = ["--candidates", write_candidates(folder, "1\tchat:ivy\n1\tchat:rui\n")] if among else []
    (folder / "topics.jsonl").write_text('{"id": "1", "text": "grease"}\n')
    figures(home, folder, *arguments)
    before = ranked(folder)["chat:ivy"]
    (folder / "topics.jsonl").write_text('{"id": "1", "text": "grease", "exclude": ["chat/gate"]}\n')
    figures(home, folder, *arguments)
    # Only "step" has the word; ivy had a part in two documents, of which one is absent now.
    assert ranked(folder)["chat:ivy"] == pytest.approx(before * (1 + DECAY) ** restraint)


def test_a_person_who_is_excluded_is_no_unknown_item_where_documents_are_ranked(home: Path, folder: Path) -> None:
    (folder / "topics.jsonl").write_text(
        '{"id": "1", "text": "door sensor", "exclude": ["chat/doors", "chat:ivy", "chat:nobody"]}\n'
    )
    (folder / "qrels.txt").write_text("1 0 chat/step 1\n")
    finished = run(home, folder, "--json")
    assert finished.exit_code == 0, finished.output
    assert json.loads(finished.stdout)["unknown_items"] == ["chat:nobody"]
    assert "chat/doors" not in ranked(folder)
