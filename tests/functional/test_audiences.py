"""Who may read what, on every surface, by what sources say and by what stewards and admins decide."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from indexer.domain.content import Audience, AudienceKind
from indexer.embedding.hashing import HashingEncoder
from indexer.home import Home
from indexer.pipeline import reindex
from indexer.pipeline.backup import back_up
from indexer.pipeline.restore import restore
from indexer.store import audit, documents
from service.app import create_app
from service.auth import readable_audiences, viewer_of_person
from service.browsers import SESSION_COOKIE
from service.cli import app as command
from service.settings import ServiceSettings
from service.stewardship import StewardDesk, decide_audience
from tests.fakes import add_signed_in, settings_for, write_thread

HERE = "http://127.0.0.1:8000"
DIRECTORY = """
people:
  - {id: ada, name: Ada, addresses: [ada@example.org]}
  - {id: bo, name: Bo, addresses: [bo@example.org]}
  - {id: cem, name: Cem}
  - {id: dee, name: Dee}
communities:
  - {slug: brakes, name: Brakes}
  - {slug: hushed, name: Hushed, visibility: members}
memberships:
  - {person: ada, community: brakes, role: steward}
  - {person: bo, community: brakes, role: newcomer}
  - {person: cem, community: hushed, role: steward}
  - {person: bo, community: hushed, until: 2020-01-01}
