"""Researchers who said how well they could review papers; ten samples of what they have written."""

import csv
import io
import json
import tarfile
from collections import defaultdict
from collections.abc import Iterable
from itertools import combinations
from typing import Any

import numpy as np

from scripts.benches.common import DATA, Bench
from scripts.benches.quality.homes import Asked, indexed, write_rows

SET = "expert-reviewers"
PUBLISHED = "TPMS .281/.80/.62; SPECTER2 .22/.89/.61; SciNCL .22/.90/.65; SPECTER2+SciNCL .21/.91/.65"
SAMPLES = range(1, 11)
Ratings = dict[str, dict[str, float]]


def measure(bench: Bench) -> None:
    ratings, archives, submissions = _read()
    sources = [_source(sample, archives[sample]) for sample in SAMPLES]
    figures, floors = [], []
    with indexed(SET, sources) as asked:
        for sample in SAMPLES:
            figures.append(_figures(ratings, _predict(asked, sample, ratings, submissions)))
            counts = {who: float(len(papers)) for who, papers in archives[sample].items()}
            floors.append(
                _figures(ratings, {who: dict.fromkeys(papers, counts[who]) for who, papers in ratings.items()})
            )
    bench.note("expert-reviewers published loss/easy/hard", PUBLISHED)
    bench.note("expert-reviewers floor, most documents: loss, easy, hard", np.mean(floors, axis=0).round(3).tolist())
    loss, easy, hard = np.mean(figures, axis=0).round(4)
    bench.bar("expert-reviewers loss", loss, "at most .20", loss <= 0.20)
    bench.bar("expert-reviewers easy", easy, "at least .91", easy >= 0.91)
    bench.bar("expert-reviewers hard", hard, "at least .65", hard >= 0.65)


def _read() -> tuple[Ratings, dict[int, dict[str, list[dict[str, Any]]]], dict[str, str]]:
    """Ratings by reviewer and paper, what each sample has of each reviewer's papers, and the papers to review."""
    archives: dict[int, dict[str, list[dict[str, Any]]]] = {sample: {} for sample in SAMPLES}
    submissions: dict[str, str] = {}
    ratings: Ratings = defaultdict(dict)
    with tarfile.open(DATA / SET / "reviewers.tar.xz") as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content is None:
                continue
            text = content.read().decode()
            if member.name.endswith("evaluations.csv"):
                for row in csv.DictReader(io.StringIO(text), delimiter="\t"):
                    _add_ratings(ratings[row["ParticipantID"]], row)
                continue
            sample = int(member.name.split("/d_20_")[1].split("/")[0])
            if member.name.endswith("submissions.json"):
                submissions |= {paper: _text(told["content"]) for paper, told in json.loads(text).items()}
            elif member.name.endswith(".jsonl"):
                who = member.name.rpartition("~")[2].removesuffix(".jsonl")
                archives[sample][who] = [json.loads(line) for line in text.splitlines() if line.strip()]
    return ratings, archives, submissions


def _add_ratings(known: dict[str, float], row: dict[str, str]) -> None:
    for number in range(1, 11):
        paper, rating = row[f"Paper{number}"], row[f"Expertise{number}"]
        if paper and rating:
            known[paper] = float(rating)


def _text(content: dict[str, str | None]) -> str:
    return f"{content.get('title') or ''}. {content.get('abstract') or ''}"


def _source(sample: int, archive: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    authors: dict[str, list[str]] = defaultdict(list)
    papers: dict[str, dict[str, Any]] = {}
    for who, written in archive.items():
        for paper in written:
            papers[paper["id"]] = paper["content"]
            authors[paper["id"]].append(f"@{who}")
    rows = (
        {
            "id": paper,
            "title": told.get("title"),
            "text": told.get("abstract") or told.get("title"),
            "authors": authors[paper],
        }
        for paper, told in sorted(papers.items())
    )
    return {
        "name": f"sample-{sample}",
        "kind": "table",
        "path": str(write_rows(f"{SET}-{sample}", rows)),
        "id": "id",
        "text": ["text"],
        "fields": {"title": "title", "authors": "authors"},
    }


def _predict(asked: Asked, sample: int, ratings: Ratings, submissions: dict[str, str]) -> Ratings:
    people = asked.people(f"sample-{sample}", ratings)
    shortlist = frozenset(people.values())
    predicted: Ratings = defaultdict(dict)
    for paper in sorted({paper for rated in ratings.values() for paper in rated}):
        scores = asked.scores(asked.retrieve(submissions[paper], people=shortlist), shortlist=shortlist)
        for who, rated in ratings.items():
            if paper in rated:
                predicted[who][paper] = scores.get(people.get(who, ""), 0.0)
    return predicted


def _figures(ratings: Ratings, predicted: Ratings) -> tuple[float, float, float]:
    """Loss, and accuracy on easy and on hard pairs; a tie costs half."""
    cost = most = 0.0
    easy: list[float] = []
    hard: list[float] = []
    for high, low, right in _pairs(ratings, predicted):
        cost += (high - low) * (1 - right)
        most += high - low
        if high >= 4 and low <= 2:
            easy.append(right)
        if low >= 4:
            hard.append(right)
    return cost / most, float(np.mean(easy)), float(np.mean(hard))


def _pairs(ratings: Ratings, predicted: Ratings) -> Iterable[tuple[float, float, float]]:
    """For two papers that one reviewer rated differently: the higher rating, the lower, and how right the order is."""
    for who, rated in ratings.items():
        for one, other in combinations(sorted(rated), 2):
            better, worse = (one, other) if rated[one] > rated[other] else (other, one)
            if rated[better] != rated[worse]:
                told = predicted[who][better] - predicted[who][worse]
                yield rated[better], rated[worse], 1.0 if told > 0 else 0.5 if told == 0 else 0.0
