"""Lessons learned, each asked for by its title, which is not indexed: the set on which the shares of meaning, words and
crowding in the ranking of passages were chosen."""

import csv
import lzma
from collections.abc import Iterator

import numpy as np

from scripts.benches.common import DATA, Bench
from scripts.benches.quality.homes import Asked, indexed, write_rows
from service.evaluation.ties import expected_ndcg

SET = "nasa-llis"
LEAST_TITLE, LEAST_TEXT = 3, 20  # words
MOST_TEXT = 180


def measure(bench: Bench) -> None:
    lessons = list(_read())
    source = {
        "name": SET,
        "kind": "table",
        "path": str(write_rows(SET, ({"id": number, "text": text} for number, _, text in lessons))),
        "id": "id",
        "text": ["text"],
        "fields": {},
    }
    with indexed(SET, [source]) as asked:
        figures = np.asarray([_ndcg(asked, title, number) for number, title, _ in lessons])
    dense, plain, default = figures.mean(axis=0).round(4)
    bench.note("lessons by their titles, nDCG@10: dense", dense)
    bench.note("lessons by their titles, nDCG@10: default without crowding", plain)
    bench.note("lessons by their titles, nDCG@10: default (its parameters were chosen here)", default)


def _read() -> Iterator[tuple[str, str, str]]:
    """Number, title, and the beginning of what the lesson says."""
    csv.field_size_limit(10_000_000)
    with lzma.open(DATA / SET / "llis.csv.xz", "rt", encoding="utf-8", errors="replace") as file:
        for row in csv.DictReader(file):
            words = f"{row['Abstract']} {row['Lesson']}".split()
            if len(row["Title"].split()) >= LEAST_TITLE and len(words) >= LEAST_TEXT:
                yield row["LessonId"], row["Title"], " ".join(words[:MOST_TEXT])


def _ndcg(asked: Asked, title: str, number: str) -> list[float]:
    """Of the vectors alone, of the default without crowding, and of the default ranking."""
    found = asked.retrieve(title).listed(asked.settings.search.listed)
    gold = asked.document(SET, number)
    fusion = asked.settings.search.fusion
    plain = fusion.model_copy(update={"crowding": 0.0})
    figures = []
    for tried in (plain.model_copy(update={"word_weight": 0.0}), plain, fusion):
        relevance = found.relevance(tried)
        best = found.best_of_documents(relevance)
        places = np.flatnonzero(found.candidates.documents[best] == gold)
        figures.append(expected_ndcg(relevance[best], int(places[0]), 10) if len(places) else 0.0)
    return figures
