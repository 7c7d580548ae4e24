"""Runs: what a system ranked for each topic, kept as TREC run files."""

import math
import os
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from indexer.domain.errors import EvaluationInvalid
from service.evaluation.files import invalid, lines_of, read_text


@dataclass(frozen=True, slots=True)
class RankedItem:
    """An item with the score it was ranked by."""

    item: str
    score: float


Ranking = tuple[RankedItem, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """The ranking, best first, of each topic for which something was found; `tag` says by what."""

    tag: str
    rankings: Mapping[str, Ranking]


def rename_items(run: Run, name: Callable[[str], str]) -> Run:
    """The run with its items named anew; of two that get the same name the better stays."""
    return replace(run, rankings={topic: _renamed(ranking, name) for topic, ranking in run.rankings.items()})


def write_run(file: Path, run: Run) -> None:
    """Save a run as a TREC run file (topic Q0 item rank score tag), whole or not at all. Items hold no spaces."""
    lines = [
        f"{topic} Q0 {entry.item} {rank} {entry.score!r} {run.tag}\n"
        for topic, ranking in run.rankings.items()
        for rank, entry in enumerate(ranking, 1)
    ]
    scratch = file.with_name(f"{file.name}.new")
    try:
        with scratch.open("w", encoding="utf-8") as target:
            target.writelines(lines)
            target.flush()
            os.fsync(target.fileno())
        scratch.replace(file)
    except OSError as error:
        scratch.unlink(missing_ok=True)
        raise EvaluationInvalid(f"the run cannot be saved as {file}: {error.strerror}") from error


def read_run(file: Path) -> Run:
    """A run from a TREC run file: by score, equals by rank, then by item. EvaluationInvalid names the unusable line."""
    rows: dict[str, dict[str, tuple[float, int]]] = defaultdict(dict)
    tag = ""
    for line, text in lines_of(read_text(file)):
        columns = text.split()
        if len(columns) != 6:
            raise invalid(file, line, f"has {len(columns)} columns instead of topic, Q0, item, rank, score, tag")
        topic, _, item, rank, score, tag = columns
        if item in rows[topic]:
            raise invalid(file, line, f"{item} is ranked twice for the topic {topic}")
        rows[topic][item] = _score(file, line, score), _rank(file, line, rank)
    if not rows:
        raise invalid(file, 1, "the file holds no ranking")
    return Run(tag, {topic: _ranking(found) for topic, found in rows.items()})


def _renamed(ranking: Ranking, name: Callable[[str], str]) -> Ranking:
    kept: dict[str, RankedItem] = {}
    for entry in ranking:
        renamed = name(entry.item)
        kept.setdefault(renamed, RankedItem(renamed, entry.score))
    return tuple(kept.values())


def _ranking(found: Mapping[str, tuple[float, int]]) -> Ranking:
    ordered = sorted(found.items(), key=lambda entry: (-entry[1][0], entry[1][1], entry[0]))
    return tuple(RankedItem(item, score) for item, (score, _) in ordered)


def _score(file: Path, line: int, text: str) -> float:
    try:
        score = float(text)
    except ValueError:
        score = math.nan
    if not math.isfinite(score):
        raise invalid(file, line, f"the score {text!r} is not a number")
    return score


def _rank(file: Path, line: int, text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise invalid(file, line, f"the rank {text!r} is not a whole number") from error
