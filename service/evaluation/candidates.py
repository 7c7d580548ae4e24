"""Candidates: the people among whom a topic's are to be found, for the shortlist mode of ranking people."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from service.evaluation.files import Line, invalid, json_object, lines_of, read_text, text_at, topic_id

Candidates = Mapping[str, tuple[str, ...]]
"""The people, as they are named, by topic."""


def read_candidates(file: Path) -> Candidates:
    """The candidates of a file of lines of topic, tab, person, or JSON Lines; its content tells which.

    EvaluationInvalid names the line that cannot be used.
    """
    text = read_text(file)
    read = _from_json if text.lstrip().startswith("{") else _from_columns
    found: dict[str, dict[str, None]] = {}
    for line in lines_of(text):
        topic, people = read(file, line)
        found.setdefault(topic_id(file, line[0], topic), {}).update(dict.fromkeys(people))
    if not found:
        raise invalid(file, 1, "the file holds no candidate")
    return {topic: tuple(people) for topic, people in found.items()}


def _from_json(file: Path, line: Line) -> tuple[str, Iterable[str]]:
    number, values = line[0], json_object(file, line)
    topic = text_at(file, number, values, "topic")
    people = values.get("people")
    if people is None:
        return topic, [text_at(file, number, values, "person")]
    if not isinstance(people, list) or not people or not all(isinstance(person, str) for person in people):
        raise invalid(file, number, '"people" is not a list of people')
    return topic, people


def _from_columns(file: Path, line: Line) -> tuple[str, Iterable[str]]:
    topic, tab, person = line[1].partition("\t")
    if not tab or not person.strip():
        raise invalid(file, line[0], 'needs a topic, a tab and a person (or JSON Lines of "topic" and "person")')
    return topic.strip(), [person.strip()]
