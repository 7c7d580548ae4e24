"""The audit trail as an admin sees it: every deed in it, from pages, API and command line alike."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from indexer.domain.accounts import AuditAction
from indexer.domain.people import DirectoryPerson, DirectoryRecords, Person
from indexer.store import accounts, audit, people
from service.auth import subject_of
from service.browsers import SESSION_COOKIE
from service.cli import app
from service.web.audit_phrases import deed_words
from tests.fakes import add_signed_in
from tests.functional.administered import HERE, Administered, Text

NOW = datetime(2026, 3, 2, tzinfo=UTC)
NIGHTLY = {"name": "nightly", "cron": "0 1 * * *", "kind": "reindex"}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Administered]:
    made = Administered(tmp_path)
    yield made
    made.close()


@pytest.fixture
def admin(place: Administered) -> str:
    """The id of the admin's account."""
    with place.home.database.read() as transaction:
        return accounts.all_accounts(transaction)[0].id


def deeds(place: Administered) -> list[tuple[str | None, str, str | None]]:
    """Actor, action and subject, oldest first."""
    with place.home.database.read() as transaction:
        return [(entry.actor, entry.action, entry.subject) for entry in audit.all_entries(transaction)]


def command(place: Administered, *arguments: str) -> Any:
    return CliRunner().invoke(app, ["--config", str(place.config), *arguments])


def test_what_an_admin_does_over_the_api_is_in_the_trail(place: Administered, admin: str) -> None:
    job = place.post("/jobs", 202, {"kind": "reindex", "sources": ["library"]})["job"]["id"]
    place.post(f"/jobs/{job}/cancel", 200)
    place.post(f"/jobs/{job}/retry", 202)
    place.post("/schedules", 201, NIGHTLY)
    place.post("/schedules/nightly/pause", 200)
    place.post("/schedules/nightly/resume", 200)
    run = place.post("/schedules/nightly/run", 202)["job"]["id"]
    assert place.client.delete("/api/v1/schedules/nightly").status_code == 204
    backup = place.post("/backups", 202)["job"]["id"]

    assert deeds(place) == [
        (admin, "job asked", job),
        (admin, "job cancelled", job),
        (admin, "job retried", job),
        (admin, "schedule changed", "nightly"),
        (admin, "schedule changed", "nightly"),
        (admin, "schedule changed", "nightly"),
        (admin, "job asked", run),
        (admin, "schedule changed", "nightly"),
        (admin, "job asked", backup),
    ]


def test_what_an_admin_does_on_the_pages_is_in_the_trail(place: Administered, admin: str) -> None:
    asked = place.send("/admin/jobs", {"kind": "reindex", "source": "library"})
    job = asked.headers["location"].removeprefix("/admin/jobs/")
    place.send("/admin/schedules", {**NIGHTLY, "add": "yes"})

    assert deeds(place) == [(admin, "job asked", job), (admin, "schedule changed", "nightly")]


def test_what_is_done_on_the_command_line_is_in_the_trail(place: Administered) -> None:
    command(place, "jobs", "run", "verify")
    command(place, "schedule", "add", "nightly", "--cron", "0 1 * * *")
    command(place, "backup", "--to", str(place.folder / "backups"))
    command(place, "index", "--source", "library")
    command(place, "retry", "--source", "library")
    command(place, "source", "remove", "library", "--yes")

    assert [(actor, action) for actor, action, _ in deeds(place)] == [
        ("command line", "job asked"),
        ("command line", "schedule changed"),
        ("command line", "job asked"),
        ("command line", "job asked"),
        ("command line", "source retried"),
        ("command line", "source removed"),
    ]


def test_generations_that_an_admin_rolls_back_to_and_removes_are_in_the_trail(place: Administered, admin: str) -> None:
    place.index()
    first = place.get("/generations")["generations"][0]["name"]
    (place.folder / "library" / "more.md").write_text("# More\n\nMore on pads.\n")
    place.index()
    second = next(one["name"] for one in place.get("/generations")["generations"] if one["name"] != first)
    place.post(f"/generations/{first}/roll-back", 200)
    assert place.client.delete(f"/api/v1/generations/{second}").status_code == 204
    place.client.delete(f"/api/v1/generations/{first}")

    assert deeds(place) == [(admin, "generation changed", first), (admin, "generation changed", second)]


