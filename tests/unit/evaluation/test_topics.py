from pathlib import Path

import pytest

from indexer.domain.errors import EvaluationInvalid
from service.evaluation import Topic, read_topics

TREC = """<top>
<num> Number: 401
<title> foreign minorities,
Germany
<desc> Description:
What language differences?
</top>

<top><num>402</num><title>behavioral genetics</title></top>
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "topics.txt"


def test_trec_topics_are_read_by_number_and_title(file: Path) -> None:
    file.write_text(TREC)
    assert read_topics(file) == (Topic("401", "foreign minorities, Germany"), Topic("402", "behavioral genetics"))


def test_columns_and_json_lines_are_told_apart_by_content(file: Path) -> None:
    file.write_text("1\tWhy squeal?\r\n\r\n2\tWho knows\tdoors?\r\n")
    assert read_topics(file) == (Topic("1", "Why squeal?"), Topic("2", "Who knows\tdoors?"))
    file.write_text('\ufeff{"id": 1, "text": "Why?"}\n{"id": "2", "text": "Who?", "exclude": ["chat/t1"]}\n', "utf-8")
    assert read_topics(file) == (Topic("1", "Why?"), Topic("2", "Who?", ("chat/t1",)))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1: the file holds no topic"),
        ("<html>", "line 1: the file holds no topic"),
        ("<top><num>1<title>a</top>\n<top><num>2</top>", "line 2: the <top> needs"),
        ("1\ta\n\n2 b", "line 3: needs an id, a tab"),
        ("1\ta\n1\tb", "line 2: the topic 1 stands on line 1"),
        ("a b\tc", "line 1: the topic's id 'a b' must be one word"),
        ('{"id": "1", "text": "a"}\n{"id": "2"', "line 2: is not JSON"),
        ('{"id": "1"}', 'line 1: has no text under "text"'),
        ('{"id": true, "text": "a"}', 'line 1: has no text under "id"'),
        ('{"id": "1", "text": "a", "exclude": "b"}', 'line 1: "exclude" is not a list'),
        ('{"id": "1", "text": "a"}\n["b"]', "line 2: is not a JSON object"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(file: Path, text: str, told: str) -> None:
    file.write_text(text)
    with pytest.raises(EvaluationInvalid) as raised:
        read_topics(file)
    assert f"{file}, {told}" in str(raised.value)


def test_a_file_that_is_absent_or_not_utf_8_is_named(file: Path) -> None:
    with pytest.raises(EvaluationInvalid, match="No such file"):
        read_topics(file)
    file.write_bytes(b"1\ta\n2\t\xff\n")
    with pytest.raises(EvaluationInvalid, match="line 2: is not UTF-8"):
        read_topics(file)
