from pathlib import Path

import pytest

from indexer.domain.errors import EvaluationInvalid
from service.evaluation import read_candidates


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "candidates.txt"


def test_columns_and_json_lines_are_told_apart_by_content(file: Path) -> None:
    file.write_text("1\tchat:ivy\r\n\r\n1\trui@example.org\r\n2\tchat:ivy\r\n1\tchat:ivy\r\n")
    assert read_candidates(file) == {"1": ("chat:ivy", "rui@example.org"), "2": ("chat:ivy",)}
    file.write_text('{"topic": 1, "person": "chat:ivy"}\n{"topic": "2", "people": ["a", "b"]}\n')
    assert read_candidates(file) == {"1": ("chat:ivy",), "2": ("a", "b")}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1: the file holds no candidate"),
        ("1\ta\n2 b", "line 2: needs a topic, a tab and a person"),
        ("1\t ", "line 1: needs a topic, a tab and a person"),
        ("a b\tc", "line 1: the topic's id 'a b' must be one word"),
        ('{"topic": "1"}', 'line 1: has no text under "person"'),
        ('{"topic": "1", "people": "a"}', 'line 1: "people" is not a list'),
        ('{"topic": "1", "people": []}', 'line 1: "people" is not a list'),
        ('{"person": "a"}', 'line 1: has no text under "topic"'),
    ],
)
def test_a_line_that_cannot_be_used_is_named(file: Path, text: str, told: str) -> None:
    file.write_text(text)
    with pytest.raises(EvaluationInvalid) as raised:
        read_candidates(file)
    assert f"{file}, {told}" in str(raised.value)
