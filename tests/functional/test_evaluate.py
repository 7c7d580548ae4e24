"""`knowwho evaluate` on a small home, from the files an admin writes to the figures."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from indexer.domain.errors import KnowwhoError
from service.cli import app
from service.evaluation import read_run
from tests.fakes import index_home, settings_for, write_thread

TOPICS = "1\tpantograph strips wear\n2\tdoor sensor blocked\n"
QRELS = "1 0 chat/strips 1\n2 0 chat/doors 1\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the settings of an indexed home."""
    folder = tmp_path_factory.mktemp("evaluate")
    (folder / "chat.jsonl").write_text(
        write_thread(
            "strips", "Pantograph strips", ("ivy", "Pantograph strips wear fast?"), ("minl", "Check the horn.")
        )
        + write_thread("doors", "Door sensor", ("minl", "Door sensor blocked?"), ("rui", "Clean the sensor."))
        + write_thread("step", "Sliding step", ("rui", "The door step is stuck."), ("ivy", "Grease the sensor."))
        + write_thread("plan", "Secret door", ("olga", "Door sensor blocked?"), audience="members", community="closed")
    )
    source = {"name": "chat", "kind": "threads", "path": "chat.jsonl", "community": "rolling-stock"}
    search = {"least_relevance": 0.01}
    index_home(settings_for(folder, [source], search=search, experts={"least_relevance": 0.01}))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "topics.tsv").write_text(TOPICS)
    (tmp_path / "qrels.txt").write_text(QRELS)
    return tmp_path


def run(home: Path, folder: Path, *arguments: str) -> Result:
    files = ["--topics", str(folder / "topics.tsv"), "--qrels", str(folder / "qrels.txt")]
    return CliRunner().invoke(app, ["--config", str(home / "knowwho.yaml"), "evaluate", *files, *arguments])


def text_of(home: Path, folder: Path, *arguments: str) -> str:
    finished = run(home, folder, *arguments)
    assert finished.exit_code == 0, finished.output
    return finished.stdout


def json_of(home: Path, folder: Path, *arguments: str) -> Any:
    return json.loads(text_of(home, folder, *arguments, "--json"))


def means(found: Any) -> dict[str, float]:
    return {entry["measure"]: entry["mean"] for entry in found["measures"]}


def test_documents_are_ranked_as_the_search_ranks_them(home: Path, folder: Path) -> None:
    found = json_of(home, folder, "--measures", "nDCG@10,RR,P@1,P@5")
    assert means(found) == {"nDCG@10": 1.0, "RR": 1.0, "P@1": 1.0, "P@5": pytest.approx(0.2)}
    assert found["measures"][0]["per_topic"] == {"1": 1.0, "2": 1.0}
    assert found["unknown_items"] == found["unjudged"] == found["unanswered"] == []


def test_a_run_compared_with_itself_does_not_differ(home: Path, folder: Path) -> None:
    saved = str(folder / "run.txt")
    text_of(home, folder, "--save", saved)
    assert read_run(Path(saved)).rankings["1"][0].item == "chat/strips"
    for entry in json_of(home, folder, "--against", saved)["measures"]:
        assert (entry["against"]["difference"], entry["against"]["low"], entry["against"]["high"]) == (0, 0, 0)
        assert entry["against"]["equal"] == entry["topics"] == 2
    told = text_of(home, folder, "--against", saved, "--per-topic")
    assert "+0.0000 to +0.0000" in told
    assert "95 % interval" in told
    assert "\n2 " in told


def test_a_worse_run_is_told_from_this_one_and_a_missing_topic_counts_0(home: Path, folder: Path) -> None:
    (folder / "worse.txt").write_text("1 Q0 chat/step 1 2 old\n1 Q0 chat/strips 2 1 old\n")
    found = json_of(home, folder, "--measures", "RR", "--against", str(folder / "worse.txt"))
    # Before: 1/2 for topic 1 and 0 for topic 2; now 1 and 1. Resampled differences lie between 1/2 and 1.
    told = found["measures"][0]["against"]
    assert (told["before"], told["difference"], told["low"], told["high"], told["flips"]) == (0.25, 0.75, 0.5, 1, 0)
    assert (told["better"], told["worse"], found["unanswered_before"]) == (2, 0, ["2"])


def test_passages_are_measured_where_the_qrels_name_passages(home: Path, folder: Path) -> None:
    (folder / "qrels.txt").write_text("1 0 chat/strips#1 1\n2 0 chat/doors#1 1\n2 0 chat/doors#99 1\n")
    found = json_of(home, folder, "--measures", "P@1,R@10", "--save", str(folder / "run.txt"))
    assert means(found) == {"P@1": 1.0, "R@10": 0.75}
    assert found["unknown_items"] == ["chat/doors#99"]
    assert {entry.item for entry in read_run(folder / "run.txt").rankings["2"]} >= {"chat/doors#1"}