"""
AUDIENCES = {
    "public": "public",
    "signed": "signed_in",
    "follows": "community",
    "members": "confidential",
    "foreign": '"members: hushed"',
    "given": "{people: [bo@example.org, dee]}",
    "listed": "[dee, bo]",
    "misspelt": "membres",
    "nobody": '"people: zoe lund"',
}
EVERYONE = {"public", "follows"}
SIGNED_IN = EVERYONE | {"signed"}
READ = {
    None: EVERYONE,
    "ada": SIGNED_IN | {"members", "misspelt"},
    "bo": SIGNED_IN | {"members", "misspelt", "given", "listed"},
    "cem": SIGNED_IN | {"foreign"},
    "dee": SIGNED_IN | {"given", "listed"},
}


class Place:
    """A home with its service, asked by whoever is signed in."""

    def __init__(self, folder: Path) -> None:
        (folder / "directory.yaml").write_text(DIRECTORY)
        for name, said in AUDIENCES.items():
            file = folder / "library" / f"{name}.md"
            file.parent.mkdir(exist_ok=True)
            file.write_text(
                f"---\ntitle: {name}\naudience: {said}\nauthors: [{{handle: {name}-author}}]\n---\n"
                f"Brakes squeal {name}.\n"
            )
        (folder / "chat.jsonl").write_text(
            write_thread("t", "mixed", ("x", "Brakes squeal."), audience="public").replace(
                '"text"', '"audience": "people: bo", "text"'
            )
        )
        mapping = {"names": {"Confidential": "members"}}
        self.settings: ServiceSettings = settings_for(
            folder,
            [
                {"name": "directory", "kind": "directory", "path": str(folder / "directory.yaml")},
                {
                    "name": "library",
                    "kind": "folder",
                    "path": str(folder / "library"),
                    "community": "brakes",
                    "audience": mapping,
                    "file_dates": False,
                },
                {"name": "chat", "kind": "threads", "path": str(folder / "chat.jsonl"), "community": "brakes"},
            ],
            search={"least_relevance": 0.01, "page_size": 50},
            experts={"least_relevance": 0.01, "least_score": 0.0, "shown": 50},
            verdict={"known": 0.01, "read": 0.01, "ask": 0.01},
            parsing={"workers": 1},
        )
        self.folder = folder
        self.home = Home(self.settings.home)
        self.index(full=False)
        self.app = create_app(self.settings, Home(self.settings.home), HashingEncoder())
        self.app.state.parts.index.load_model()
        self.cookies = {
            person: add_signed_in(self.home, self.settings, person, person=person, admin=False)
            for person in ("ada", "bo", "cem", "dee")
        }
        self.cookies["root"] = add_signed_in(self.home, self.settings, "root")

    def index(self, *, full: bool) -> None:
        reindex(self.home, HashingEncoder(), self.settings, self.settings.sources, full=full)

    def as_(self, who: str | None) -> TestClient:
        client = TestClient(self.app, base_url=HERE, client=("127.0.0.1", 5000), raise_server_exceptions=False)
        if who:
            client.cookies.set(SESSION_COOKIE, self.cookies[who])
        return client

    def found_by(self, who: str | None) -> set[str]:
        answer = self.as_(who).get("/api/v1/search", params={"q": "brakes squeal"}).json()
        return {hit["document"]["title"] for hit in answer["passages"]}

    def id_of(self, title: str) -> str:
        with self.home.database.read() as transaction:
            everything = documents.all_audiences(transaction)
            found = documents.find_by_uri(transaction, "library", f"{title}.md", everything)
        assert found is not None
        return found.public_id

    def decide(self, who: str, title: str, audience: Any, status: int = 200) -> Any:
        answer = self.as_(who).put(f"/api/v1/documents/{self.id_of(title)}/audience", json={"audience": audience})
        assert answer.status_code == status, answer.text
        return answer.json()

    def may_open(self, who: str | None, title: str) -> bool:
        return self.as_(who).get(f"/documents/{self.id_of(title)}").status_code == 200

    def close(self) -> None:
        self.app.state.parts.queue.close()
        self.home.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """For looking only."""
    place = Place(tmp_path_factory.mktemp("audiences"))
    yield place
    place.close()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.close()


@pytest.mark.parametrize("who", READ)
def test_every_audience_is_obeyed_on_every_surface(shared: Place, who: str | None) -> None:
    client = shared.as_(who)
    answer = client.get("/api/v1/search", params={"q": "brakes squeal"}).json()
    assert {hit["document"]["title"] for hit in answer["passages"]} == READ[who]
    assert answer["total"] == len(READ[who])
    evidence = {entry["title"] for person in answer["people"] for entry in person["evidence"]}
    assert evidence <= READ[who]
    assert {person["name"] for person in answer["people"]} <= {f"{title}-author" for title in READ[who]}
    assert {title for title in AUDIENCES if shared.may_open(who, title)} == READ[who]
    counts = {c["slug"]: c["documents"] for c in client.get("/api/v1/communities").json()["communities"]}
    assert counts == {"brakes": len(READ[who])} | ({"hushed": 0} if who == "cem" else {})


@pytest.mark.parametrize(
    ("who", "title", "readers"),
    [
        (None, "public", "everybody"),
        (None, "follows", "everybody"),
        ("bo", "signed", "everybody who is signed in"),
        ("bo", "members", "members of Brakes"),
        ("cem", "foreign", "members of Hushed"),
        ("bo", "given", "the people who were named for it"),
    ],
)
def test_a_reader_learns_why_they_may_read_but_not_who_else_was_named(
    shared: Place, who: str | None, title: str, readers: str
) -> None:
    answer = shared.as_(who).get(f"/api/v1/documents/{shared.id_of(title)}")
    assert answer.json()["readers"] == readers
    page = shared.as_(who).get(f"/documents/{shared.id_of(title)}").text
    assert "dee" not in answer.text + page
    assert "Decide who may read" not in page


def test_a_decision_closes_at_once_and_survives_reading_the_source_again(place: Place) -> None:
    view = place.decide("ada", "follows", {"kind": "people", "people": ["ada@example.org", "bo"]})
    assert view["audience"]["people"] == ["ada", "bo"]
    for full in (None, False, True):
        if full is not None:
            place.index(full=full)
        assert "follows" not in place.found_by(None) | place.found_by("dee")
        assert not place.may_open("cem", "follows")
        assert {"follows"} <= place.found_by("ada") & place.found_by("bo")
    kept = back_up(place.home, place.settings.backup, to=place.folder / "backups")
    restored = Home(restore(kept.folder, place.folder / "restored").home)
    with restored.database.read() as transaction:
        readers = readable_audiences(transaction, viewer_of_person(transaction, "dee")).ids
        assert documents.find_readable(transaction, place.id_of("follows"), readers) is None
    restored.close()
    view = place.decide("ada", "follows", None)
    assert (view["audience"]["kind"], view["decided"]) == ("community", False)
    assert place.may_open(None, "follows")


def test_a_decision_opens_pages_at_once_and_searches_after_the_job_that_it_asks_for(place: Place) -> None:
    note = place.decide("ada", "members", {"kind": "public"})["note"]
    assert place.may_open(None, "members")
    assert "no worker is running" in note
    job = place.app.state.parts.queue.get(re.search(r"job (\w+)", note)[1])  # type: ignore[index]
    assert job.request.parameters == {"items": [["library", "members.md"]]}
    reindex(place.home, HashingEncoder(), place.settings, place.settings.sources, items=[("library", "members.md")])
    assert "members" in place.found_by(None)


def test_what_a_source_says_later_holds_once_the_decision_is_taken_back(place: Place) -> None:
    place.decide("ada", "public", {"kind": "signed_in"})
    file = place.folder / "library" / "public.md"
    file.write_text(file.read_text().replace("audience: public", "audience: confidential"))
    place.index(full=False)
    assert place.may_open("dee", "public")
    view = place.decide("ada", "public", None)
    assert view["audience"] == {"kind": "members", "community": "brakes", "people": []}
    assert not place.may_open("dee", "public")


@pytest.mark.parametrize(
    ("who", "title", "audience", "status", "told"),
    [
        ("bo", "public", {"kind": "public"}, 403, "only stewards and admins"),
        ("cem", "public", {"kind": "public"}, 403, "stewards of its community"),
        ("ada", "given", {"kind": "public"}, 404, "there is no document"),
        ("root", "given", {"kind": "public"}, 404, "there is no document"),
        ("ada", "public", {"kind": "members", "community": "hushed"}, 422, "one of yours"),
        ("ada", "public", {"kind": "people", "people": []}, 422, "name 1 to"),
        ("ada", "public", {"kind": "people", "people": ["ada", "zoe"]}, 422, "no directory lists zoe"),
        ("ada", "public", {"kind": "people", "people": ["public-author"]}, 422, "no directory lists"),
        ("ada", "public", {"kind": "people", "people": ["bo"]}, 422, "could not read it yourself"),
        ("ada", "public", {"kind": "everyone"}, 422, "kind"),
    ],
)
def test_the_limits_of_what_may_be_decided(
    shared: Place, who: str, title: str, audience: dict[str, Any], status: int, told: str
) -> None:
    assert told in shared.decide(who, title, audience, status)["detail"]
    assert shared.may_open(None, "public")


def test_a_visibility_that_was_decided_holds_at_once_and_against_the_directory(place: Place) -> None:
    def put(who: str, slug: str, visibility: str | None) -> int:
        told = {"visibility": visibility}
        return int(place.as_(who).put(f"/api/v1/communities/{slug}/visibility", json=told).status_code)

    assert put("cem", "brakes", "members") == 403
    assert put("ada", "hushed", "public") == 404
    assert put("ada", "brakes", "members") == 200
    for full in (None, True):
        if full:
            place.index(full=True)
        assert "follows" not in place.found_by("dee") | place.found_by(None)
        assert "follows" in place.found_by("bo")
        assert place.as_("dee").get("/communities/brakes").status_code == 404
    assert put("ada", "brakes", None) == 200
    assert "follows" in place.found_by(None)
    with place.home.database.read() as transaction:
        told = [entry for entry in audit.all_entries(transaction) if entry.action == "visibility set"]
    assert [(entry.subject, entry.detail["before"], entry.detail["after"]) for entry in told] == [
        ("brakes", "public", "members"),
        ("brakes", "members", "public"),
    ]


def test_the_audit_trail_tells_decisions_and_names_nobody(place: Place) -> None:
    place.decide("ada", "public", {"kind": "people", "people": ["ada", "bo"]})
    with place.home.database.read() as transaction:
        entry = next(entry for entry in audit.all_entries(transaction) if entry.action == "audience set")
    assert entry.subject == place.id_of("public")
    assert entry.detail["before"]["kind"] == "public"
    assert len(entry.detail["after"]["people"]) == 2
    assert not {"ada", "bo"} & set(entry.detail["after"]["people"])


def test_what_was_decided_tells_a_steward_of_no_community_that_they_may_not_see(place: Place) -> None:
    desk = StewardDesk(place.home, None, None, "a test")
    decide_audience(desk, place.id_of("foreign"), Audience(AudienceKind.PUBLIC))
    path = f"/documents/{place.id_of('foreign')}"
    told = place.as_("ada").get(f"/api/v1{path}/audience").json()

    assert told["said"] == {"kind": "members", "community": None, "people": []}
    assert "hushed" not in f"{told}{place.as_('ada').get(path).text}".casefold()


def test_a_steward_decides_on_the_pages(place: Place) -> None:
    ada = place.as_("ada")
    page = f"/documents/{place.id_of('public')}"
    shown = ada.get(page).text
    assert "Members of Brakes: 2 people now" in shown
    token = re.search(r'name="token" value="(\w+)"', shown)[1]  # type: ignore[index]
    fields = {"token": token, "audience": "people", "people": "ada; bo"}
    headers = {"Origin": HERE, "Sec-Fetch-Site": "same-origin"}
    sent = ada.post(f"{page}/audience", data=fields, headers=headers, follow_redirects=False)
    assert (sent.status_code, sent.headers["location"]) == (303, page)
    assert not place.may_open("dee", "public")
    refused = ada.post(f"{page}/audience", data={**fields, "token": "x"}, headers=headers, follow_redirects=False)
    assert refused.status_code == 403
    fields = {"token": token, "visibility": "members"}
    sent = ada.post("/communities/brakes/visibility", data=fields, headers=headers, follow_redirects=False)
    assert sent.status_code == 303
    assert place.as_(None).get("/communities/brakes").status_code == 404


def test_the_command_line_decides_also_what_nobody_may_read(place: Place) -> None:
    def run(*words: str) -> str:
        done = CliRunner().invoke(command, ["--config", str(place.folder / "knowwho.yaml"), *words])
        assert done.exit_code == 0, done.output
        return done.stdout

    assert "for nobody" in run("document", "audience", place.id_of("nobody")).replace("the people who were named", "")
    assert "its source says" in run("document", "audience", place.id_of("nobody"), "members")
    assert place.may_open("bo", "nobody")
    assert "members of Brakes" in run("community", "visibility", "brakes", "members")
    run("community", "visibility", "brakes", "--as-said")
    assert place.may_open(None, "public")


def test_a_community_that_no_directory_lists_does_not_open_what_its_source_closes(tmp_path: Path) -> None:
    place = Place(tmp_path)
    (tmp_path / "library" / "members.md").write_text(
        "---\ncommunity: New one\naudience: members\n---\nBrakes squeal.\n"
    )
    place.index(full=False)
    assert not any(place.may_open(who, "members") for who in (None, "ada", "bo", "root"))
    communities = place.as_(None).get("/api/v1/communities").json()["communities"]
    assert "new-one" not in [entry["slug"] for entry in communities]
    assert place.as_("bo").get("/communities/new-one").status_code == 404
    (tmp_path / "library" / "public.md").write_text("---\ncommunity: New one\naudience: public\n---\nBrakes squeal.\n")
    place.index(full=False)
    assert place.as_(None).get("/communities/new-one").status_code == 200
    place.close()
