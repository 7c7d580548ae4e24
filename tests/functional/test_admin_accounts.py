"""Accounts as an admin looks after them, on the pages and over the API."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from indexer.domain.accounts import Scope
from indexer.store import accounts, audit
from service.browsers import SESSION_COOKIE
from tests.fakes import add_signed_in
from tests.functional.administered import HERE, LOCAL, Administered, Text

PAGE = "/admin/accounts"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Administered]:
    made = Administered(tmp_path)
    yield made
    made.close()


@pytest.fixture
def indexed(place: Administered) -> Administered:
    place.index()
    return place


def ids(place: Administered) -> dict[str, str]:
    return {account["name"]: account["id"] for account in place.get("/accounts", limit=100)["accounts"]}


def change(place: Administered, account: str, status: int, **values: Any) -> Any:
    answer = place.client.patch(f"/api/v1/accounts/{account}", json=values)
    assert answer.status_code == status, answer.text
    return answer.json()


def actions(place: Administered) -> list[str]:
    with place.home.database.read() as transaction:
        return [entry.action for entry in audit.all_entries(transaction)]


def visitor(place: Administered, secret: str) -> TestClient:
    return TestClient(place.app, base_url=HERE, client=LOCAL, cookies={SESSION_COOKIE: secret})


def person_id(place: Administered) -> str:
    with place.home.database.read() as transaction:
        return str(transaction.exec_driver_sql("SELECT id FROM people").scalar_one())


# The API


def test_an_account_is_added_changed_and_removed_and_the_trail_says_so(indexed: Administered) -> None:
    ivy = person_id(indexed)
    made = indexed.post("/accounts", 201, {"name": "Bo", "person": ivy})
    assert (made["name"], made["person"], made["admin"], made["seen"]) == (
        "bo",
        {"id": ivy, "name": "ivy"},
        False,
        None,
    )
    assert change(indexed, made["id"], 200, admin=True, disabled=True)["admin"]
    assert change(indexed, made["id"], 200, person=None)["person"] is None
    assert indexed.get(f"/accounts/{made['id']}")["disabled"]
    assert indexed.client.delete(f"/api/v1/accounts/{made['id']}").status_code == 204
    indexed.get(f"/accounts/{made['id']}", 404)

    assert actions(indexed) == ["account added", *["account changed"] * 3, "account removed"]


def test_accounts_are_told_by_name_page_by_page(place: Administered) -> None:
    for name in ("cara", "bo"):
        place.post("/accounts", 201, {"name": name})
    first = place.get("/accounts", limit=2)
    second = place.get("/accounts", limit=2, cursor=first["next"])

    assert [account["name"] for account in (*first["accounts"], *second["accounts"])] == ["admin", "bo", "cara"]
    assert first["accounts"][0]["seen"] is not None
    assert second["next"] is None


def test_what_cannot_be_is_refused_with_the_reason(place: Administered) -> None:
    admin = ids(place)["admin"]
    place.post("/accounts", 409, {"name": "Admin"})
    place.post("/accounts", 422, {"name": "two words"})
    place.post("/accounts", 404, {"name": "bo", "person": "unheard-of"})
    for values in ({"admin": False}, {"disabled": True}):
        assert "last account" in change(place, admin, 409, **values)["detail"]
    assert place.client.delete(f"/api/v1/accounts/{admin}").status_code == 409
    change(place, "unheard-of", 404, admin=True)

    assert actions(place) == []


def test_a_change_that_half_fails_changes_nothing(place: Administered) -> None:
    admin = ids(place)["admin"]
    change(place, admin, 409, disabled=True, admin=True, person=None)
    bo = place.post("/accounts", 201, {"name": "bo"})["id"]
    change(place, bo, 404, admin=True, person="unheard-of")

    assert not place.get(f"/accounts/{bo}")["admin"]


def test_a_link_for_a_password_works_once_and_is_in_neither_trail_nor_list(place: Administered) -> None:
    bo = place.post("/accounts", 201, {"name": "bo"})["id"]
    answer = place.client.post(f"/api/v1/accounts/{bo}/password-link", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    link = answer.json()["link"]
    assert link.startswith(f"{HERE}/choose-password/")
    stranger = TestClient(place.app, base_url=HERE, client=LOCAL)
    assert stranger.get(link.removeprefix(HERE)).status_code == 200

    told = place.client.get("/api/v1/audit").text + place.client.get("/api/v1/accounts").text
    assert link.rpartition("/")[2] not in told


def test_no_program_makes_a_link_for_a_password(place: Administered) -> None:
    bo = place.post("/accounts", 201, {"name": "bo"})["id"]
    token = place.post("/account/tokens", 201, {"label": "t", "scopes": [Scope.ADMIN], "days": 1})["secret"]
    program = TestClient(place.app, base_url=HERE, client=LOCAL, headers={"Authorization": f"Bearer {token}"})

    assert program.get("/api/v1/accounts").status_code == 200
    headers = {"Content-Type": "application/json"}
    assert program.post(f"/api/v1/accounts/{bo}/password-link", headers=headers).status_code == 403


def test_signing_an_account_out_ends_its_sessions_and_takes_back_its_tokens(place: Administered) -> None:
    secret = add_signed_in(place.home, place.settings, "bo", admin=False)
    bo, browser = ids(place)["bo"], visitor(place, secret)
    headers = {"Content-Type": "application/json", "Origin": HERE}
    made = browser.post("/api/v1/account/tokens", json={"label": "t", "scopes": ["search"], "days": 1}, headers=headers)
    assert made.status_code == 201
    assert place.client.post(f"/api/v1/accounts/{bo}/sign-out", headers=headers).status_code == 204

    assert browser.get("/api/v1/account").status_code == 401
    program = TestClient(place.app, base_url=HERE, headers={"Authorization": f"Bearer {made.json()['secret']}"})
    assert program.get("/api/v1/search?q=pads").status_code == 401
    with place.home.database.read() as transaction:
        assert audit.entries(transaction, limit=1)[0].detail == {"sessions": 1, "tokens": 1}
        assert accounts.tokens_of(transaction, bo) == []


def test_an_admin_who_is_made_a_reader_administers_no_more_at_once(place: Administered) -> None:
    browser = visitor(place, add_signed_in(place.home, place.settings, "bo"))
    assert browser.get("/api/v1/accounts").status_code == 200
    change(place, ids(place)["bo"], 200, admin=False)

    assert browser.get("/api/v1/accounts").status_code == 403
    assert browser.get(PAGE).status_code == 403


# The pages


def test_an_admin_adds_an_account_and_hands_over_its_link(indexed: Administered) -> None:
    added = indexed.send(PAGE, {"name": "bo", "person": person_id(indexed)})
    assert added.headers["cache-control"] == "no-store"
    link = re.search(rf"{HERE}(/choose-password/[\w-]+)", added.text)
    assert link is not None
    bo = ids(indexed)["bo"]
    shown = indexed.client.get(f"{PAGE}/{bo}").text
    assert "ivy" in Text(shown).text
    assert "choose-password" not in shown
    assert TestClient(indexed.app, base_url=HERE, client=LOCAL).get(link[1]).status_code == 200


def test_the_pages_do_all_that_can_be_done_to_an_account(indexed: Administered) -> None:
    bo = indexed.post("/accounts", 201, {"name": "bo"})["id"]
    here = f"{PAGE}/{bo}"
    for deed, fields, said in (
        ("promote", {}, "may administer"),
        ("demote", {}, "may sign in"),
        ("person", {"person": person_id(indexed)}, "ivy"),
        ("person", {}, "Nobody is known"),
        ("disable", {}, "disabled"),
        ("enable", {}, "may sign in"),
        ("sign-out", {}, "not signed in anywhere"),
    ):
        sent = indexed.send(f"{here}/{deed}", fields, on=here)
        assert (deed, sent.status_code, sent.headers["location"]) == (deed, 303, here)
        assert said in Text(indexed.client.get(here).text).text
    assert "choose-password" in indexed.send(f"{here}/link", {}, on=here).text
    assert indexed.send(f"{here}/remove", {}, on=here).headers["location"] == PAGE
    assert indexed.client.get(here).status_code == 404


def test_what_does_not_go_is_said_on_the_page(place: Administered) -> None:
    for fields, status, said in (
        ({"name": "admin"}, 409, "choose another name"),
        ({"name": "a b"}, 422, "without spaces"),
        ({"name": "bo", "person": "unheard-of"}, 404, "nobody has the id"),
    ):
        shown = place.send(PAGE, fields)
        assert (shown.status_code, said in shown.text.casefold()) == (status, True)
    admin = ids(place)["admin"]
    refused = place.send(f"{PAGE}/{admin}/demote", {}, on=f"{PAGE}/{admin}")
    assert (refused.status_code, "last account" in refused.text) == (409, True)


def test_the_pages_are_labelled_and_say_when_somebody_was_seen(place: Administered) -> None:
    listed = Text(place.client.get(PAGE).text)
    assert "today at" in listed.text
    one = Text(place.client.get(f"{PAGE}/{ids(place)['admin']}").text)
    for shown in (listed, one):
        assert len(shown.ids) == len(set(shown.ids))
        assert all(control.get("id") in shown.labelled for control in shown.controls)
