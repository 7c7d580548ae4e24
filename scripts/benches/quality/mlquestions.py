"""Questions about machine learning, each with the one passage that answers it."""

import csv
import lzma

import numpy as np

from scripts.benches.common import DATA, Bench
from scripts.benches.quality.homes import Asked, indexed, write_rows
from service.evaluation.ties import expected_ndcg

SET = "mlquestions"
PUBLISHED = "all-MiniLM-L6-v2 .5544, all-MiniLM-L12-v2 .5717, all-mpnet-base-v2 .6005, BM25 .356"


def measure(bench: Bench) -> None:
    with lzma.open(DATA / SET / "passages.tsv.xz", "rt", encoding="utf-8") as file:
        file.readline()
        rows = [dict(zip(("row", "text"), line.rstrip("\n").split("\t", 1), strict=True)) for line in file]
    with lzma.open(DATA / SET / "dev.tsv.xz", "rt", encoding="utf-8") as file:
        questions = [(line["question"], line["row"]) for line in csv.DictReader(file, delimiter="\t")]
    source = {
        "name": SET,
        "kind": "table",
        "path": str(write_rows(SET, rows)),
        "id": "row",
        "text": ["text"],
        "fields": {},
    }
    with indexed(SET, [source]) as asked:
        figures = np.asarray([_ndcg(asked, question, row) for question, row in questions])
    bench.note("mlquestions published nDCG@10", PUBLISHED)
    dense, default = figures.mean(axis=0).round(4)
    bench.bar("mlquestions dense nDCG@10", dense, "at least .549", dense >= 0.549)
    bench.bar("mlquestions default nDCG@10", default, "at least .575, stretch .60", default >= 0.575)


def _ndcg(asked: Asked, question: str, row: str) -> tuple[float, float]:
    """Of the vectors alone, and of the default ranking; ties averaged."""
    found = asked.retrieve(question).listed(asked.settings.search.listed)
    gold = asked.document(SET, row)
    settings = asked.settings.search
    figures = []
    alone = settings.fusion.model_copy(update={"word_weight": 0.0, "crowding": 0.0})
    for fusion in (alone, settings.fusion):
        relevance = found.relevance(fusion)
        best = found.best_of_documents(relevance)
        places = np.flatnonzero(found.candidates.documents[best] == gold)
        figures.append(expected_ndcg(relevance[best], int(places[0]), 10) if len(places) else 0.0)
    return figures[0], figures[1]
