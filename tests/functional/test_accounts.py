"""Accounts over HTTP, as people in browsers and programs with tokens use them."""

import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2 as httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from indexer.domain.accounts import Account, AuditAction, AuditEntry, Scope
from indexer.domain.errors import Conflict, SignInRefused
from indexer.domain.people import DirectoryPerson, DirectoryRecords, Person
from indexer.embedding.hashing import HashingEncoder
from indexer.home import Home
from indexer.store import accounts as records
from indexer.store import audit, people
from service.app import create_app
from service.auth import SignIn, accounts, viewer_of
from service.auth.links import first_admin_secret
from service.auth.passwords import hash_password, is_outdated
from service.auth.tokens import add_token
from service.settings import PasswordSettings, ServiceSettings
from tests.fakes import settings_for

HERE = "http://127.0.0.1:8000"
SENT_HERE = {"Origin": HERE, "Sec-Fetch-Site": "same-origin"}
CHEAP = {"memory_kilobytes": 8, "passes": 1, "lanes": 1}
ACCESS = {"password": CHEAP, "attempts": 3, "client_attempts": 6}
PASSWORD = "correct horse battery"
OTHER = "staple in the morning"


class Place:
    """A home with an account `ivy`, the person Ivy Rao's, and one `boss` that may administer."""

    def __init__(self, folder: Path, **access: Any) -> None:
        self.settings: ServiceSettings = settings_for(folder, [], access={**ACCESS, **access})
        self.home = Home(self.settings.home)
        self.home.prepare()
        ivy = DirectoryPerson(Person("ivy-rao", "Ivy Rao"))
        with accounts.acting(self.home, None) as deed:
            people.apply_directory(deed.transaction, DirectoryRecords(people=(ivy,)))
            accounts.add_account(deed, "ivy", person="ivy-rao", password=self.hashed("ivy"))
            accounts.add_account(deed, "boss", admin=True, password=self.hashed("boss"))
        self.app: FastAPI = create_app(self.settings, self.home, HashingEncoder())

    def hashed(self, name: str) -> Any:
        return hash_password(PASSWORD, name, self.settings.access.password)

    def browser(self, client: str = "192.0.2.1", base: str = HERE) -> "Browser":
        return Browser(TestClient(self.app, base_url=base, client=(client, 50_000), raise_server_exceptions=False))

    def account(self, name: str) -> Account:
        with self.home.database.read() as transaction:
            return accounts.named_account(transaction, name)

    def trail(self, *actions: AuditAction) -> list[AuditEntry]:
        with self.home.database.read() as transaction:
            return [entry for entry in audit.all_entries(transaction) if entry.action in actions]

    def close(self) -> None:
        self.app.state.parts.queue.close()
        self.home.close()


