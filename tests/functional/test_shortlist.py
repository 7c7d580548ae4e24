"""Given people, ranked for a text: over HTTP, on the command line and on a page."""

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner, Result

from indexer.domain.errors import KnowwhoError
from indexer.embedding import open_encoder
from indexer.home import Home
from service.app import create_app
from service.cli import app as command
from service.settings import ServiceSettings
from tests.fakes import index_home, settings_for, write_thread

TEXT = "pantograph strips wear"
GENEROUS = {
    "search": {"least_relevance": 0.01},
    "experts": {"least_relevance": 0.05, "least_score": 0.0},
    "verdict": {"known": 0.3, "read": 0.5, "ask": 0.0},
}
DIRECTORY = """
people:
  - id: rui
    name: Rui Costa
    addresses: [rui@example.org]
    handles: {chat: rui}
    aliases: {notes: ["Costa, Rui"]}
  - {id: jan-1, name: Jan Kok, unit: Roof, handles: {chat: jan}}
  - {id: jan-2, name: Jan Kok, handles: {chat: kok}}
  - {id: zoe, name: Zoë Ähn, handles: {chat: zoe}}
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> ServiceSettings:
    folder = tmp_path_factory.mktemp("shortlist")
    (folder / "directory.yaml").write_text(DIRECTORY, encoding="utf-8")
    (folder / "chat.jsonl").write_text(
        write_thread("a", "Pantograph strips", ("ivy", "How fast do pantograph strips wear?"), ("rui", "Strips wear."))
        + write_thread("b", "Strips on the roof", ("jan", "Who has pantograph strips?"), ("minl", "I have strips."))
        + write_thread("d", "Paper strips", ("amy", "Strips of paper for the printer in the office."))
        + write_thread("e", "More paper strips", ("amy", "Strips of paper once more, printer and office."))
        + write_thread("c", "Door sensor", ("kok", "Door sensor blocked?"), ("minl", "Clean it."))
        + write_thread(
            "x",
            "Secret strips",
            ("olga", "Pantograph strips wear."),
            ("zoe", "So they do."),
            audience="members",
            community="closed",
        )
    )
    chat = {"name": "chat", "kind": "threads", "path": "chat.jsonl", "community": "roof"}
    made = settings_for(folder, [{"name": "people", "kind": "directory", "path": "directory.yaml"}, chat], **GENEROUS)
    index_home(made)
    return made


@pytest.fixture(scope="module")
def client(settings: ServiceSettings) -> Iterator[TestClient]:
    app = create_app(settings, Home(settings.home), open_encoder(settings.encoder))
    app.state.parts.index.load_model()
    with TestClient(app) as started:
        yield started


def ask(client: TestClient, *people: str, code: int = 200, **fields: Any) -> Any:
    response = client.post("/api/v1/people/shortlist", json={"text": TEXT, "people": people, **fields})
    assert response.status_code == code, response.text
    return response.json()


def names(found: Any) -> list[str]:
    return [person["name"] for person in found["people"]]


# The API


def test_everybody_given_is_ranked_and_whoever_has_no_evidence_comes_last_and_is_told_so(client: TestClient) -> None:
    found = ask(client, "zoe", "jan-2", "ivy", "rui")
    assert names(found) == ["Rui Costa", "ivy", "Zoë Ähn", "Jan Kok"]
    best, nothing, unfit = (found["people"][place] for place in (0, 2, 3))
    assert (best["evidence"][0]["title"], best["evidence"][0]["role"]) == ("Pantograph strips", "answerer")
    assert best["confidence"] == "slight"
    assert best["explanation"] is None
    assert "score" not in json.dumps(found)
    assert (nothing["evidence"], nothing["confidence"]) == ([], None)
    assert nothing["sentence"] == "They had no part in anything that you may read."
    assert unfit["sentence"] == "Not even the one document that they had a part in speaks for them."
    assert found["sentence"] == "There is evidence for 2 of the 4 people."
    assert (found["total"], found["degraded"]) == (4, None)


def test_nobody_else_is_ranked_and_a_limit_keeps_the_best(client: TestClient) -> None:
    assert set(names(ask(client, "minl", "ivy"))) == {"minl", "ivy"}
    found = ask(client, "zoe", "ivy", "rui", limit=1)
    assert (names(found), found["total"]) == (["Rui Costa"], 3)


@pytest.mark.parametrize(
    "name", ["rui", "RUI@example.org", "chat:rui", "chat:@rui", "@rui", "rui costa", "Costa, Rui", " Rui  Costa "]
)
def test_a_person_is_named_by_id_address_handle_or_name(client: TestClient, name: str) -> None:
    (person,) = ask(client, name)["people"]
    assert (person["id"], person["given"]) == ("rui", [" ".join(name.split())])


def test_letters_beyond_ascii_may_be_small_or_large(client: TestClient) -> None:
    assert names(ask(client, "ZOË ÄHN")) == ["Zoë Ähn"]


def test_a_person_given_under_two_names_is_ranked_once(client: TestClient) -> None:
    (person,) = ask(client, "rui", "Rui Costa", "rui")["people"]
    assert person["given"] == ["rui", "Rui Costa"]


def test_whoever_is_unknown_or_doubtful_is_named_in_a_problem_with_the_way_out(client: TestClient) -> None:
    problem = ask(client, "rui", "nobody", "other:rui", "Jan Kok", code=422)
    assert problem["status"] == 422
    assert "“nobody”, “other:rui”: give an id, an address, a handle or the full name" in problem["detail"]
    assert "“Jan Kok” may be 2 people: give the id of one instead, jan-1 (Roof), jan-2 (Jan Kok)" in problem["detail"]


def test_whom_only_private_documents_name_is_unknown_and_private_documents_are_no_evidence(client: TestClient) -> None:
    assert "“olga”" in ask(client, "olga", code=422)["detail"]
    assert "“chat:olga”" in ask(client, "chat:olga", code=422)["detail"]
    assert ask(client, "zoe")["sentence"] == "Nothing that you may read speaks for any of them on this."
    assert "Secret" not in json.dumps(ask(client, "zoe", "rui", "ivy", explain=True))


def test_confidence_is_slight_in_whoever_has_much_that_fits_far_worse_than_the_best(client: TestClient) -> None:
    (alone,) = ask(client, "amy")["people"]
    beside = next(person for person in ask(client, "amy", "rui")["people"] if person["name"] == "amy")
    assert [len(person["evidence"]) for person in (alone, beside)] == [2, 2]
    assert (alone["confidence"], beside["confidence"]) == ("fair", "slight")


def test_reasons_add_up_where_they_are_asked_for(client: TestClient) -> None:
    told = ask(client, "minl", explain=True)["people"][0]["explanation"]
    assert told["documents"] == 2
    assert told["score"] == pytest.approx(told["total"] / told["divisor"])
    assert told["divisor"] == pytest.approx(1.7)  # a shortlist restrains by the whole of what two votes may add up to


def test_a_text_that_touches_nothing_is_told(client: TestClient) -> None:
    found = ask(
        client, "rui", "ivy", "minl", text="wear of zebra saddles in medieval poetry and the tax on window glass"
    )
    assert "hint" in found["sentence"] or "Nothing that you may read" in found["sentence"]


def test_an_abstract_is_read_whole_and_more_is_refused(client: TestClient) -> None:
    assert names(ask(client, "rui", "zoe", text=f"{TEXT} " * 400))[0] == "Rui Costa"
    assert "text" in ask(client, "rui", code=422, text="x" * 20_001)["detail"]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"people": []}, "people"),
        ({"people": [" "]}, "nobody is named"),
        ({"people": ["x"] * 501}, "500"),
        ({"people": ["x" * 201]}, "200"),
        ({"people": "rui"}, "people"),
        ({"people": ["rui"], "text": " \0 "}, "the text is empty"),
        ({"people": ["rui"], "limit": 0}, "limit"),
        ({"people": ["rui"], "who": "rui"}, "who"),
    ],
)
def test_what_cannot_be_ranked_is_a_problem_that_names_it(client: TestClient, fields: Any, told: str) -> None:
    response = client.post("/api/v1/people/shortlist", json={"text": TEXT, **fields})
    assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json")
    assert told in response.json()["detail"]


# The command line


def run(settings: ServiceSettings, *arguments: str, stdin: str | None = None) -> Result:
    config = str(settings.home.parent / "knowwho.yaml")
    return CliRunner().invoke(command, ["--config", config, "shortlist", *arguments], input=stdin)


def printed(settings: ServiceSettings, *arguments: str, stdin: str | None = None) -> str:
    finished = run(settings, *arguments, stdin=stdin)
    assert finished.exit_code == 0, finished.output
    return finished.stdout


def test_the_command_prints_a_table(settings: ServiceSettings) -> None:
    told = printed(settings, "pantograph", "strips", "wear", "-p", "zoe", "-p", "Rui Costa")
    assert told.startswith("There is evidence for 1 of the 2 people.\n")
    assert re.search(r"^ 1 +Rui Costa +slight +2025-03-02 +Pantograph strips", told, re.MULTILINE)
    assert re.search(r"^ +Zoë Ähn +none +They had no part", told, re.MULTILINE)
    assert "÷ 1.0000 for 1 document\n" in printed(settings, TEXT, "-p", "rui", "--explain")


def test_the_command_reads_text_and_people_from_files_or_its_input(settings: ServiceSettings, tmp_path: Path) -> None:
    people, text = tmp_path / "people.txt", tmp_path / "text.txt"
    people.write_text("ivy\n\nrui\n")
    text.write_text(f"{TEXT}\n\n")
    answers = [
        json.loads(printed(settings, *arguments, "--json", stdin=stdin))
        for arguments, stdin in (
            (("--text", str(text), "--people", str(people)), None),
            (("--text", "-", "--people", str(people)), TEXT),
            ((TEXT, "--people", "-"), "ivy\nrui\n"),
            ((TEXT, "-p", "ivy", "-p", "rui"), None),
        )
    ]
    assert {tuple(names(found)) for found in answers} == {("Rui Costa", "ivy")}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((TEXT,), "nobody is named"),
        (("-p", "rui"), "give the text either as words or with --text FILE"),
        ((TEXT, "--text", "x", "-p", "rui"), "give the text either as words"),
        (("--text", "-", "--people", "-"), "standard input holds either"),
        (("--text", "/nowhere.txt", "-p", "rui"), "/nowhere.txt cannot be read"),
        ((TEXT, "-p", "nobody"), "nobody here is known as “nobody”"),
    ],
)
def test_a_mistake_is_one_sentence(settings: ServiceSettings, arguments: tuple[str, ...], told: str) -> None:
    finished = run(settings, *arguments)
    assert isinstance(finished.exception, KnowwhoError)
    assert told in str(finished.exception)


# The page


def token(client: TestClient) -> str:
    found = re.search(r'name="token" value="(\w+)"', client.get("/shortlist").text)
    assert found
    return found[1]


def post(client: TestClient, code: int = 200, **fields: str) -> str:
    sent = {"token": token(client), "text": TEXT, **fields}
    response = client.post("/shortlist", data=sent)
    assert response.status_code == code, response.text
    return unescape(response.text)


def test_the_page_ranks_what_is_typed_and_keeps_it_in_the_form(client: TestClient) -> None:
    page = post(client, people="zoe\r\nivy\r\nRui Costa\r\n")
    assert "There is evidence for 2 of the 3 people." in page
    assert page.index(">Rui Costa</a>") < page.index(">ivy</a>") < page.index(">Zoë Ähn</a>")
    assert "They had no part in anything that you may read." in page
    assert "zoe\r\nivy\r\nRui Costa" in page or "zoe\nivy\nRui Costa" in page
    assert 'href="/documents/' in page


def test_the_page_is_reached_from_every_page_and_from_an_answer_with_its_question(client: TestClient) -> None:
    assert 'href="/shortlist"' in client.get("/communities").text
    answer = client.get("/", params={"q": TEXT}).text
    link = re.search(r'href="(/shortlist\?text=[^"]+)"', answer)
    assert link
    assert f"{TEXT}</textarea>" in client.get(unescape(link[1])).text


def test_a_mistake_is_told_above_the_form_with_all_that_was_typed(client: TestClient) -> None:
    page = post(client, 422, people="nobody", text="strips & <b>more</b>")
    assert "Nobody here is known as “nobody”" in page
    assert "strips & <b>more</b></textarea>" in page
    assert "strips &amp; &lt;b&gt;" in client.post("/shortlist", data={"text": "strips & <b>", "people": "x"}).text


def test_a_form_from_elsewhere_ranks_nobody_but_loses_nothing(client: TestClient) -> None:
    page = post(client, 403, people="rui", token="0" * 64)
    assert "There is evidence" not in page
    assert "rui</textarea>" in page
    assert 'role="alert"' in page


def test_the_first_line_break_of_a_text_stays(client: TestClient) -> None:
    page = client.get("/shortlist", params={"text": "\nSecond line"}).text
    assert ">\n\nSecond line</textarea>" in page


def test_a_long_text_gives_a_short_subject_and_a_page_has_no_more_than_its_bound(client: TestClient) -> None:
    page = post(client, people="rui", text=f"{TEXT} " * 500)
    subject = re.search(r"mailto:rui@example.org\?subject=([^\"]+)", page)
    assert subject
    assert len(subject[1]) < 200
    assert client.post("/shortlist", data={"text": "x" * 3_000_000}).status_code == 413
    assert "at most 20000" in post(client, 422, people="rui", text="x" * 20_001)


def test_without_the_model_the_page_says_so(settings: ServiceSettings) -> None:
    app = create_app(settings, Home(settings.home), open_encoder(settings.encoder))
    client = TestClient(app)
    assert "Meaning search is off" in post(client, people="rui")
    app.state.parts.home.close()