def test_a_deed_that_fails_leaves_no_entry(place: Administered) -> None:
    place.post("/jobs", 422, {"kind": "reindex", "sources": ["unheard-of"]})
    place.post("/jobs/unheard-of/cancel", 404)
    place.post("/schedules/unheard-of/pause", 404)

    assert deeds(place) == []


def test_items_of_a_job_are_counted_and_not_named(place: Administered) -> None:
    place.post("/jobs", 202, {"kind": "reindex", "items": [{"source": "library", "uri": "letters/ivy-rao.md"}]})

    (entry,) = place.get("/audit")["entries"]
    assert entry["detail"] == {"kind": "reindex", "items": 1}


def test_feedback_that_an_admin_withdraws_is_in_the_trail(place: Administered, admin: str) -> None:
    place.index()
    found = place.get("/search", q="pads wear")["passages"][0]["document"]["id"]
    told = {"query": "pads wear", "document": found, "useful": True}
    judged = [place.post("/feedback", 201, told)["id"] for _ in range(2)]
    place.client.delete(f"/api/v1/feedback/{judged[0]}")
    TestClient(place.app, base_url=HERE).delete(f"/api/v1/feedback/{judged[1]}")

    assert deeds(place) == [(admin, "feedback withdrawn", judged[0])]


def test_the_trail_is_told_page_by_page_newest_first(place: Administered, admin: str) -> None:
    for name in ("one", "two", "three"):
        place.post("/schedules", 201, {**NIGHTLY, "name": name})
    first = place.get("/audit", limit=2)
    second = place.get("/audit", limit=2, cursor=first["next"])

    assert [entry["subject"] for entry in (*first["entries"], *second["entries"])] == ["three", "two", "one"]
    assert second["next"] is None
    assert {entry["actor_name"] for entry in first["entries"]} == {"admin"}
    place.get("/audit", 422, cursor="bm90LW91cnM")
    place.get("/audit", 422, cursor=second["entries"][0]["digest"])


def test_the_trail_can_be_narrowed_to_an_action_and_an_account(place: Administered, admin: str) -> None:
    place.post("/schedules", 201, NIGHTLY)
    place.post("/schedules/nightly/run", 202)
    command(place, "schedule", "pause", "nightly")

    def subjects(**query: str) -> list[str]:
        return [f"{entry['action']} {entry['actor_name']}" for entry in place.get("/audit", **query)["entries"]]

    assert subjects(action="job asked") == ["job asked admin"]
    assert subjects(account="Admin") == subjects(account=admin) == ["job asked admin", "schedule changed admin"]
    assert subjects(account="command line") == ["schedule changed command line"]
    assert subjects(account="nobody-of-that-name") == []


def test_who_has_gone_is_called_a_former_member(place: Administered) -> None:
    place.index()
    with place.home.database.begin() as transaction:
        ivy = transaction.exec_driver_sql("SELECT id FROM people").scalar_one()
        audit.add_entry(transaction, NOW, "gone", AuditAction.SIGN_IN, "gone")
        for person in (ivy, "erased"):
            audit.add_entry(transaction, NOW, None, AuditAction.ERASED, subject_of(place.home, person))
    told = [(entry["actor_name"], entry["subject_name"]) for entry in place.get("/audit")["entries"]]

    assert told == [
        ("nobody signed in", "former member"),
        ("nobody signed in", "ivy"),
        ("former member", "former member"),
    ]
    shown = place.client.get("/admin/audit").text
    assert "former member" in shown
    assert "ivy" in shown