class Browser:
    """Reads pages and sends the forms on them."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def send(self, path: str, on: str | None = None, **fields: str) -> httpx.Response:
        token = re.search(r'name="token" value="(\w+)"', self.client.get(on or path).text)
        told = {**fields, "token": token[1] if token else ""}
        return self.client.post(path, data=told, headers=SENT_HERE, follow_redirects=False)

    def sign_in(self, name: str = "ivy", password: str = PASSWORD, **fields: str) -> httpx.Response:
        return self.send("/sign-in", name=name, password=password, **fields)

    def who(self) -> Any:
        response = self.client.get("/api/v1/account")
        return response.json() if response.status_code == 200 else None

    def text(self, path: str) -> str:
        return " ".join(re.sub(r"<[^>]+>", " ", self.client.get(path).text).split())


@pytest.fixture
def make_place(tmp_path: Path) -> Iterator[Callable[..., Place]]:
    made: list[Place] = []

    def make(**access: Any) -> Place:
        made.append(Place(tmp_path, **access))
        return made[-1]

    yield make
    for place in made:
        place.close()


@pytest.fixture
def place(make_place: Callable[..., Place]) -> Place:
    return make_place()


def test_whoever_signs_in_is_known_until_they_sign_out(place: Place) -> None:
    browser = place.browser()
    assert browser.who() is None

    answer = browser.sign_in("IVY", next="/communities?x=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/communities?x=1")
    told = browser.who()
    assert (told["name"], told["person"], told["admin"]) == ("ivy", {"id": "ivy-rao", "name": "Ivy Rao"}, False)
    kept = browser.client.cookies["knowwho_session"]

    left = browser.send("/sign-out", on="/account")
    assert left.headers["location"] == "/"
    assert "knowwho_session" not in browser.client.cookies
    browser.client.cookies.set("knowwho_session", kept)
    assert browser.who() is None
    assert [entry.subject for entry in place.trail(AuditAction.SIGN_IN, AuditAction.SIGN_OUT)] == [told["id"]] * 2


def test_the_account_page_leads_to_signing_in_and_back(place: Place) -> None:
    browser = place.browser()
    led = browser.client.get("/account", follow_redirects=False)
    assert led.headers["location"] == "/sign-in?next=%2Faccount"

    assert 'name="next" value="/account"' in browser.client.get(led.headers["location"]).text
    assert browser.sign_in(next="/account").headers["location"] == "/account"
    assert "Ivy Rao" in browser.text("/account")
    assert browser.client.get("/sign-in?next=/account", follow_redirects=False).headers["location"] == "/account"


@pytest.mark.parametrize(
    "told",
    [
        "https://elsewhere.example",
        "//elsewhere.example",
        "/\\elsewhere.example",
        "\\\\elsewhere.example",
        "/\t/elsewhere.example",
        "/\n/elsewhere.example",
        "javascript:alert(1)",
        "elsewhere",
        " //elsewhere.example",
        "",
    ],
)
def test_signing_in_leads_to_no_place_but_ours(place: Place, told: str) -> None:
    browser = place.browser()
    assert browser.sign_in(next=told).headers["location"] == "/"


def test_the_session_is_a_new_one_each_time_and_the_earlier_one_ends(place: Place) -> None:
    browser, other = place.browser(), place.browser()
    browser.client.cookies.set("knowwho_session", "chosen-by-a-stranger", domain="127.0.0.1")
    browser.sign_in()
    first = browser.client.cookies["knowwho_session"]
    other.client.cookies.set("knowwho_session", first)
    assert first != "chosen-by-a-stranger"
    assert other.who()

    browser.send("/sign-in", on="/account", name="ivy", password=PASSWORD)
    assert browser.client.cookies["knowwho_session"] != first
    assert browser.who()
    assert other.who() is None


def test_the_cookie_of_a_session_is_for_no_script_and_no_other_site(place: Place) -> None:
    plain = place.browser().sign_in().headers["set-cookie"]
    assert {part.strip().casefold() for part in plain.split(";")[1:]} >= {"httponly", "samesite=lax", "path=/"}
    assert "secure" not in plain.casefold().split("; ")


def test_over_https_the_cookie_is_bound_to_this_host(place: Place) -> None:
    browser = place.browser(base="https://knowwho.example.org")
    token = re.search(r'name="token" value="(\w+)"', browser.client.get("/sign-in").text)
    assert token
    headers = {"Origin": "https://knowwho.example.org", "Sec-Fetch-Site": "same-origin"}
    told = {"name": "ivy", "password": PASSWORD, "token": token[1]}
    answer = browser.client.post("/sign-in", data=told, headers=headers, follow_redirects=False)

    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-knowwho_session=")
    assert {"secure", "httponly", "path=/"} <= {part.strip().casefold() for part in cookie.split(";")[1:]}
    assert "domain" not in cookie.casefold()
    assert browser.who()["name"] == "ivy"


@pytest.mark.parametrize(("name", "password"), [("ivy", OTHER), ("nobody", PASSWORD), ("late", PASSWORD), ("ivy", "")])
def test_a_sign_in_that_fails_says_the_same_whatever_was_wrong(place: Place, name: str, password: str) -> None:
    with accounts.acting(place.home, None) as deed:
        late = accounts.add_account(deed, "late", password=place.hashed("late"))
        accounts.set_disabled(deed, late, disabled=True)
    browser = place.browser()

    answer = browser.sign_in(name, password)
    assert answer.status_code == 403
    assert "the name or the password is wrong, or the account is disabled" in answer.text
    assert "set-cookie" not in answer.headers
    assert len(place.trail(AuditAction.SIGN_IN_FAILED)) == 1


@pytest.mark.parametrize("name", ["ivy", "nobody"])
def test_after_some_failures_a_name_is_locked_whether_there_is_such_an_account_or_not(place: Place, name: str) -> None:
    for number in range(3):
        assert place.browser(f"192.0.2.{number}").sign_in(name, OTHER).status_code == 403

    answer = place.browser("192.0.2.9").sign_in(name, PASSWORD)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 15 * 60
    assert "too many attempts" in answer.text.casefold()
    assert len(place.trail(AuditAction.LOCKED_OUT)) == 1
    assert place.browser("192.0.2.9").sign_in("boss").status_code == 303


def test_after_many_failures_a_client_is_locked_out_whatever_names_it_tries(place: Place) -> None:
    for number in range(6):
        place.browser("2001:db8::1").sign_in(f"name-{number}", OTHER)

    assert place.browser("2001:db8::2").sign_in("ivy").status_code == 429
    assert place.browser("2001:db8:1::1").sign_in("ivy").status_code == 303


def test_nobody_s_word_on_where_they_come_from_is_believed(place: Place) -> None:
    for number in range(6):
        browser = place.browser()
        browser.client.headers["X-Forwarded-For"] = f"198.51.100.{number}"
        browser.sign_in(f"name-{number}", OTHER)

    assert place.browser().sign_in("ivy").status_code == 429


def test_a_success_forgets_the_failures_before_it_and_time_forgets_the_rest(make_place: Callable[..., Place]) -> None:
    place = make_place(attempt_minutes=0.0005)
    browser = place.browser()
    for password in (OTHER, OTHER, PASSWORD, OTHER, OTHER, PASSWORD):
        browser.sign_in("ivy", password)
    with place.home.database.read() as transaction:
        left = transaction.exec_driver_sql("SELECT * FROM sign_in_failures").all()

    assert browser.who()["name"] == "ivy"
    assert left == []


def test_a_disabled_account_is_out_at_once_with_its_sessions_and_tokens(place: Place) -> None:
    browser = place.browser()
    browser.sign_in()
    token = browser.client.post(
        "/api/v1/account/tokens", json={"label": "mine", "scopes": ["account"], "days": 1}, headers=SENT_HERE
    ).json()["secret"]
    program = TestClient(place.app, base_url=HERE, headers={"Authorization": f"Bearer {token}"})
    assert program.get("/api/v1/account").json()["name"] == "ivy"

    with accounts.acting(place.home, None) as deed:
        accounts.set_disabled(deed, place.account("ivy"), disabled=True)
    assert browser.who() is None
    assert program.get("/api/v1/account").status_code == 401


def test_nothing_that_was_given_out_comes_to_life_again_with_an_account(place: Place) -> None:
    browser = place.browser()
    browser.sign_in()
    asked = {"label": "mine", "scopes": ["account"], "days": 1}
    token = browser.client.post("/api/v1/account/tokens", json=asked, headers=SENT_HERE).json()["secret"]
    program = TestClient(place.app, base_url=HERE, headers={"Authorization": f"Bearer {token}"})
    for disabled in (True, False):
        with accounts.acting(place.home, None) as deed:
            accounts.set_disabled(deed, place.account("ivy"), disabled=disabled)

    assert browser.who() is None
    assert program.get("/api/v1/account").status_code == 401


@pytest.mark.parametrize("end", ["disabled", "removed"])
def test_whoever_is_put_out_while_asking_for_a_token_gets_none(place: Place, end: str) -> None:
    with place.home.database.read() as transaction:
        asking = SignIn(place.account("ivy"), viewer_of(transaction, place.account("ivy")))
    with accounts.acting(place.home, None) as deed:
        if end == "disabled":
            accounts.set_disabled(deed, asking.account, disabled=True)
        else:
            accounts.remove_account(deed, asking.account)

    with pytest.raises(SignInRefused):
        add_token(place.home, asking, "mine", {Scope.SEARCH}, 1, place.settings.access)


def test_a_name_whose_letters_fold_in_two_ways_is_one_name(place: Place) -> None:
    with accounts.acting(place.home, None) as deed:
        accounts.add_account(deed, "\u01f0an", password=place.hashed("x"))
        with pytest.raises(Conflict):
            accounts.add_account(deed, "J\u030can")

    assert place.browser().sign_in("\u01f0an").status_code == 303


def test_a_new_password_signs_every_other_browser_out(place: Place) -> None:
    here, there = place.browser(), place.browser()
    here.sign_in()
    there.sign_in()

    wrong = here.send("/account/password", on="/account", present=OTHER, password=OTHER, again=OTHER)
    assert (wrong.status_code, "not your present password" in wrong.text) == (403, True)
    unlike = here.send("/account/password", on="/account", present=PASSWORD, password=OTHER, again="x")
    assert (unlike.status_code, "not the same" in unlike.text) == (422, True)
    weak = here.send("/account/password", on="/account", present=PASSWORD, password="short", again="short")
    assert weak.status_code == 422

    done = here.send("/account/password", on="/account", present=PASSWORD, password=OTHER, again=OTHER)
    assert done.status_code == 303
    assert here.who()["name"] == "ivy"
    assert there.who() is None
    assert place.browser().sign_in("ivy", PASSWORD).status_code == 403
    assert place.browser().sign_in("ivy", OTHER).status_code == 303


def test_guessing_the_present_password_is_bounded_too(place: Place) -> None:
    browser = place.browser()
    browser.sign_in()
    for _ in range(3):
        browser.send("/account/password", on="/account", present="a wrong guess", password=OTHER, again=OTHER)

    answer = browser.send("/account/password", on="/account", present=PASSWORD, password=OTHER, again=OTHER)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


def test_a_session_is_ended_from_another_browser(place: Place) -> None:
    here, there, boss = place.browser(), place.browser(), place.browser()
    for browser, name in ((here, "ivy"), (there, "ivy"), (boss, "boss")):
        browser.sign_in(name)
    told = here.client.get("/api/v1/account/sessions").json()["sessions"]
    (other,) = [session["id"] for session in told if not session["present"]]

    assert boss.send(f"/account/sessions/{other}/end", on="/account").status_code == 404
    assert there.who()
    assert here.send(f"/account/sessions/{other}/end", on="/account").status_code == 303
    assert there.who() is None
    assert here.who()
    assert here.client.delete(f"/api/v1/account/sessions/{other}", headers=SENT_HERE).status_code == 404


def test_a_token_is_shown_once_does_what_it_is_for_and_is_taken_back(place: Place) -> None:
    browser = place.browser()
    browser.sign_in()
    fields = {"label": " night  job ", "days": "30", "scope-search": "yes"}
    made = browser.send("/account/tokens", on="/account", **fields)
    (secret,) = re.findall(r"kw_[\w-]{20,}", made.text)
    assert "night job" in browser.text("/account")
    assert secret not in browser.client.get("/account").text

    program = TestClient(place.app, base_url=HERE, headers={"Authorization": f"Bearer {secret}"})
    assert program.get("/api/v1/communities").status_code == 200
    assert program.get("/api/v1/account").status_code == 403
    (told,) = browser.client.get("/api/v1/account/tokens").json()["tokens"]
    assert (told["scopes"], told["used"] is not None) == (["search"], True)

    assert browser.send(f"/account/tokens/{told['id']}/remove", on="/account").status_code == 303
    assert program.get("/api/v1/communities").status_code == 401
    assert browser.client.delete(f"/api/v1/account/tokens/{told['id']}", headers=SENT_HERE).status_code == 404


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"label": "x", "scopes": ["admin"], "days": 1}, "may not do that yourself"),
        ({"label": "x", "scopes": ["steward"], "days": 1}, "may not do that yourself"),
        ({"label": "x", "scopes": ["search"], "days": 366}, "lasts 1 to 365 days"),
        ({"label": " ", "scopes": ["search"], "days": 1}, "label"),
        ({"label": "a\u0000b", "scopes": ["search"], "days": 1}, "label"),
        ({"label": "x", "scopes": [], "days": 1}, "scopes"),
    ],
)
def test_a_token_gets_no_more_than_its_owner_may_give(place: Place, asked: dict[str, Any], said: str) -> None:
    browser = place.browser()
    browser.sign_in()

    answer = browser.client.post("/api/v1/account/tokens", json=asked, headers=SENT_HERE)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]
    assert browser.client.get("/api/v1/account/tokens").json()["tokens"] == []


def test_a_token_makes_no_token(place: Place) -> None:
    browser = place.browser()
    browser.sign_in("boss")
    asked = {"label": "all", "scopes": list(Scope), "days": 1}
    secret = browser.client.post("/api/v1/account/tokens", json=asked, headers=SENT_HERE).json()["secret"]
    program = TestClient(place.app, base_url=HERE, headers={"Authorization": f"Bearer {secret}"})

    assert program.get("/api/v1/account").json()["scopes"] == sorted(Scope)
    assert program.post("/api/v1/account/tokens", json=asked).status_code == 403
    assert program.get("/account").status_code == 403


def test_a_link_for_choosing_a_password_works_once_and_signs_everybody_else_out(place: Place) -> None:
    before = place.browser()
    before.sign_in()
    asked = {"label": "mine", "scopes": ["account"], "days": 1}
    token = before.client.post("/api/v1/account/tokens", json=asked, headers=SENT_HERE).json()["secret"]
    program = TestClient(place.app, base_url=HERE, headers={"Authorization": f"Bearer {token}"})
    with accounts.acting(place.home, None) as deed:
        useless = accounts.make_link(deed, place.account("ivy"))
        secret = accounts.make_link(deed, place.account("ivy"))
    browser = place.browser()
    path = f"/choose-password/{secret}"

    assert browser.client.get(f"/choose-password/{useless}").status_code == 404
    assert browser.client.get(f"/first-admin/{secret}").status_code == 404
    assert browser.send(path, password="ivy", again="ivy").status_code == 422
    assert browser.send(path, password=OTHER, again=OTHER).status_code == 303
    assert browser.who()["name"] == "ivy"
    assert before.who() is None
    assert program.get("/api/v1/account").status_code == 401
    assert browser.client.get(path).status_code == 404
    assert browser.send(path, on="/account", password=PASSWORD, again=PASSWORD).status_code == 404
    assert place.browser().sign_in("ivy", OTHER).status_code == 303


def test_the_link_of_a_disabled_account_is_worth_nothing(place: Place) -> None:
    with accounts.acting(place.home, None) as deed:
        secret = accounts.make_link(deed, place.account("ivy"))
        accounts.set_disabled(deed, place.account("ivy"), disabled=True)

    assert place.browser().client.get(f"/choose-password/{secret}").status_code == 404


def test_the_first_admin_is_made_once_and_only_where_there_is_none(place: Place) -> None:
    assert first_admin_secret(place.home) is None
    with place.home.database.begin() as transaction:
        records.change_account(transaction, place.account("boss").id, admin=False)
    earlier, secret = first_admin_secret(place.home), first_admin_secret(place.home)
    browser, path = place.browser(), f"/first-admin/{secret}"

    assert browser.client.get(f"/first-admin/{earlier}").status_code == 404
    assert browser.client.get("/first-admin/guessed").status_code == 404
    assert browser.send(path, name="ivy", password=OTHER, again=OTHER).status_code == 409
    assert browser.send(path, name="a b", password=OTHER, again=OTHER).status_code == 422
    assert browser.send(path, name="Chief", password=OTHER, again=OTHER).headers["location"] == "/admin"
    assert (browser.who()["name"], browser.who()["admin"]) == ("chief", True)
    assert place.browser().client.get(path).status_code == 404


def test_what_a_stranger_s_page_sends_signs_nobody_in_or_out(place: Place) -> None:
    browser = place.browser()
    told = {"name": "ivy", "password": PASSWORD, "token": "guessed"}
    token = re.search(r'name="token" value="(\w+)"', browser.client.get("/sign-in").text)
    assert token

    assert browser.client.post("/sign-in", data=told, headers=SENT_HERE).status_code == 403
    foreign = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    assert browser.client.post("/sign-in", data={**told, "token": token[1]}, headers=foreign).status_code == 403
    browser.sign_in()
    assert browser.client.post("/sign-out", data={"token": token[1]}, headers=SENT_HERE).status_code == 403
    assert browser.who()


def test_a_password_of_a_cost_that_was_raised_is_hashed_again_when_it_is_used(place: Place) -> None:
    dear = PasswordSettings(memory_kilobytes=16, passes=2, lanes=1)
    with place.home.database.begin() as transaction:
        records.change_account(transaction, place.account("ivy").id, password=hash_password(PASSWORD, "ivy", dear))

    place.browser().sign_in()
    with place.home.database.read() as transaction:
        hashed = records.password_of(transaction, place.account("ivy").id)
    assert hashed
    assert not is_outdated(hashed, place.settings.access.password)
    assert place.browser().sign_in().status_code == 303


def test_no_secret_is_written_anywhere(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    browser = place.browser()
    planted = "planted-password-Xyzzy"
    with accounts.acting(place.home, None) as deed:
        link = accounts.make_link(deed, place.account("ivy"))
    shown = [
        browser.sign_in("ivy", planted).text,
        browser.sign_in(planted, PASSWORD).headers.get("location", ""),
        browser.send(f"/choose-password/{link}", password=planted, again="x").text,
        str(browser.send(f"/choose-password/{link}", password=planted, again=planted).headers["location"]),
    ]
    session = browser.client.cookies["knowwho_session"]
    made = browser.send("/account/tokens", on="/account", label="mine", days="1", **{"scope-search": "yes"})
    (token,) = re.findall(r"kw_[\w-]{20,}", made.text)
    shown += [browser.client.get(path).text for path in ("/account", "/api/v1/account", "/api/v1/account/tokens")]
    place.home.close()

    logged = [entry.getMessage() for entry in caplog.records if entry.name != "httpx2"]  # that is the browser
    kept = b"".join(file.read_bytes() for file in place.home.folder.rglob("*") if file.is_file())
    for secret in (planted, link, session, token):
        assert secret.encode() not in kept
        assert not [line for line in logged if secret in line]
    assert not [text for text in shown if planted in text or link in text or token in text]


def test_an_error_on_a_page_with_a_secret_in_its_address_is_logged_without_it(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    with accounts.acting(place.home, None) as deed:
        link = accounts.make_link(deed, place.account("ivy"))
    with place.home.database.begin() as transaction:
        transaction.exec_driver_sql("DROP TABLE one_time_links")

    assert place.browser().client.get(f"/choose-password/{link}").status_code == 500
    logged = [entry.getMessage() for entry in caplog.records if entry.levelno >= logging.ERROR]
    assert logged == ["/choose-password/{secret} failed"]
    assert not [entry for entry in caplog.records if entry.name != "httpx2" and link in entry.getMessage()]


def test_every_page_says_who_is_signed_in_and_leads_to_what_they_may_do(place: Place) -> None:
    visitor, ivy, boss = place.browser(), place.browser(), place.browser()
    ivy.sign_in()
    boss.sign_in("boss")

    for path in ("/communities?x=1", "/nowhere", "/people/nobody"):
        stranger = visitor.client.get(path).text
        back = f'href="/sign-in?next={quote(path, safe="")}"'
        assert (back in stranger, 'href="/account"' in stranger, "Signed in as" in stranger) == (True, False, False)
        own = ivy.client.get(path).text
        assert ("/sign-in" in own, 'href="/account"' in own, 'href="/admin"' in own) == (False, True, False)
        assert "Signed in as ivy" in ivy.text(path)
        assert 'href="/admin"' in boss.client.get(path).text
    assert 'href="/sign-in"' in visitor.client.get("/sign-in?next=/communities").text
    assert 'href="/account"' in ivy.send("/account/password", on="/account", present="no", password=OTHER).text


def test_what_is_wrong_is_said_beside_what_was_typed(place: Place) -> None:
    browser = place.browser()
    refused = browser.sign_in(password="wrong").text
    field = re.search(r'<input id="password"[^>]*>', refused)
    assert field is not None
    assert 'aria-describedby="wrong"' in field[0]
    assert "wrong" not in " ".join(re.findall(r"aria-describedby=[^>]*", browser.client.get("/sign-in").text))
    assert refused.index('<form class="admin"') < refused.index('id="wrong"') < refused.index('id="password"')

    browser.sign_in()
    changed = browser.send("/account/password", on="/account", present="no", password=OTHER, again=OTHER).text
    assert {name: "aria-invalid" in tag for tag, name in re.findall(r'(<input id="([a-z-]+)"[^>]*>)', changed)} == {
        **dict.fromkeys(("q", "new-password", "again", "label", "days"), False),
        "present": True,
    }


def test_reading_what_is_for_admins_alone_says_so(place: Place) -> None:
    browser = place.browser()
    browser.sign_in()
    assert "This is not open to you" in browser.text("/admin")


def test_a_page_that_cannot_be_sent_to_says_so_without_the_words_of_the_protocol(place: Place) -> None:
    answer = place.browser().client.put("/communities", headers=SENT_HERE)
    assert answer.status_code == 405
    assert "This page can only be read" in answer.text
    assert "Method Not Allowed" not in answer.text
