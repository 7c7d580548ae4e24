from pathlib import Path

import pytest

from indexer.domain.errors import EvaluationInvalid
from service.evaluation import Qrel, read_qrels


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "qrels.txt"


def test_trec_and_json_lines_say_the_same(file: Path) -> None:
    file.write_text("1 0 chat/t1 2\n1\t0\tchat/t2\t-1\n\n1 0 chat/t1 2\n")
    judged = (Qrel("1", "chat/t1", 2), Qrel("1", "chat/t2", -1))
    assert read_qrels(file) == judged
    file.write_text(
        '{"topic": 1, "item": "chat/t1", "relevance": 2}\n{"topic": "1", "item": "chat/t2", "relevance": -1}'
    )
    assert read_qrels(file) == judged


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("\n", "line 1: the file holds no judgement"),
        ("1 0 a 1\n1 0 b", "line 2: has 3 columns instead of topic, iteration, item, relevance"),
        ("1 0 a yes", "line 1: the relevance 'yes' is not a whole number"),
        ("1 0 a 5000", "line 1: the relevance '5000' is not a whole number up to 1000"),
        ("1 0 a 1\n1 0 a 0", "line 2: a is judged both 1 and 0 for the topic 1"),
        ('{"topic": "1", "item": "a", "relevance": 0.5}', "line 1: the relevance 0.5"),
        ('{"topic": "1", "item": "a"}', "line 1: the relevance None"),
        ('{"topic": "1", "relevance": 1}', 'line 1: has no text under "item"'),
        ('{"topic": "1 2", "item": "a", "relevance": 1}', "line 1: the topic's id '1 2' must be one word"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(file: Path, text: str, told: str) -> None:
    file.write_text(text)
    with pytest.raises(EvaluationInvalid) as raised:
        read_qrels(file)
    assert f"{file}, {told}" in str(raised.value)
