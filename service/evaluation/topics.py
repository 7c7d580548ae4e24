"""Topics: the questions that an index is measured with."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from service.evaluation.files import invalid, json_object, lines_of, read_text, text_at, topic_id

TOP = re.compile(r"<top>(.*?)(?=<top>|\Z)", re.DOTALL | re.IGNORECASE)
NUMBER = re.compile(r"<num>\s*(?:number:)?([^<\n]*)", re.IGNORECASE)
TITLE = re.compile(r"<title>\s*(?:topic:)?(.*?)(?=</?[a-z]+>|\Z)", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Topic:
    """A question with its id. Items in `exclude` are treated as absent for it: its own source, its asker; a document
    there speaks for nobody. Where there are `candidates`, these people alone are ranked."""

    id: str
    text: str
    exclude: tuple[str, ...] = ()
    candidates: tuple[str, ...] | None = None


Numbered = tuple[int, Topic]


def read_topics(file: Path) -> tuple[Topic, ...]:
    """The topics of a file in TREC format, JSON Lines or tab-separated lines of id and text; its content tells which.

    EvaluationInvalid names the line that cannot be used.
    """
    text = read_text(file)
    lines: dict[str, int] = {}
    topics = []
    for line, topic in _reader(text)(file, text):
        if topic.id in lines:
            raise invalid(file, line, f"the topic {topic.id} stands on line {lines[topic.id]} already")
        lines[topic.id] = line
        topics.append(topic)
    if not topics:
        raise invalid(file, 1, "the file holds no topic")
    return tuple(topics)


def _reader(text: str) -> Callable[[Path, str], Iterator[Numbered]]:
    return {"<": _from_trec, "{": _from_json}.get(text.lstrip()[:1], _from_columns)


def _from_trec(file: Path, text: str) -> Iterator[Numbered]:
    for found in TOP.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        number, title = NUMBER.search(found[1]), TITLE.search(found[1])
        if number is None or title is None or not title[1].strip():
            raise invalid(file, line, "the <top> needs a <num> and a <title> with text")
        yield line, Topic(topic_id(file, line, number[1].strip()), " ".join(title[1].split()))


def _from_json(file: Path, text: str) -> Iterator[Numbered]:
    for line in lines_of(text):
        values = json_object(file, line)
        exclude = values.get("exclude", [])
        if not isinstance(exclude, list) or not all(isinstance(item, str) for item in exclude):
            raise invalid(file, line[0], '"exclude" is not a list of items')
        found = topic_id(file, line[0], text_at(file, line[0], values, "id"))
        yield line[0], Topic(found, text_at(file, line[0], values, "text"), tuple(exclude))


def _from_columns(file: Path, text: str) -> Iterator[Numbered]:
    for line, row in lines_of(text):
        name, tab, question = row.partition("\t")
        if not tab or not question.strip():
            raise invalid(file, line, "needs an id, a tab and the text (or JSON Lines, or TREC's <top>)")
        yield line, Topic(topic_id(file, line, name.strip()), question.strip())