def test_people_are_measured_by_their_handles(home: Path, folder: Path) -> None:
    (folder / "qrels.txt").write_text("1 0 chat:minl 1\n2 0 chat:rui 1\n2 0 chat:nobody 1\n")
    found = json_of(home, folder, "--people", "--measures", "P@1,R@5", "--save", str(folder / "run.txt"))
    assert means(found) == {"P@1": 1.0, "R@5": 0.75}
    assert found["unknown_items"] == ["chat:nobody"]
    assert read_run(folder / "run.txt").rankings["1"][0].item == "chat:minl"


def test_what_a_topic_excludes_is_neither_ranked_nor_expected(home: Path, folder: Path) -> None:
    (folder / "topics.tsv").write_text('{"id": "2", "text": "door sensor blocked", "exclude": ["chat/doors"]}\n')
    (folder / "qrels.txt").write_text("2 0 chat/doors 1\n2 0 chat/step 1\n")
    found = json_of(home, folder, "--measures", "AP", "--save", str(folder / "run.txt"))
    assert means(found) == {"AP": 1.0}
    assert "doors" not in (folder / "run.txt").read_text()


def test_private_documents_are_neither_ranked_nor_known(home: Path, folder: Path) -> None:
    (folder / "qrels.txt").write_text(QRELS + "2 0 chat/plan 1\n")
    told = text_of(home, folder, "--save", str(folder / "run.txt"))
    assert "items that name nothing one may read in this home: 1 (chat/plan)" in told
    assert len(read_run(folder / "run.txt").rankings["2"]) <= 3


def test_topics_without_judgement_and_judgements_without_topic_are_told(home: Path, folder: Path) -> None:
    (folder / "topics.tsv").write_text(TOPICS + "3\twheel flats\n")
    (folder / "qrels.txt").write_text(QRELS + "4 0 chat/step 1\n")
    found = json_of(home, folder)
    assert (found["unjudged"], found["without_text"], found["measures"][0]["topics"]) == (["3"], ["4"], 2)


def test_only_so_many_items_of_the_communities_asked_for_are_ranked(home: Path, folder: Path) -> None:
    saved = folder / "run.txt"
    text_of(home, folder, "--limit", "1", "--community", "rolling-stock", "--save", str(saved))
    assert [len(ranking) for ranking in read_run(saved).rankings.values()] == [1, 1]


@pytest.mark.parametrize(
    ("file", "text", "arguments", "told"),
    [
        ("topics.tsv", "1 no tab\n", (), "topics.tsv, line 1"),
        ("topics.tsv", f"1\t{'long ' * 500}\n", (), "the topic 1: the question has"),
        ("qrels.txt", "1 0 chat/strips\n", (), "qrels.txt, line 1"),
        ("qrels.txt", "7 0 chat/strips 1\n", (), "no topic is judged"),
        ("qrels.txt", "1 0 chat/strips 1\n1 0 chat/strips#1 1\n", (), "1 documents and 1 passages"),
        ("qrels.txt", QRELS, ("--measures", "nDCG@10,Foo"), "no measure 'Foo': use some of nDCG@10"),
        ("qrels.txt", QRELS, ("--against", "/nowhere/run.txt"), "/nowhere/run.txt cannot be read"),
        ("qrels.txt", QRELS, ("--save", "/nowhere/run.txt"), "/nowhere/run.txt: name a file"),
        ("qrels.txt", QRELS, ("--community", "moon"), "there is no community moon"),
    ],
)
def test_bad_input_is_named(
    home: Path, folder: Path, file: str, text: str, arguments: tuple[str, ...], told: str
) -> None:
    (folder / file).write_text(text)
    finished = run(home, folder, *arguments)
    assert isinstance(finished.exception, KnowwhoError)
    assert told in str(finished.exception)


def test_in_a_process_of_its_own_a_mistake_is_one_line_and_a_bar_stays_out_of_the_output(
    home: Path, folder: Path
) -> None:
    (folder / "topics.tsv").write_text("".join(f"{number}\tdoor sensor\n" for number in range(1, 31)))
    command = [sys.executable, "-m", "service.cli", "--config", str(home / "knowwho.yaml"), "evaluate"]
    command += ["--topics", str(folder / "topics.tsv"), "--qrels"]
    wrong = subprocess.run([*command, str(folder / "gone.txt")], capture_output=True, text=True, check=False)
    assert wrong.returncode == 1
    assert wrong.stderr == f"knowwho: {folder / 'gone.txt'} cannot be read: No such file or directory\n"
    (folder / "qrels.txt").write_text("".join(f"{number} 0 chat/doors 1\n" for number in range(1, 31)))
    right = subprocess.run([*command, str(folder / "qrels.txt")], capture_output=True, text=True, check=True)
    assert right.stdout.splitlines()[0].split() == ["measure", "mean", "topics"]
    assert "30/30" in right.stderr
