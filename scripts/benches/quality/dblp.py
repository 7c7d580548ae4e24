"""Abstracts of computer scientists and judged experts of seven topics."""

import json
import lzma
from collections import Counter

import numpy as np

from scripts.benches.common import DATA, Bench
from scripts.benches.quality.homes import Asked, indexed, write_rows
from scripts.benches.quality.measures import average_precision, by_score, precision_at, reciprocal_rank

SET = "expert-dblp"
PUBLISHED = (
    "random AP .074; panoptic AP .232 P@10 .224; voting AP .283 P@10 .260 MRR .607; propagation AP .347 P@10 .331"
)
Figures = tuple[float, float, float]


def measure(bench: Bench) -> None:
    with lzma.open(DATA / SET / "documents.jsonl.xz", "rt", encoding="utf-8") as file:
        papers = [json.loads(line) for line in file]
    judged = json.loads((DATA / SET / "judgments.json").read_text())
    topics = {str(entry["person"]): set(entry["topics"]) for entry in judged["candidates"]}
    rows = ({**paper, "authors": [f"@{author}" for author in paper["authors"]]} for paper in papers)
    source = {
        "name": "dblp",
        "kind": "table",
        "path": str(write_rows(SET, rows)),
        "id": "id",
        "text": ["text"],
        "fields": {"authors": "authors"},
    }
    texts = {paper["id"]: paper["text"] for paper in papers}
    written = Counter(str(author) for paper in papers for author in paper["authors"])
    floor = by_score({person: float(written[person]) for person in topics})
    whole, removed, popular = [], [], []
    with indexed(SET, [source]) as asked:
        people = asked.people("dblp", topics)
        for query in judged["queries"]:
            relevant = {person for person, known in topics.items() if known & set(query["topics"])}
            text, own = texts[query["document"]], asked.document("dblp", str(query["document"]))
            whole.append(_figures(_rank(asked, text, people, set()), relevant))
            removed.append(_figures(_rank(asked, text, people, {own}), relevant))
            popular.append(_figures(floor, relevant))
    bench.note("expert-dblp published", PUBLISHED)
    bench.note("expert-dblp floor, most documents: AP, P@10, MRR", np.mean(popular, axis=0).round(3).tolist())
    precision, at_ten, first = np.mean(whole, axis=0).round(4)
    bench.bar("expert-dblp AP", precision, "at least .44", precision >= 0.44)
    bench.bar("expert-dblp P@10", at_ten, "at least .41", at_ten >= 0.41)
    bench.bar("expert-dblp MRR", first, "at least .72", first >= 0.72)
    bench.note("expert-dblp, own document removed: AP, P@10, MRR", np.mean(removed, axis=0).round(4).tolist())


def _rank(asked: Asked, text: str, people: dict[str, str], unwanted: set[int]) -> list[str]:
    scores = asked.scores(asked.retrieve(text), absent=unwanted)
    return by_score({person: scores.get(found, 0.0) for person, found in people.items()})


def _figures(ranking: list[str], relevant: set[str]) -> Figures:
    return average_precision(ranking, relevant), precision_at(ranking, relevant, 10), reciprocal_rank(ranking, relevant)
