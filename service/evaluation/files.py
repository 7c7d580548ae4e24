"""Reading topics, qrels and runs: lines with their numbers, and errors that name both."""

import json
from pathlib import Path
from typing import Any

from indexer.domain.errors import EvaluationInvalid

Line = tuple[int, str]


def read_text(file: Path) -> str:
    """The file as text. EvaluationInvalid where it cannot be read or is not UTF-8."""
    try:
        return file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise EvaluationInvalid(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise invalid(file, line, "is not UTF-8: convert the file") from error


def lines_of(text: str) -> list[Line]:
    """The lines that hold something, with their numbers from 1."""
    return [(number, line.strip()) for number, line in enumerate(text.split("\n"), 1) if line.strip()]


def invalid(file: Path, line: int, reason: str) -> EvaluationInvalid:
    return EvaluationInvalid(f"{file}, line {line}: {reason}")


def json_object(file: Path, line: Line) -> dict[str, Any]:
    """The JSON object on a line."""
    number, text = line
    try:
        values = json.loads(text)
    except ValueError as error:
        raise invalid(file, number, f"is not JSON ({error})") from error
    if not isinstance(values, dict):
        raise invalid(file, number, "is not a JSON object in braces")
    return values


def text_at(file: Path, line: int, values: dict[str, Any], key: str) -> str:
    """The text or whole number under a key, as text."""
    value = values.get(key)
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise invalid(file, line, f'has no text under "{key}"')
    return str(value).strip()


def topic_id(file: Path, line: int, text: str) -> str:
    """A topic's id; run files part their columns by spaces, so it holds none."""
    if not text or len(text.split()) != 1:
        raise invalid(file, line, f"the topic's id {text!r} must be one word")
    return text