def test_the_export_is_complete_oldest_first_and_in_the_trail_itself(place: Administered, admin: str) -> None:
    with place.home.database.begin() as transaction:
        for number in range(2500):
            audit.add_entry(transaction, NOW, None, AuditAction.SIGN_OUT, f"s{number}")
    answer = place.client.get("/api/v1/audit/export")

    assert answer.headers["content-type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["number"] for line in lines] == list(range(1, 2502))
    assert (lines[-1]["actor"], lines[-1]["action"]) == (admin, "audit read")
    assert lines[0] | {"at": "", "digest": ""} == {
        "number": 1,
        "at": "",
        "actor": None,
        "action": "sign out",
        "subject": "s0",
        "detail": {},
        "digest": "",
    }


def test_the_command_line_lists_exports_and_verifies(place: Administered) -> None:
    place.post("/schedules", 201, NIGHTLY)
    listed = json.loads(command(place, "audit", "list", "--json").stdout)
    assert [entry["subject"] for entry in listed] == ["nightly"]
    assert "schedule changed" in command(place, "audit", "list").stdout
    exported = [json.loads(line) for line in command(place, "audit", "export").stdout.splitlines()]
    assert [(entry["actor"], entry["action"]) for entry in exported[1:]] == [("command line", "audit read")]
    whole = command(place, "audit", "verify")
    assert (whole.exit_code, "whole" in whole.stdout) == (0, True)

    with place.home.database.begin() as transaction:
        transaction.exec_driver_sql("DROP TRIGGER audit_entries_UPDATE")
        transaction.exec_driver_sql("UPDATE audit_entries SET subject = 'weekly' WHERE number = 1")
    broken = command(place, "audit", "verify")
    assert (broken.exit_code, "entry 1" in broken.stderr) == (1, True)


def test_the_page_shows_narrows_and_offers_all_of_it(place: Administered) -> None:
    assert "Nothing was done yet" in Text(place.client.get("/admin/audit").text).text
    for number in range(30):
        place.post("/schedules", 201, {**NIGHTLY, "name": f"s{number}"})
    first = place.client.get("/admin/audit", params={"action": "schedule changed", "account": "admin"}).text
    told = Text(first)
    assert "Schedule changed" in told.text
    assert "added; at “0 1 * * *”; on the clock of" in told.text
    assert 'href="/api/v1/audit/export"' in first
    assert "action=schedule+changed&amp;account=admin" in first
    assert "Nothing like that" in Text(place.client.get("/admin/audit?action=erased").text).text
    assert place.client.get("/admin/audit?cursor=nonsense").status_code == 422


def test_nobody_but_admins_reads_the_trail(place: Administered) -> None:
    reader = add_signed_in(place.home, place.settings, "reader", admin=False)
    visitor = TestClient(place.app, base_url=HERE, cookies={SESSION_COOKIE: reader})

    for path in ("/admin/audit", "/api/v1/audit", "/api/v1/audit/export"):
        assert visitor.get(path).status_code == 403


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        ({"admin": True, "person": "person-1"}, ["may administer", "used by Ada Marlow"]),
        ({"admin": False, "person": None}, ["may not administer", "used by nobody known"]),
        ({"disabled": True}, ["may not sign in"]),
        ({"by": "password", "session": "x7"}, ["with a password"]),
        ({"by": "company"}, ["with company"]),
        ({"sessions": 2, "tokens": 0}, ["2 sessions ended"]),
        ({"token": "x7", "scopes": ["feedback", "search"], "days": 1}, ["say what was useful", "for 1 day"]),
        ({"changed": ["away_from", "hidden"], "hidden": True}, ["from when they are away and whether", "hidden now"]),
        ({"kind": "reindex", "sources": ["chat"], "full": False, "items": 3}, ["Reindex", "of chat", "3 items"]),
        (
            {"before": "public", "after": "members", "decided": True},
            ["before: everybody", "now: its members", "decided here"],
        ),
        (
            {"before": {"kind": "community", "community": "roof"}, "after": {"kind": "people", "people": ["p1", "p2"]}},
            ["before: whoever may see roof", "now: 2 people by name"],
        ),
        ({"change": "rolled back", "before": "gen-1"}, ["rolled back", "before: gen-1"]),
        ({"made": "2026-03-02T10:00:00+00:00"}, ["made 2 March 2026"]),
        ({"of_a_later_kind": True, "nothing": None}, ["of a later kind yes"]),
    ],
)
def test_what_was_done_is_said_in_words(detail: dict[str, Any], said: list[str]) -> None:
    told = deed_words(detail, "Ada Marlow")
    assert len(told) == len(said)
    assert all(words in part for words, part in zip(said, told, strict=True))


def test_the_page_names_the_person_of_an_account(place: Administered) -> None:
    with place.home.database.begin() as transaction:
        people.apply_directory(transaction, DirectoryRecords(people=(DirectoryPerson(Person("ivy-rao", "Ivy Rao")),)))
    place.post("/accounts", 201, {"name": "ivy", "person": "ivy-rao", "admin": True})
    assert "may administer; used by Ivy Rao" in Text(place.client.get("/admin/audit").text).text
