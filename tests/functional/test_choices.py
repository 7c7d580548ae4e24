"""What people decide about how they are found, on every surface, from the next request on."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from indexer.domain.accounts import PersonChoices
from indexer.embedding.hashing import HashingEncoder
from indexer.home import Home
from indexer.store import audit, choices
from service.app import create_app
from service.auth import ANONYMOUS, readable_audiences, subject_of
from service.browsers import SESSION_COOKIE
from service.experts import rank_people
from service.search import parse_query, retrieve_passages
from service.settings import ServiceSettings
from tests.fakes import add_signed_in, index_home, settings_for, write_thread

HERE = "http://testserver"
QUESTION = "brakes squeal"
TODAY = datetime.now(UTC).date()
DIRECTORY = """
people:
  - {id: mina, name: Mina Lindqvist, addresses: [mina@example.org], handles: {chat: mina}}
  - {id: ole, name: Ole Brandt, handles: {chat: ole}}
  - {id: rui, name: Rui Costa, handles: {chat: rui}}
communities: [{slug: brakes, name: Brakes, stewards: [mina]}]
"""
GENEROUS = {
    "search": {"least_relevance": 0.01, "page_size": 20},
    "experts": {"least_relevance": 0.01, "least_score": 0.0, "least_fit": 0.0, "shown": 2},
    "verdict": {"known": 0.01, "read": 0.9, "ask": 5.0},
}


class Service:
    """A served home, with visitors."""

    def __init__(self, settings: ServiceSettings) -> None:
        self.settings = settings
        self.home = Home(settings.home)
        self.app = create_app(settings, self.home, HashingEncoder())
        self.app.state.parts.index.load_model()
        self.visitor = TestClient(self.app)
        self.mina = self.sign_in("mina")
        self.ole = self.sign_in("ole")
        self.admin = self.sign_in(None, admin=True)

    def sign_in(self, person: str | None, *, admin: bool = False) -> TestClient:
        client = TestClient(self.app)
        secret = add_signed_in(self.home, self.settings, person or "admin", person=person, admin=admin)
        client.cookies.set(SESSION_COOKIE, secret)
        return client

    def change(self, **values: Any) -> Any:
        response = self.mina.patch("/api/v1/account/profile", json=values)
        assert response.status_code == 200, response.text
        return response.json()

    def say(self, subject: str, choice: str) -> None:
        response = self.mina.put(f"/api/v1/account/profile/subjects/{subject}", json={"choice": choice})
        assert response.status_code == 200, response.text

    def get(self, path: str, **query: Any) -> Any:
        response = self.visitor.get(f"/api/v1{path}", params=query)
        assert response.status_code == 200, response.text
        return response.json()

    def ranked(self, question: str = QUESTION) -> dict[str, Any]:
        return {person["name"]: person for person in self.get("/people", q=question)["people"]}

    def press(self, **fields: str) -> Any:
        token = re.search(r'name="token" value="(\w+)"', self.mina.get("/account/profile").text)
        assert token is not None
        told = {**fields, "token": token[1]}
        headers = {"Origin": HERE, "Sec-Fetch-Site": "same-origin"}
        return self.mina.post("/account/profile", data=told, headers=headers, follow_redirects=False)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("choices")
    (folder / "directory.yaml").write_text(DIRECTORY)
    (folder / "chat.jsonl").write_text(
        write_thread("a", "Brakes squeal", ("ole", "My brakes squeal?"), ("mina", "Brakes squeal with worn pads."))
        + write_thread("b", "Squealing brakes", ("rui", "Brakes squeal, why?"), ("mina", "Chamfer the pads."))
        + write_thread("c", "Brake dust", ("mina", "Dust on brakes?"), ("ole", "Brakes squeal of dust, too."))
        + write_thread("d", "Door sensor", ("ole", "Sensor blocked?"), ("mina", "Clean the door sensor."))
    )
    sources = [
        {"name": "directory", "kind": "directory", "path": "directory.yaml"},
        {"name": "chat", "kind": "threads", "path": "chat.jsonl", "community": "brakes"},
    ]
    settings = settings_for(folder, sources, **GENEROUS)
    index_home(settings)
    made = Service(settings)
    yield made
    made.app.state.parts.queue.close()
    made.home.close()


@pytest.fixture
def service(served: Service) -> Iterator[Service]:
    """The service, with nothing chosen; what a test chooses is taken back."""
    yield served
    with served.home.database.begin() as transaction:
        choices.save_choices(transaction, "mina", PersonChoices())


# Hiding


def test_whoever_hides_is_in_no_ranking_and_the_next_take_the_place(service: Service) -> None:
    before = service.ranked()
    assert (len(before), "Mina Lindqvist" in before, "Rui Costa" in before) == (2, True, False)
    service.change(hidden=True)
    after = service.ranked()
    assert (len(after), "Mina Lindqvist" in after, "Rui Costa" in after) == (2, False, True)
    service.change(hidden=False)
    assert list(service.ranked()) == list(before)


def test_nothing_that_is_shown_to_others_names_whoever_hides(service: Service) -> None:
    document = next(p["document"] for p in service.get("/search", q=QUESTION)["passages"])["id"]
    pages = [f"/?q={QUESTION}", "/communities/brakes", f"/documents/{document}"]
    shapes = [f"/search?q={QUESTION}&explain=true", "/communities/brakes", f"/documents/{document}"]
    paths = pages + [f"/api/v1{path}" for path in shapes]
    assert all("Mina" in service.visitor.get(path).text for path in paths)
    service.change(hidden=True)
    for path in paths:
        told = service.visitor.get(path).text
        assert "Mina" not in told
        assert "mina" not in told


def test_beside_what_a_hidden_person_wrote_stands_a_hidden_member(service: Service) -> None:
    service.change(hidden=True)
    found = service.get("/search", q="clean the door sensor")["passages"][0]
    assert {"id": None, "name": "hidden member", "role": "answerer"} in found["contributors"]
    thread = service.get(f"/documents/{found['document']['id']}")
    assert [(message["person"], message["name"]) for message in thread["messages"]] == [
        ("ole", "Ole Brandt"),
        (None, "hidden member"),
    ]
    assert "Clean the door sensor." in [block["text"] for block in thread["blocks"]]
    page = service.visitor.get(f"/documents/{found['document']['id']}").text
    assert "hidden member" in page
    assert "/people/None" not in page


def test_the_profile_of_a_hidden_person_is_there_for_themselves_and_admins_alone(service: Service) -> None:
    service.change(hidden=True)
    for path in ("/people/mina", "/api/v1/people/mina"):
        unknown = service.visitor.get(path.replace("mina", "nobody"))
        hidden = service.visitor.get(path)
        assert hidden.status_code == unknown.status_code == 404
        assert hidden.text.replace("mina", "nobody") == unknown.text
        assert service.ole.get(path).status_code == 404
        assert (service.mina.get(path).status_code, service.admin.get(path).status_code) == (200, 200)
    assert "You are hidden" in " ".join(service.mina.get("/people/mina").text.split())
    assert "is hidden" in " ".join(service.admin.get("/people/mina").text.split())


def test_a_hidden_person_on_a_shortlist_is_as_unknown_as_anybody(service: Service) -> None:
    body = {"text": QUESTION, "people": ["ole", "mina@example.org"]}
    asked = service.visitor.post("/api/v1/people/shortlist", json=body)
    assert asked.status_code == 200
    service.change(hidden=True)
    refused = service.visitor.post("/api/v1/people/shortlist", json=body)
    assert refused.status_code == 422
    assert "nobody here is known as “mina@example.org”" in refused.json()["detail"]


def test_feedback_on_a_hidden_person_is_neither_taken_nor_told(service: Service) -> None:
    judgement = {"query": QUESTION, "person": "mina", "useful": True}
    assert service.visitor.post("/api/v1/feedback", json=judgement).status_code == 201
    service.change(hidden=True)
    assert service.get("/feedback", query=QUESTION)["judged"] == []
    assert service.visitor.post("/api/v1/feedback", json=judgement).status_code == 404
    service.change(hidden=False)
    assert [judged["person"] for judged in service.get("/feedback", query=QUESTION)["judged"]] == ["mina"]


def test_the_ranking_that_is_measured_has_everybody(service: Service) -> None:
    service.change(hidden=True)
    parts = service.app.state.parts
    with service.home.database.read() as transaction:
        readable = readable_audiences(transaction, ANONYMOUS)
        found = retrieve_passages(transaction, parts.index, parse_query(QUESTION), readable, service.settings.search)
        settings = service.settings.experts
        shown = rank_people(transaction, parts.index.contributed, found, readable, settings)
        measured = rank_people(transaction, parts.index.contributed, found, readable, settings, everybody=True)
    assert "mina" not in {entry.person.id for entry in shown}
    assert measured[0].person.id == "mina"


# Subjects


@pytest.mark.parametrize("choice", ["removed", "hidden"])
def test_nobody_is_proposed_for_a_subject_that_they_removed_or_hid(service: Service, choice: str) -> None:
    service.say("brake squeal", choice)
    assert "Mina Lindqvist" not in service.ranked("why do brakes squeal")
    assert "Mina Lindqvist" in service.ranked("door sensor")
    shortlist = {"text": QUESTION, "people": ["mina", "ole"]}
    entries = service.visitor.post("/api/v1/people/shortlist", json=shortlist).json()["people"]
    assert [(entry["id"], entry["confidence"] is None) for entry in entries] == [("ole", False), ("mina", True)]
    assert service.mina.delete("/api/v1/account/profile/subjects/brake squeal").status_code == 204
    assert "Mina Lindqvist" in service.ranked("why do brakes squeal")


def test_documents_about_a_removed_subject_do_not_speak_for_anything_else(service: Service) -> None:
    before = {entry["title"] for entry in service.ranked("worn pads")["Mina Lindqvist"]["evidence"]}
    assert {"Brakes squeal", "Squealing brakes"} <= before
    service.say("squeal", "removed")
    after = service.ranked("worn pads").get("Mina Lindqvist", {"evidence": []})["evidence"]
    assert not {entry["title"] for entry in after} & {"Brakes squeal", "Squealing brakes"}


def test_a_question_near_a_hidden_subject_in_meaning_concerns_it(service: Service) -> None:
    service.say("worn pads of squealing brakes", "hidden")  # has a word that the question has not
    near = "pads of squealing brakes"
    assert "Mina Lindqvist" not in service.ranked(near)
    index = service.app.state.parts.index
    one, other = (index.query_vectors([text])[text] for text in (near, "worn pads of squealing brakes"))
    assert float(one @ other) >= service.settings.experts.subject_likeness


def test_a_claim_is_shown_as_ones_own_word_and_changes_no_ranking(service: Service) -> None:
    before = service.get("/people", q=QUESTION)["people"]
    service.say("air brakes", "claimed")
    claims = [subject for subject in service.get("/people/mina")["subjects"] if subject["claimed"]]
    assert [(claim["name"], claim["documents"]) for claim in claims] == [("air brakes", 0)]
    assert "their own word" in service.visitor.get("/people/mina").text
    assert service.get("/people", q=QUESTION)["people"] == before


@pytest.mark.parametrize(("subject", "told"), [("?!", "has no words"), ("x" * 81, "at most 80")])
def test_what_names_no_subject_is_refused(service: Service, subject: str, told: str) -> None:
    path = "/api/v1/account/profile/subjects/" + subject.replace("?", "%3F")
    response = service.mina.put(path, json={"choice": "hidden"})
    assert response.status_code == 422
    assert told in response.json()["detail"]


# Being away, and how often to be asked


def test_whoever_is_away_is_marked_until_the_last_day(service: Service) -> None:
    until = TODAY + timedelta(days=3)
    service.change(away_from=str(TODAY), away_until=str(until), questions_a_week=2)
    ranked = service.ranked()["Mina Lindqvist"]
    profile = service.get("/people/mina")
    assert ranked["away_until"] == profile["away_until"] == str(until)
    assert ranked["questions_a_week"] == profile["questions_a_week"] == 2
    for path in (f"/?q={QUESTION}", "/people/mina"):
        page = re.sub(r"<[^>]+>", "", service.visitor.get(path).text)
        assert f"away until {until.day} {until:%B %Y}" in page
        assert "asks for at most 2 questions a week" in page
    service.change(away_from=str(TODAY + timedelta(days=1)))
    assert service.ranked()["Mina Lindqvist"]["away_until"] is None
    service.change(away_from=None, away_until=str(TODAY - timedelta(days=1)))
    assert service.ranked()["Mina Lindqvist"]["away_until"] is None
    service.change(away_until=None, questions_a_week=None)
    assert service.get("/people/mina")["questions_a_week"] is None


@pytest.mark.parametrize(
    "change",
    [
        {"away_from": "2025-03-02", "away_until": "2025-03-01"},
        {"away_from": "2025-03-02"},
        {"questions_a_week": -1},
        {"questions_a_week": 101},
        {"away_until": "soon"},
    ],
)
def test_what_makes_no_sense_is_refused(service: Service, change: dict[str, Any]) -> None:
    assert service.mina.patch("/api/v1/account/profile", json=change).status_code == 422


# Who may decide


def test_nobody_decides_without_an_account_or_without_being_somebody(service: Service) -> None:
    for path in ("/profile", "/identities"):
        assert service.visitor.get(f"/api/v1/account{path}").status_code == 401
        refused = service.admin.get(f"/api/v1/account{path}")
        assert refused.status_code == 404
        assert "ask an admin" in refused.json()["detail"]
    assert service.admin.get("/account/profile").status_code == 404


def test_every_choice_is_in_the_audit_trail_and_none_says_who_or_what(service: Service) -> None:
    with service.home.database.read() as transaction:
        before = len(list(audit.all_entries(transaction)))
    service.change(hidden=True)
    service.say("brake squeal", "hidden")
    service.mina.delete("/api/v1/account/profile/subjects/brake squeal")
    with service.home.database.read() as transaction:
        entries = list(audit.all_entries(transaction))[before:]
    assert [entry.detail for entry in entries] == [
        {"changed": ["hidden"], "hidden": True},
        {"changed": ["subjects"], "choice": "hidden"},
        {"changed": ["subjects"]},
    ]
    assert {entry.subject for entry in entries} == {subject_of(service.home, "mina")}
    assert {entry.action for entry in entries} == {"choice made"}


# Identities


def test_what_was_contributed_under_a_disowned_identity_leaves_the_profile_until_it_is_owned_again(
    service: Service,
) -> None:
    held = service.mina.get("/api/v1/account/identities").json()["identities"]
    assert [(entry["value"], entry["origin"], entry["disowned"]) for entry in held] == [
        ("mina@example.org", "directory", False),
        ("mina", "directory", False),
    ]
    path = f"/api/v1/account/identities/{held[1]['id']}/disown"
    headers = {"Content-Type": "application/json"}
    answer = service.mina.post(path, headers=headers)
    assert [entry["disowned"] for entry in answer.json()["identities"]] == [False, True]
    assert service.get("/people/mina")["documents"] == []
    assert "Mina Lindqvist" not in service.ranked()
    index_home(service.settings, full=True)
    assert service.get("/people/mina")["documents"] == []
    assert service.mina.post(path, headers=headers).status_code == 404
    assert service.mina.delete(path).status_code == 200
    assert len(service.get("/people/mina")["documents"]) == 4
    assert service.mina.delete(path).status_code == 404


# The page


def test_the_page_does_all_of_it_and_undoes_it(service: Service) -> None:
    assert "/account/profile" in service.mina.get("/people/mina").text
    for fields, choice, back in (
        ({"hidden": "yes"}, {"hidden": True}, {"hidden": "no"}),
        ({"away": "yes", "away_until": "2099-01-02"}, {"away_until": "2099-01-02"}, {"away": "no"}),
        ({"limit": "yes", "questions_a_week": "3"}, {"questions_a_week": 3}, {"limit": "yes", "questions_a_week": ""}),
        (
            {"subject": "Brake squeal", "choice": "hidden"},
            {"subjects": [{"subject": "Brake squeal", "choice": "hidden"}]},
            {"forget": "Brake squeal"},
        ),
    ):
        before = service.mina.get("/api/v1/account/profile").json()["choices"]
        assert service.press(**fields).status_code == 303
        assert service.mina.get("/api/v1/account/profile").json()["choices"] == {**before, **choice}
        assert service.press(**back).status_code == 303
        assert service.mina.get("/api/v1/account/profile").json()["choices"] == before
    identity = service.mina.get("/api/v1/account/identities").json()["identities"][1]["id"]
    assert service.press(disown=identity).headers["location"] == "/account/profile#identities"
    assert "you say this is not yours" in service.mina.get("/account/profile").text
    assert service.press(own=identity).status_code == 303
    assert "you say this is not yours" not in service.mina.get("/account/profile").text


def test_the_page_says_what_cannot_be_done_and_takes_nothing_from_elsewhere(service: Service) -> None:
    wrong = (
        ("away", {"away": "yes", "away_from": "never", "away_until": "2030-01-02"}),
        ("questions", {"limit": "yes", "questions_a_week": "many"}),
        ("subjects", {"choice": "claimed", "subject": "  "}),
    )
    for place, fields in wrong:
        refused = service.press(**fields)
        assert refused.status_code == 422
        section = re.search(rf'<section id="{place}".*?</section>', refused.text, re.DOTALL)
        assert section is not None
        assert 'role="alert"' in section[0]
        assert refused.text.count('role="alert"') == 1
        typed = [value for name, value in fields.items() if name not in ("away", "limit", "choice")]
        assert all(f'value="{value}"' in section[0] for value in typed)
    assert 'role="alert"' in service.press().text
    headers = {"Origin": HERE, "Sec-Fetch-Site": "same-origin"}
    forged = service.mina.post("/account/profile", data={"hidden": "yes", "token": "0"}, headers=headers)
    assert forged.status_code == 403
    assert "Mina Lindqvist" in service.ranked()


def test_the_page_says_whether_one_is_away_now_or_will_be(service: Service) -> None:
    today = datetime.now(UTC).date()
    soon, later, past = (str(today + timedelta(days=days)) for days in (5, 9, -3))
    for dates, said in (
        ({"away_until": later}, "You are away until"),
        ({"away_from": soon, "away_until": later}, "You will be away from"),
        ({"away_until": past}, None),
    ):
        assert service.press(away="yes", **{"away_from": "", **dates}).status_code == 303
        page = service.mina.get("/account/profile").text
        assert (said in page) if said else ("You are away" not in page and "You will be away" not in page)
