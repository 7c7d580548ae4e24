"""Explanations: the numbers of every face multiply and add up to the rank, and the words say the same."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from indexer.embedding import open_encoder
from indexer.home import Home
from service.app import create_app
from service.cli import app as command
from tests.conftest import IndexedHome

QUESTION = "SL-80 closing force of the door"


@pytest.fixture(scope="module")
def client(sample_home: IndexedHome) -> Iterator[TestClient]:
    app = create_app(sample_home.settings, Home(sample_home.settings.home), open_encoder(sample_home.settings.encoder))
    app.state.parts.index.load_model()
    with TestClient(app) as started:
        yield started


@pytest.fixture(scope="module")
def found(client: TestClient) -> Any:
    return client.get("/api/v1/search", params={"q": QUESTION, "explain": True, "limit": 30}).json()


def test_the_parts_of_a_passage_multiply_to_its_relevance(found: Any) -> None:
    assert found["passages"]
    for passage in found["passages"]:
        told = passage["explanation"]
        meaning = told["cosine"] + told["crowding"] * (told["cosine"] - told["neighbours"])
        fit = (1 - told["word_weight"]) * meaning + told["word_weight"] * told["words"]
        assert told["fit"] == pytest.approx(fit)
        earned = told["fit"] * told["standing"] * told["feedback"]["factor"]
        assert told["relevance"] >= earned - 1e-9 if told["raised"] else told["relevance"] == pytest.approx(earned)
        assert passage["relevance"] == pytest.approx(told["relevance"], abs=1e-4)


def test_what_is_superseded_says_that_it_counts_less(found: Any) -> None:
    old = next(passage for passage in found["passages"] if passage["marks"] == ["superseded"])["explanation"]
    assert old["standing"] == 0.8
    assert "It is superseded and counts less." in old["sentence"]


def test_the_matched_words_are_those_that_the_passage_has(found: Any) -> None:
    first = found["passages"][0]["explanation"]
    assert {"SL-80", "closing", "force"} <= set(first["matched"]) <= set(QUESTION.split())
    assert "“SL-80”" in first["sentence"]
    assert all(first["words"] > 0 for first in (p["explanation"] for p in found["passages"]) if first["matched"])


def test_the_votes_of_a_person_multiply_and_add_up_to_their_score(found: Any, sample_home: IndexedHome) -> None:
    experts = sample_home.settings.experts
    assert found["people"]
    for person in found["people"]:
        told = person["explanation"]
        for vote in told["votes"]:
            above = max(0, vote["relevance"] - told["least_relevance"]) ** told["sharpness"]
            assert vote["weight"] == pytest.approx(
                vote["role_weight"] * vote["quality"] * vote["age"] * vote["community"] * above / vote["authors"]
            )
            assert vote["gain"] == pytest.approx(vote["decay"] * vote["weight"])
            assert vote["share"] == pytest.approx(vote["gain"] / told["total"])
        assert told["total"] == pytest.approx(sum(vote["gain"] for vote in told["votes"]))
        lately = sum(entry["share"] * entry["concern"] for entry in told["active"])
        assert told["activity"] == pytest.approx(1 + experts.activity_weight * lately)
        assert told["score"] == pytest.approx(
            told["total"] / told["divisor"] * told["activity"] * told["feedback"]["factor"]
        )
        assert told["documents"] == person["documents"]


def test_people_stand_in_the_order_of_their_scores(found: Any) -> None:
    scores = [person["explanation"]["score"] for person in found["people"]]
    assert scores == sorted(scores, reverse=True)


def test_the_evidence_is_the_beginning_of_the_votes(found: Any) -> None:
    for person in found["people"]:
        votes = person["explanation"]["votes"]
        shown = [(entry["document"], entry["share"]) for entry in person["evidence"]]
        counted = [(vote["document"], pytest.approx(vote["share"], abs=1e-4)) for vote in votes]
        assert shown == counted[: len(shown)]


def test_the_divisor_is_that_of_the_formula(found: Any, sample_home: IndexedHome) -> None:
    experts = sample_home.settings.experts
    for person in found["people"]:
        counted = min(max(person["documents"], 1), experts.documents)
        possible = sum(experts.decay**place for place in range(counted))
        assert person["explanation"]["divisor"] == pytest.approx(possible**experts.restraint)


def test_people_alone_are_explained_too(client: TestClient, found: Any) -> None:
    ranked = client.get("/api/v1/people", params={"q": QUESTION, "explain": True}).json()["people"]
    assert [person["explanation"]["sentence"] for person in ranked] == [
        person["explanation"]["sentence"] for person in found["people"]
    ]


@pytest.mark.parametrize("path", ["/search", "/people"])
def test_nothing_is_explained_unless_asked(client: TestClient, path: str) -> None:
    answer = client.get(f"/api/v1{path}", params={"q": QUESTION}).json()
    assert [entry["explanation"] for entry in [*answer.get("passages", []), *answer["people"]]].count(None) == len(
        [*answer.get("passages", []), *answer["people"]]
    )


def test_no_document_that_is_closed_is_among_the_votes(client: TestClient) -> None:
    answer = client.get("/api/v1/people", params={"q": "rollaway on the stabling road", "explain": True}).json()
    for person in answer["people"]:
        for vote in person["explanation"]["votes"]:
            assert client.get(f"/api/v1/documents/{vote['document']}").status_code == 200


def test_the_command_line_explains_in_words_and_numbers(sample_home: IndexedHome) -> None:
    told = CliRunner().invoke(command, ["--config", str(sample_home.config), "search", QUESTION, "--explain"])
    assert told.exit_code == 0, told.output
    assert re.search(r"Why: (Very close|Close) in meaning to the question; it has “SL-80”", told.stdout)
    assert re.search(r"Relevance += 0\.\d{3}", told.stdout)
    factors = r"role 1\.\d\d × likes 1\.00 × age 0\.\d{3} × community [123]\.\d\d × \(0\.\d{3} - [\d.]+\)\^"
    assert re.search(rf"Vote +\+ 1\.000 × {factors}", told.stdout)
    assert re.search(r"Score += \d\.\d{4}", told.stdout)


def test_the_page_says_why_with_a_sentence_and_its_sum(client: TestClient, found: Any) -> None:
    page = client.get("/", params={"q": QUESTION}).text
    passage = page[page.index('<li class="passage">') :]
    passage = passage[: passage.index("</li>")]
    told = found["passages"][0]["explanation"]
    assert told["sentence"] in passage
    assert f"= {told['relevance']:.3f}" in passage
    person = page[page.index('<li class="person">') :]
    first = found["people"][0]["explanation"]
    assert first["sentence"] in person
    assert f"<td>{first['score']:.3f}</td>" in person
    assert f"<td>{first['votes'][0]['weight']:.3f}</td>" in person
