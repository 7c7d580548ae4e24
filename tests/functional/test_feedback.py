"""Useful and not useful, from the button and the request to the ranking, and back."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from indexer.domain.content import Audience, AudienceKind
from indexer.embedding import open_encoder
from indexer.home import Home
from indexer.store import accounts, documents
from service.app import create_app
from service.auth import open_session
from service.browsers import SESSION_COOKIE
from service.cli import app as command
from service.settings import ServiceSettings
from tests.fakes import add_signed_in, index_home, settings_for, write_thread

QUESTION = "pantograph strips wear"
GENEROUS = {
    "search": {"least_relevance": 0.01, "page_size": 20},
    "experts": {"least_relevance": 0.01, "least_score": 0.0, "sharpness": 1.0},
    "verdict": {"known": 0.01, "read": 0.01, "ask": 0.0},
}


@pytest.fixture
def settings(tmp_path: Path) -> ServiceSettings:
    (tmp_path / "chat.jsonl").write_text(
        write_thread("a", "Strips on the pantograph", ("ivy", "Strips wear?"), ("minl", "Check the horn."))
        + write_thread("b", "Pantograph strips", ("ivy", "They wear fast."), ("rui", "Ours wear, too."))
        + write_thread("c", "Door sensor", ("rui", "Door sensor blocked?"), ("minl", "Clean it."))
        + write_thread(
            "x", "Secret strips", ("olga", "Pantograph strips wear."), audience="members", community="closed"
        )
    )
    source = {"name": "chat", "kind": "threads", "path": "chat.jsonl", "community": "roof"}
    made = settings_for(tmp_path, [source], **GENEROUS)
    index_home(made)
    return made


def start(settings: ServiceSettings) -> TestClient:
    app = create_app(settings, Home(settings.home), open_encoder(settings.encoder))
    app.state.parts.index.load_model()
    return TestClient(app)


@pytest.fixture
def client(settings: ServiceSettings) -> Iterator[TestClient]:
    with start(settings) as started:
        yield started


def search(client: TestClient, question: str = QUESTION) -> Any:
    response = client.get("/api/v1/search", params={"q": question, "explain": True})
    assert response.status_code == 200, response.text
    return response.json()


def passage(client: TestClient, title: str, question: str = QUESTION) -> Any:
    return next(p for p in search(client, question)["passages"] if p["document"]["title"] == title)


def person(client: TestClient, name: str) -> Any:
    return next(p for p in search(client)["people"] if p["name"] == name)


def give(client: TestClient, code: int = 201, query: str = QUESTION, **fields: Any) -> Any:
    response = client.post("/api/v1/feedback", json={"query": query, "useful": True, **fields})
    assert response.status_code == code, response.text
    return response.json()


def told(client: TestClient, query: str = QUESTION, **fields: str) -> Any:
    return client.get("/api/v1/feedback", params={"query": query, **fields}).json()["judged"]


def hide(settings: ServiceSettings, title: str) -> None:
    home = Home(settings.home)
    with home.database.begin() as transaction:
        listed = documents.list_documents(transaction, documents.all_audiences(transaction), limit=9)
        found = next(document for document in listed if document.title == title)
        documents.set_audience(transaction, found.id, Audience(AudienceKind.MEMBERS, "roof"))
    home.close()


# The effect


def test_a_judgement_moves_its_document_for_this_query_and_undoing_it_moves_it_back(client: TestClient) -> None:
    before = passage(client, "Pantograph strips")
    saved = give(client, document=before["document"]["id"], useful=False)
    after = passage(client, "Pantograph strips")
    assert after["relevance"] == pytest.approx(before["relevance"] * (1 - 0.15 * 0.76159), abs=1e-3)
    assert after["explanation"]["feedback"]["not_useful"] == 1
    assert "Found not useful by 1" in after["explanation"]["sentence"]
    assert client.delete(f"/api/v1/feedback/{saved['id']}").status_code == 204
    assert passage(client, "Pantograph strips") == before
    assert client.delete(f"/api/v1/feedback/{saved['id']}").status_code == 404


def test_many_votes_turn_the_order_of_two_documents_but_move_none_by_more_than_the_bound(client: TestClient) -> None:
    before = {p["document"]["title"]: p for p in search(client)["passages"]}
    first, second = list(before)[:2]
    for _ in range(20):
        give(client, document=before[second]["document"]["id"])
        give(client, document=before[first]["document"]["id"], useful=False)
    after = {p["document"]["title"]: p["relevance"] for p in search(client)["passages"]}
    assert list(after)[:2] == [second, first]
    assert after[second] == pytest.approx(1.15 * before[second]["relevance"], abs=1e-3)
    assert after[first] == pytest.approx(0.85 * before[first]["relevance"], abs=1e-3)


def test_a_similar_query_is_affected_and_a_foreign_one_is_not(client: TestClient) -> None:
    give(client, document=passage(client, "Pantograph strips")["document"]["id"])
    similar = passage(client, "Pantograph strips", "the pantograph strips wear")["explanation"]["feedback"]
    assert (similar["useful"], similar["factor"] > 1) == (1, True)
    foreign = passage(client, "Pantograph strips", "door sensor on pantograph")["explanation"]["feedback"]
    assert foreign == {"useful": 0, "not_useful": 0, "balance": 0.0, "factor": 1.0}


def test_a_judgement_moves_its_person(client: TestClient) -> None:
    before = person(client, "minl")
    give(client, person=before["id"])
    after = person(client, "minl")
    assert after["explanation"]["score"] == pytest.approx(
        before["explanation"]["score"] * (1 + 0.15 * 0.76159), rel=1e-3
    )


def test_without_a_model_queries_are_compared_by_their_words(settings: ServiceSettings) -> None:
    app = create_app(settings, Home(settings.home), open_encoder(settings.encoder))
    client = TestClient(app)
    give(client, document=passage(client, "Pantograph strips")["document"]["id"])
    similar = passage(client, "Pantograph strips", "wear of strips, pantograph")["explanation"]
    assert similar["cosine"] is None
    assert similar["feedback"]["balance"] == pytest.approx(3 / 4)
    app.state.parts.home.close()


def test_switched_off_feedback_has_no_effect_and_no_buttons(settings: ServiceSettings) -> None:
    off = settings.model_copy(update={"feedback": settings.feedback.model_copy(update={"bound": 0.0})})
    with start(off) as client:
        before = passage(client, "Pantograph strips")
        give(client, document=before["document"]["id"])
        assert passage(client, "Pantograph strips") == before
        assert 'name="useful"' not in client.get("/", params={"q": QUESTION}).text


def test_an_evaluation_measures_feedback_and_can_switch_it_off(
    client: TestClient, settings: ServiceSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "topics.tsv").write_text(f"1\t{QUESTION}\n")
    (tmp_path / "qrels.txt").write_text("1 0 chat/b 1\n")
    before = ranked_score(tmp_path)
    give(client, document=passage(client, "Pantograph strips")["document"]["id"])
    assert ranked_score(tmp_path) > before
    monkeypatch.setenv("KNOWWHO_FEEDBACK__BOUND", "0")
    assert ranked_score(tmp_path) == before


def ranked_score(folder: Path) -> float:
    """The score of the judged document in a run of `knowwho evaluate`."""
    arguments = ["--topics", folder / "topics.tsv", "--qrels", folder / "qrels.txt", "--save", folder / "run.txt"]
    evaluated = CliRunner().invoke(
        command, ["--config", str(folder / "knowwho.yaml"), "evaluate", *map(str, arguments)]
    )
    assert evaluated.exit_code == 0, evaluated.output
    lines = (folder / "run.txt").read_text().splitlines()
    return next(float(line.split()[4]) for line in lines if "chat/b" in line)


# The requests


def test_counts_and_ones_own_judgement_are_told_for_the_same_words_in_any_order(client: TestClient) -> None:
    target = passage(client, "Pantograph strips")["document"]["id"]
    saved = give(client, document=target, voter="mine")
    give(client, document=target, useful=False)
    (entry,) = told(client, "Wear: strips, pantograph!", voter="mine")
    assert (entry["document"], entry["name"], entry["useful"], entry["not_useful"]) == (
        target,
        "Pantograph strips",
        1,
        1,
    )
    assert entry["own"]["id"] == saved["id"]
    assert told(client, voter="somebody")[0]["own"] is None
    assert told(client, "door sensor") == []


def test_the_latest_judgement_of_a_voter_counts(client: TestClient) -> None:
    target = passage(client, "Pantograph strips")["document"]["id"]
    first = give(client, document=target, voter="mine")
    second = give(client, document=target, voter="mine", useful=False, query="Strips wear PANTOGRAPH")
    assert second["id"] == first["id"]
    assert [(entry["useful"], entry["not_useful"]) for entry in told(client)] == [(0, 1)]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"document": "0000"}, 404),
        ({"person": "nobody"}, 404),
        ({}, 422),
        ({"document": "a", "person": "b"}, 422),
        ({"document": "a", "query": "  "}, 422),
        ({"document": "a", "voter": "v" * 65}, 422),
        ({"document": "a", "rating": 5}, 422),
    ],
)
def test_what_cannot_be_judged_is_a_problem(client: TestClient, fields: dict[str, Any], code: int) -> None:
    assert give(client, code, **fields)["status"] == code


def test_feedback_on_what_one_may_not_read_is_refused_and_never_shows(
    client: TestClient, settings: ServiceSettings
) -> None:
    target = passage(client, "Pantograph strips")["document"]["id"]
    give(client, document=target, voter="mine")
    hide(settings, "Pantograph strips")
    assert told(client, voter="mine") == []
    unknown, hidden = give(client, 404, document="0000"), give(client, 404, document=target)
    assert hidden["detail"].replace(target, "0000") == unknown["detail"]
    assert feedback_list(settings) == []


def test_a_person_known_by_closed_documents_alone_cannot_be_judged(client: TestClient) -> None:
    give(client, 404, person="olga")


def test_the_description_documents_feedback(client: TestClient) -> None:
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    assert paths["/api/v1/feedback"].keys() == {"get", "post"}
    assert paths["/api/v1/feedback/{judgement_id}"].keys() == {"delete"}
    assert "tanh" in paths["/api/v1/feedback"]["post"]["description"]


# The command line


def feedback_list(settings: ServiceSettings, *options: str) -> Any:
    config = str(settings.home.parent / "knowwho.yaml")
    listed = CliRunner().invoke(command, ["--config", config, "feedback", "list", *(options or ("--json",))])
    assert listed.exit_code == 0, listed.output
    return listed.stdout if options else json.loads(listed.stdout)


def test_the_command_lists_what_was_judged(client: TestClient, settings: ServiceSettings) -> None:
    assert "Nothing has been judged yet" in feedback_list(settings, "--limit", "5")
    give(client, document=passage(client, "Pantograph strips")["document"]["id"], useful=False)
    (listed,) = feedback_list(settings)
    assert (listed["query"], listed["target"]["name"], listed["useful"]) == (QUESTION, "Pantograph strips", False)
    assert f"not useful: Pantograph strips (document) for “{QUESTION}”" in feedback_list(settings, "--limit", "5")


# The pages


def show(client: TestClient, **more: str) -> str:
    return client.get("/", params={"q": QUESTION, **more}).text


def hidden_fields(page: str) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="(token|results)" value="([^"]*)">', page)
    return {name: unescape(value) for name, value in found}


def button(page: str, name: str, of: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)">[^<]+<span class="unseen">: {of}<', page)
    assert found, f"no button {name} for {of}"
    return found[1]


def press(client: TestClient, page: str, name: str, of: str) -> Any:
    return client.post("/feedback", data={**hidden_fields(page), name: button(page, name, of)}, follow_redirects=False)


@pytest.mark.parametrize(("name", "said"), [("useful", "useful"), ("not_useful", "not useful")])
def test_a_button_leads_back_to_the_results_with_the_judgement_and_undo(
    client: TestClient, name: str, said: str
) -> None:
    page = show(client, kind="thread")
    answered = press(client, page, name, "Pantograph strips")
    assert answered.status_code == 303
    assert re.fullmatch(r"/\?q=pantograph\+strips\+wear&kind=thread#document-\w+", answered.headers["location"])
    after = client.get(answered.headers["location"]).text
    assert f"You found this {said}" in after
    assert after.count('name="undo"') == 1
    again = press(client, after, "undo", "Pantograph strips")
    assert again.headers["location"] == answered.headers["location"]
    assert "You found this" not in client.get(again.headers["location"]).text
    assert press(client, after, "undo", "Pantograph strips").status_code == 303


def test_a_person_can_be_judged_on_the_page(client: TestClient) -> None:
    answered = press(client, show(client), "useful", "minl")
    assert "#person-" in answered.headers["location"]
    assert person(client, "minl")["explanation"]["feedback"]["useful"] == 1


def test_a_visitor_sees_only_their_own_judgement(client: TestClient, settings: ServiceSettings) -> None:
    press(client, show(client), "useful", "Pantograph strips")
    with start(settings) as other:
        page = show(other)
    assert "You found this" not in page
    assert "Found useful by 1, for this or a similar question." in page


def test_the_voter_is_kept_in_a_cookie_that_scripts_and_other_sites_do_not_get(client: TestClient) -> None:
    answered = client.get("/", params={"q": QUESTION})
    cookie = answered.headers["set-cookie"]
    assert all(told in cookie for told in ("knowwho_voter=", "HttpOnly", "SameSite=lax", "Path=/"))
    assert answered.headers["cache-control"] == "private, no-cache"
    assert "set-cookie" not in client.get("/", params={"q": QUESTION}).headers


def test_an_account_votes_once_from_however_many_browsers_and_takes_back_only_its_own(
    client: TestClient, settings: ServiceSettings
) -> None:
    home = Home(settings.home)
    ivy, minl = (add_signed_in(home, settings, name, admin=False) for name in ("ivy", "minl"))
    with home.database.begin() as transaction:
        account = accounts.find_by_name(transaction, "ivy")
        assert account is not None
        _, elsewhere = open_session(transaction, account.id, "another browser", datetime.now(UTC), settings.access)
    target = passage(client, "Pantograph strips")["document"]["id"]
    press(signed_in(client, ivy), show(client), "useful", "Pantograph strips")
    saved = give(signed_in(client, elsewhere), document=target, voter="somebody else", useful=False)
    ((counted, own),) = [((e["useful"], e["not_useful"]), e["own"]) for e in told(client)]
    assert (counted, own["id"]) == ((0, 1), saved["id"])
    undo = {"undo": saved["id"]}
    for other in ("", minl):
        assert signed_in(client, other).delete(f"/api/v1/feedback/{saved['id']}").status_code == 404
        client.post("/feedback", data={**hidden_fields(show(client)), **undo}, follow_redirects=False)
    assert [entry["not_useful"] for entry in told(client)] == [1]
    admin = add_signed_in(home, settings)
    assert signed_in(client, admin).delete(f"/api/v1/feedback/{saved['id']}").status_code == 204
    home.close()


def signed_in(client: TestClient, secret: str) -> TestClient:
    client.cookies.clear()
    if secret:
        client.cookies.set(SESSION_COOKIE, secret)
    return client


def test_a_form_of_a_session_is_not_taken_from_another(client: TestClient, settings: ServiceSettings) -> None:
    home = Home(settings.home)
    ivy, minl = (add_signed_in(home, settings, name, admin=False) for name in ("ivy", "minl"))
    page = show(signed_in(client, ivy))
    assert press(client, page, "useful", "Pantograph strips").status_code == 303
    assert press(signed_in(client, minl), page, "useful", "Pantograph strips").status_code == 403
    assert press(signed_in(client, ""), page, "useful", "Pantograph strips").status_code == 403
    home.close()


def test_a_form_without_the_token_of_its_visitor_is_refused(client: TestClient, settings: ServiceSettings) -> None:
    page = show(client)
    target = {"useful": button(page, "useful", "Pantograph strips"), "results": hidden_fields(page)["results"]}
    for token in ("", "0" * 64):
        refused = client.post("/feedback", data={**target, "token": token})
        assert (refused.status_code, "too old" in refused.text) == (403, True)
    with start(settings) as other:
        assert other.post("/feedback", data={**target, "token": hidden_fields(page)["token"]}).status_code == 403
        other.get("/", params={"q": QUESTION})
        assert other.post("/feedback", data={**target, "token": hidden_fields(page)["token"]}).status_code == 403
    assert told(client) == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"useful": "document:0000"}, 404),
        ({"useful": "rumour:1"}, 422),
        ({}, 422),
        ({"useful": "document:1", "results": "kind=thread"}, 422),
        ({"useful": "x" * 200_000}, 413),
    ],
)
def test_a_form_that_makes_no_sense_is_a_page_that_says_so(
    client: TestClient, fields: dict[str, str], code: int
) -> None:
    refused = client.post("/feedback", data={**hidden_fields(show(client)), **fields})
    assert refused.status_code == code
    assert refused.headers["content-type"].startswith("text/html")


def test_nobody_is_sent_elsewhere(client: TestClient) -> None:
    page = show(client)
    fields = {**hidden_fields(page), "undo": "gone", "results": "q=x#@evil.example//evil.example\r\nX: y"}
    answered = client.post("/feedback", data=fields, follow_redirects=False)
    assert answered.headers["location"].startswith("/?q=x#@evil.example")
    assert "x" not in answered.headers
