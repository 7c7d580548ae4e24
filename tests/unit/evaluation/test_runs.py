from pathlib import Path

import pytest

from indexer.domain.errors import EvaluationInvalid
from service.evaluation import RankedItem, Run, read_run, write_run
from service.evaluation.runs import rename_items


def test_a_saved_run_reads_back_the_same_with_equals_in_their_order(tmp_path: Path) -> None:
    ranking = (RankedItem("b", 0.1 + 0.2), RankedItem("c", 0.25), RankedItem("a", 0.25))
    run = Run("g1", {"2": ranking, "1": (RankedItem("a", 0.5),)})
    write_run(tmp_path / "run.txt", run)
    assert read_run(tmp_path / "run.txt") == run
    assert (tmp_path / "run.txt").read_text().splitlines()[1] == "2 Q0 c 2 0.25 g1"
    assert [file.name for file in tmp_path.iterdir()] == ["run.txt"]


def test_a_foreign_run_is_ordered_by_score_then_rank_then_item(tmp_path: Path) -> None:
    rows = "1 Q0 a 9 1 x\n1 Q0 d 0 2 x\n1 Q0 c 0 2 x\n1 Q0 b 3 1 x\n"
    (tmp_path / "run.txt").write_text(rows)
    assert [entry.item for entry in read_run(tmp_path / "run.txt").rankings["1"]] == ["c", "d", "b", "a"]


def test_of_two_items_that_get_the_same_name_the_better_stays() -> None:
    run = Run("g", {"1": (RankedItem("a", 3.0), RankedItem("b", 2.0), RankedItem("A", 1.0))})
    assert rename_items(run, str.lower).rankings["1"] == (RankedItem("a", 3.0), RankedItem("b", 2.0))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1: the file holds no ranking"),
        ("1 Q0 a 1 0.5", "line 1: has 5 columns"),
        ("1 Q0 a 1 high x", "line 1: the score 'high' is not a number"),
        ("1 Q0 a 1 nan x", "line 1: the score 'nan' is not a number"),
        ("1 Q0 a first 1 x", "line 1: the rank 'first' is not a whole number"),
        ("1 Q0 a 1 2 x\n1 Q0 a 2 1 x", "line 2: a is ranked twice for the topic 1"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "run.txt").write_text(text)
    with pytest.raises(EvaluationInvalid, match=told):
        read_run(tmp_path / "run.txt")


def test_a_run_that_cannot_be_saved_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "run.txt").mkdir()
    with pytest.raises(EvaluationInvalid, match="cannot be saved"):
        write_run(tmp_path / "run.txt", Run("g", {"1": (RankedItem("a", 1.0),)}))
    assert [file.name for file in tmp_path.iterdir()] == ["run.txt"]
