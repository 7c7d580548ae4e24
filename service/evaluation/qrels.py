"""Qrels: which items answer which topic, as people judged."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from service.evaluation.files import Line, invalid, json_object, lines_of, read_text, text_at, topic_id

HIGHEST_GRADE = 1_000  # trec_eval keeps a table of all grades up to the highest


@dataclass(frozen=True, slots=True)
class Qrel:
    """One judgement. `relevance` above 0 is relevant, the more the better; 0 and below is not."""

    topic: str
    item: str
    relevance: int


def read_qrels(file: Path) -> tuple[Qrel, ...]:
    """The judgements of a file in TREC format (topic iteration item relevance) or JSON Lines; its content tells which.

    EvaluationInvalid names the line that cannot be used.
    """
    text = read_text(file)
    judged: dict[tuple[str, str], Qrel] = {}
    for line, qrel in _judgements(file, text):
        earlier = judged.setdefault((qrel.topic, qrel.item), qrel)
        if earlier.relevance != qrel.relevance:
            told = f"judged both {earlier.relevance} and {qrel.relevance}"
            raise invalid(file, line, f"{qrel.item} is {told} for the topic {qrel.topic}")
    if not judged:
        raise invalid(file, 1, "the file holds no judgement")
    return tuple(judged.values())


def _judgements(file: Path, text: str) -> Iterator[tuple[int, Qrel]]:
    read = _from_json if text.lstrip().startswith("{") else _from_columns
    for line in lines_of(text):
        yield line[0], read(file, line)


def _from_json(file: Path, line: Line) -> Qrel:
    number, values = line[0], json_object(file, line)
    topic, item = (text_at(file, number, values, key) for key in ("topic", "item"))
    return Qrel(topic_id(file, number, topic), item, _grade(file, number, values.get("relevance")))


def _from_columns(file: Path, line: Line) -> Qrel:
    number, columns = line[0], line[1].split()
    if len(columns) != 4:
        raise invalid(file, number, f"has {len(columns)} columns instead of topic, iteration, item, relevance")
    return Qrel(columns[0], columns[2], _grade(file, number, columns[3]))


def _grade(file: Path, line: int, told: object) -> int:
    try:
        grade = int(told) if isinstance(told, str | int) and not isinstance(told, bool) else None
    except ValueError:
        grade = None
    if grade is None or abs(grade) > HIGHEST_GRADE:
        raise invalid(file, line, f"the relevance {told!r} is not a whole number up to {HIGHEST_GRADE}")
    return grade
