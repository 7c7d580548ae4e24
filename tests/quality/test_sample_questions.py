"""The sample's own questions: what a reader should find there, in how many of them."""

from typing import Any

import pytest
import yaml

from service.auth import ANONYMOUS
from service.experts import Answer, VerdictKind, answer
from service.search import parse_query
from tests.conftest import SAMPLE, IndexedHome

QUESTIONS = yaml.safe_load((SAMPLE / "questions.yaml").read_text(encoding="utf-8"))
PUBLIC = [entry for entry in QUESTIONS if not entry.get("foreign") and not entry.get("private")]
FOREIGN = [entry["question"] for entry in QUESTIONS if entry.get("foreign")]
PRIVATE = [entry for entry in QUESTIONS if entry.get("private")]


@pytest.fixture(scope="module")
def answers(sample_home: IndexedHome) -> dict[str, Answer]:
    return {entry["question"]: ask(sample_home, entry["question"]) for entry in QUESTIONS}


def ask(sample: IndexedHome, question: str) -> Answer:
    return answer(sample.home, sample.index, parse_query(question), ANONYMOUS, sample.settings)


def places(found: Answer) -> list[str]:
    return [f"{hit.passage.document.source}/{hit.passage.document.uri}" for hit in found.page.hits]


def test_the_best_item_is_among_the_first_three_for_nearly_every_question(answers: dict[str, Answer]) -> None:
    missed = [e["question"] for e in PUBLIC if not {*places(answers[e["question"]])[:3]} & {*e["best"]}]
    assert len(PUBLIC) == 20
    assert len(missed) <= 2, missed


def test_a_person_who_knows_is_among_the_first_three_for_nearly_every_question(answers: dict[str, Answer]) -> None:
    missed = [
        e["question"]
        for e in PUBLIC
        if not {ranked.person.id for ranked in answers[e["question"]].people[:3]} & {*e["people"]}
    ]
    assert len(missed) <= 3, missed


def test_most_questions_that_nobody_here_can_answer_get_that_verdict(answers: dict[str, Answer]) -> None:
    verdicts = {question: answers[question].verdict.kind for question in FOREIGN}
    assert sum(kind is VerdictKind.NOBODY for kind in verdicts.values()) >= 4, verdicts


def test_hardly_any_real_question_is_turned_away(answers: dict[str, Answer]) -> None:
    turned_away = [e["question"] for e in PUBLIC if answers[e["question"]].verdict.kind is VerdictKind.NOBODY]
    assert len(turned_away) <= 1, turned_away


@pytest.mark.parametrize("entry", PRIVATE, ids=lambda entry: str(entry["question"])[:30])
def test_what_is_private_is_not_shown_to_the_public(answers: dict[str, Answer], entry: dict[str, Any]) -> None:
    found = answers[entry["question"]]
    assert not {*places(found)} & {*entry["best"]}
    assert all(hit.passage.document.community != "incidents" for hit in found.page.hits)
    evidence = [reason.passage.document for ranked in found.people for reason in ranked.evidence]
    assert all(document.community != "incidents" for document in evidence)


def test_the_shares_of_a_persons_evidence_add_up_to_no_more_than_the_whole(answers: dict[str, Answer]) -> None:
    for found in answers.values():
        for ranked in found.people:
            shares = [reason.share for reason in ranked.evidence]
            assert 0 < sum(shares) <= 1.001
            assert shares == sorted(shares, reverse=True)


def test_a_superseded_item_stands_behind_what_took_its_place(sample_home: IndexedHome) -> None:
    found = places(ask(sample_home, "door leaf closing force"))
    new, old = "library/doors/standards/sl80-closing-force.md", "library/doors/standards/sl80-closing-force-2017.md"
    assert found.index(new) < found.index(old)
