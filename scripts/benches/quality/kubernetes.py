"""Who reviews a Kubernetes proposal, asked in the order of time; and whether a question is foreign to the proposals."""

import lzma
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from indexer.domain.content import Document
from indexer.domain.people import Role
from indexer.store import contributions, documents
from scripts.benches.common import DATA, Bench
from scripts.benches.quality.homes import Asked, indexed
from scripts.benches.quality.measures import area_under_curve, average_precision, by_score, reciprocal_rank

SET = "kubernetes"
TESTED_FROM = datetime(2023, 1, 1, tzinfo=UTC)
FLOORS = "most documents, two-year decay .222; document RRF then CombSUM .467"
JUDGES = (Role.REVIEWER, Role.APPROVER)
HALF_LIFE = timedelta(days=730)


@dataclass(frozen=True)
class Proposal:
    document: Document
    created: datetime
    parts: tuple[contributions.Part, ...]


def sources() -> list[dict[str, Any]]:
    people = {role: role for role in ("authors", "reviewers", "approvers")}
    return [
        {
            "name": "keps",
            "kind": "folder",
            "path": str(DATA / SET / "enhancements-keps.tar.xz"),
            "include": ["README.md"],
            "file_dates": False,
            "handles": "github",
            "community": {"path": "^keps/([^/]+)/"},
            "sidecar": {
                "file": "kep.yaml",
                "fields": {**people, "title": "title", "created": "creation-date", "community": "owning-sig"},
            },
        }
    ]


def measure(bench: Bench) -> None:
    with indexed(SET, sources()) as asked:
        proposals = read_proposals(asked)
        figures, floors = [], []
        for proposal in proposals:
            if proposal.created >= TESTED_FROM and (relevant := _relevant(proposal, proposals)):
                ranking = _rank(asked, proposal)
                figures.append((average_precision(ranking, relevant), reciprocal_rank(ranking, relevant)))
                floors.append(average_precision(_most_active(proposal, proposals), relevant))
        abstention(bench, asked, [proposal.document.title for proposal in proposals])
    bench.note("kubernetes proposals asked", len(figures))
    bench.note("kubernetes floors", FLOORS)
    bench.note("kubernetes floor here, most documents with two-year decay: MAP", round(float(np.mean(floors)), 4))
    precision, first = np.mean(figures, axis=0).round(4)
    bench.bar("kubernetes MAP", precision, "at least .58", precision >= 0.58)
    bench.bar("kubernetes MRR", first, "at least .76", first >= 0.76)


def read_proposals(asked: Asked) -> list[Proposal]:
    """Every dated proposal, the oldest first."""
    listed = documents.list_documents(asked.transaction, asked.readable.ids, limit=100_000)
    found = []
    for document in listed:
        if document.created is not None:
            parts = contributions.parts_in(asked.transaction, [document.id], asked.readable.ids)
            found.append(Proposal(document, document.created, tuple(parts)))
    return sorted(found, key=lambda proposal: (proposal.created, proposal.document.uri))


def question_of(asked: Asked, proposal: Proposal) -> str:
    """The proposal's title and its summary."""
    blocks = documents.read_blocks(asked.transaction, proposal.document.id)
    summary = " ".join(block.text for block in blocks if block.headings and block.headings[-1].casefold() == "summary")
    return f"{proposal.document.title}. {summary}"


def authors_of(proposal: Proposal) -> set[str]:
    return {part.person for part in proposal.parts if part.role is Role.AUTHOR}


def _relevant(proposal: Proposal, proposals: list[Proposal]) -> set[str]:
    seen = {part.person for other in proposals if other.created < proposal.created for part in other.parts}
    judges = {part.person for part in proposal.parts if part.role in JUDGES}
    return (judges & seen) - authors_of(proposal)


def _rank(asked: Asked, proposal: Proposal) -> list[str]:
    before = proposal.created - timedelta(days=1)
    retrieved = asked.retrieve(question_of(asked, proposal), until=before)
    scores = asked.scores(retrieved, now=proposal.created)
    return by_score({person: score for person, score in scores.items() if person not in authors_of(proposal)})


def _most_active(proposal: Proposal, proposals: list[Proposal]) -> list[str]:
    counts: Counter[str] = Counter()
    for other in proposals:
        if other.created < proposal.created:
            weight = 2 ** (-(proposal.created - other.created) / HALF_LIFE)
            for person in {part.person for part in other.parts} - authors_of(proposal):
                counts[person] += weight  # type: ignore[assignment]
    return by_score(dict(counts))


def abstention(bench: Bench, asked: Asked, titles: list[str]) -> None:
    """Titles of the proposals against questions about machine learning: the verdict must tell them apart."""
    with lzma.open(DATA / "mlquestions" / "dev.tsv.xz", "rt", encoding="utf-8") as file:
        file.readline()
        foreign = [line.split("\t")[0] for line in file][:600]
    own = [asked.retrieve(title).strength() for title in titles]
    other = [asked.retrieve(question).strength() for question in foreign]
    known = asked.settings.verdict.known
    area = round(area_under_curve(own, other), 4)
    wrong = round(float(np.mean(np.asarray(own) < known)), 4)
    bench.bar("abstention, area under the curve", area, "at least .98", area >= 0.98)
    bench.bar("abstention, proposals turned away", wrong, "at most .05", wrong <= 0.05)
    bench.note("abstention, foreign questions turned away", round(float(np.mean(np.asarray(other) < known)), 4))
