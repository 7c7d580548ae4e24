"""Signing in through OpenID Connect: a real provider in a process of its own, and one that lies."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx2
import pytest
from fastapi.testclient import TestClient
from joserfc.jwk import RSAKey

from indexer.domain.accounts import Account
from indexer.domain.errors import SettingsInvalid
from indexer.embedding.hashing import HashingEncoder
from indexer.home import Home
from indexer.store import accounts, audit
from service.app import create_app
from service.auth import new_id
from service.browsers import SESSION_COOKIE
from service.settings import ServiceSettings
from tests.fakes import index_home, settings_for
from tests.functional.administered import HERE, LOCAL, Text, until
from tests.functional.hostile_provider import SECRET, HostileProvider, hostile_provider

DIRECTORY = """
people:
  - {id: ivy, name: Ivy Rao, addresses: [ivy@example.org]}
"""
CALLBACK = "/sign-in/works/callback"
Claims = dict[str, Any]


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """A provider in a process of its own, on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ})
    address = f"http://127.0.0.1:{port}"
    try:
        until(lambda: _answers(address))
        yield address
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that has read the directory."""
    folder = tmp_path_factory.mktemp("known")
    (folder / "directory.yaml").write_text(DIRECTORY)
    source = {"name": "directory", "kind": "directory", "path": str(folder / "directory.yaml")}
    settings = settings_for(folder, [source], parsing={"workers": 1})
    index_home(settings)
    return settings.home


@pytest.fixture
def liar() -> Iterator[HostileProvider]:
    with hostile_provider() as provider:
        yield provider


class Visited:
    """A service whose people sign in through a provider, and one browser in front of it."""

    def __init__(self, folder: Path, known: Path, issuer: str, **more: Any) -> None:
        provider = {
            "name": "works",
            "label": "the works' directory",
            "issuer": issuer,
            "client_id": "knowwho",
            "client_secret": SECRET,
            **more,
        }
        access = {"address": HERE, "providers": [provider]}
        self.settings: ServiceSettings = settings_for(folder, [], access=access)
        shutil.copytree(known, self.settings.home)
        self.home = Home(self.settings.home)
        self.app = create_app(self.settings, self.home, HashingEncoder())
        self.browser = self.new_browser()

    def new_browser(self) -> TestClient:
        return TestClient(self.app, base_url=HERE, client=LOCAL, follow_redirects=False, raise_server_exceptions=False)

    def begin(self, page: str = "/") -> str:
        """The address of the provider that the browser is sent to."""
        answer = self.browser.get("/sign-in/works", params={"next": page})
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    def come_back(self, address: str) -> Any:
        return self.browser.get(address)

    def add_account(self, name: str, *, person: str | None = None, disabled: bool = False) -> str:
        account = Account(new_id(), name, person, False, disabled, False, datetime.now(UTC))
        with self.home.database.begin() as transaction:
            accounts.add_account(transaction, account, None)
        return account.id

    def account(self) -> Account:
        """The only account there is."""
        with self.home.database.read() as transaction:
            (found,) = accounts.all_accounts(transaction)
        return found

    def trail(self) -> list[tuple[str, str | None, Any]]:
        with self.home.database.read() as transaction:
            return [(entry.action, entry.subject, dict(entry.detail)) for entry in audit.all_entries(transaction)]

    def is_signed_in(self) -> bool:
        return SESSION_COOKIE in self.browser.cookies


Visit = Callable[..., Visited]


@pytest.fixture
def visit(tmp_path: Path, known: Path) -> Iterator[Visit]:
    made: list[Visited] = []

    def make(issuer: str, **provider: Any) -> Visited:
        made.append(Visited(tmp_path, known, issuer, **provider))
        return made[-1]

    yield make
    for visited in made:
        visited.app.state.parts.queue.close()
        visited.home.close()


def register(issuer: str, subject: str, **claims: Any) -> None:
    httpx2.put(f"{issuer}/users/{quote(subject)}", json=claims, trust_env=False).raise_for_status()


def agree(address: str, subject: str) -> str:
    """Sign in at the provider; gives the address that it sends the browser back to."""
    return str(httpx2.post(address, data={"sub": subject}, trust_env=False).headers["location"])


def pass_liar(place: Visited, liar: HostileProvider) -> Any:
    """Sign in at the provider that lies."""
    query = parse_qs(urlsplit(place.begin()).query)
    liar.nonce, liar.challenge = query["nonce"][0], query["code_challenge"][0]
    return place.come_back(f"{CALLBACK}?code=c&state={query['state'][0]}")


def _answers(address: str) -> bool:
    try:
        return httpx2.get(f"{address}/.well-known/openid-configuration", trust_env=False).status_code == 200
    except httpx2.HTTPError:
        return False


# A real provider


def test_somebody_whom_the_provider_vouches_for_is_signed_in_and_goes_on_where_they_were(
    visit: Visit, issuer: str
) -> None:
    place = visit(issuer, new_accounts=True, trust_addresses=True)
    register(issuer, "u-17", email="ivy@example.org", email_verified=True)
    address = place.begin("/communities?of=mine")
    asked = parse_qs(urlsplit(address).query)
    assert (asked["code_challenge_method"], asked["scope"]) == (["S256"], ["openid email profile"])
    assert asked["redirect_uri"] == [f"{HERE}{CALLBACK}"]
    answer = place.come_back(agree(address, "u-17"))

    assert (answer.status_code, answer.headers["location"]) == (303, "/communities?of=mine")
    assert place.is_signed_in()
    account = place.account()
    assert (account.name, account.person, account.admin) == ("ivy@example.org", "ivy", False)
    assert [(action, subject) for action, subject, _ in place.trail()] == [
        ("account added", account.id),
        ("account changed", account.id),
        ("sign in", account.id),
    ]
    assert "ivy@" not in json.dumps(place.trail())


def test_the_same_person_gets_the_same_account_whatever_becomes_of_the_address(visit: Visit, issuer: str) -> None:
    place = visit(issuer, new_accounts=True, trust_addresses=True)
    for address in ("ivy@example.org", "ivy.rao@example.org"):
        register(issuer, "u-18", email=address, email_verified=True)
        assert place.come_back(agree(place.begin(), "u-18")).status_code == 303

    assert place.account().name == "ivy@example.org"


def test_a_verified_address_leads_to_the_account_of_the_person_whose_it_is(visit: Visit, issuer: str) -> None:
    place = visit(issuer, trust_addresses=True)
    mine = place.add_account("ivy.r", person="ivy")
    register(issuer, "u-19", email="Ivy@Example.org", email_verified=True)

    assert place.come_back(agree(place.begin(), "u-19")).status_code == 303
    assert place.trail()[-1][:2] == ("sign in", mine)


def test_a_verified_address_leads_to_the_account_of_that_name(visit: Visit, issuer: str) -> None:
    place = visit(issuer, trust_addresses=True)
    mine = place.add_account("bo@example.org")
    register(issuer, "u-20", email="bo@example.org", email_verified=True)

    assert place.come_back(agree(place.begin(), "u-20")).status_code == 303
    assert place.trail()[-1][1] == mine


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_an_address_that_is_not_verified_leads_to_nobodys_account(visit: Visit, issuer: str, verified: object) -> None:
    place = visit(issuer, trust_addresses=True, new_accounts=True)
    others = {place.add_account("ivy.r", person="ivy"), place.add_account("ivy@example.org")}
    register(issuer, f"u-{verified}", email="ivy@example.org", email_verified=verified)

    assert place.come_back(agree(place.begin(), f"u-{verified}")).status_code == 303
    signed_in = place.trail()[-1][1]
    assert signed_in not in others
    with place.home.database.read() as transaction:
        made = accounts.find_account(transaction, signed_in or "")
    assert made is not None
    assert (made.person, "@" in made.name) == (None, False)


@pytest.mark.parametrize("called", ["ivy@example.org", "ivy＠example.org", "ivy﹫example.org"])
def test_nobody_is_called_by_an_address_that_was_not_verified(visit: Visit, issuer: str, called: str) -> None:
    place = visit(issuer, new_accounts=True)
    register(issuer, f"u-{called}", preferred_username=called)

    assert place.come_back(agree(place.begin(), f"u-{called}")).status_code == 303
    assert "@" not in place.account().name


def test_addresses_of_a_provider_that_is_not_trusted_lead_to_nobodys_account(visit: Visit, issuer: str) -> None:
    place = visit(issuer)
    place.add_account("ivy.r", person="ivy")
    register(issuer, "u-21", email="ivy@example.org", email_verified=True)

    assert place.come_back(agree(place.begin(), "u-21")).status_code == 403
    assert not place.is_signed_in()


def test_somebody_without_an_account_is_told_whom_to_ask(visit: Visit, issuer: str) -> None:
    place = visit(issuer, trust_addresses=True)
    register(issuer, "u-22", email="nobody@example.org", email_verified=True)
    answer = place.come_back(agree(place.begin(), "u-22"))

    assert answer.status_code == 403
    assert "ask an admin to add one" in Text(answer.text).text
    assert not place.is_signed_in()
    assert place.trail() == [("sign in failed", None, {"by": "works"})]


def test_two_accounts_of_one_person_are_not_chosen_between(visit: Visit, issuer: str) -> None:
    place = visit(issuer, trust_addresses=True, new_accounts=True)
    place.add_account("ivy", person="ivy")
    place.add_account("ivy-admin", person="ivy")
    register(issuer, "u-23", email="ivy@example.org", email_verified=True)
    answer = place.come_back(agree(place.begin(), "u-23"))

    assert (answer.status_code, "several accounts" in answer.text.casefold()) == (403, True)


def test_a_disabled_account_stays_out(visit: Visit, issuer: str) -> None:
    place = visit(issuer, trust_addresses=True, new_accounts=True)
    place.add_account("ivy", person="ivy", disabled=True)
    register(issuer, "u-24", email="ivy@example.org", email_verified=True)
    answer = place.come_back(agree(place.begin(), "u-24"))

    assert (answer.status_code, "disabled" in answer.text) == (403, True)
    assert not place.is_signed_in()


def test_an_account_that_is_disabled_later_stays_out(visit: Visit, issuer: str) -> None:
    place = visit(issuer, new_accounts=True)
    register(issuer, "u-25", preferred_username="bo")
    assert place.come_back(agree(place.begin(), "u-25")).status_code == 303
    account = place.account()
    assert account.name == "bo"
    with place.home.database.begin() as transaction:
        accounts.change_account(transaction, account.id, disabled=True)

    assert place.come_back(agree(place.begin(), "u-25")).status_code == 403
    assert place.trail()[-1] == ("sign in failed", account.id, {"by": "works"})


def test_whoever_denies_the_provider_is_not_signed_in(visit: Visit, issuer: str) -> None:
    place = visit(issuer, new_accounts=True)
    back = httpx2.post(place.begin(), data={"action": "deny"}, trust_env=False).headers["location"]
    state = parse_qs(urlsplit(place.begin()).query)["state"][0]
    answer = place.come_back(f"{CALLBACK}?{urlsplit(back).query}&state={state}")

    assert (answer.status_code, "nobody was signed in" in answer.text) == (403, True)
    assert not place.is_signed_in()


def test_another_browser_cannot_come_back_from_a_sign_in_that_it_did_not_begin(visit: Visit, issuer: str) -> None:
    place = visit(issuer, new_accounts=True)
    back = agree(place.begin(), "u-26")
    place.browser = place.new_browser()
    assert place.come_back(back).status_code == 403

    place.begin()  # a sign-in of its own does not help
    assert place.come_back(back).status_code == 403
    assert not place.is_signed_in()
    assert place.trail() == []


def test_a_return_counts_once(visit: Visit, issuer: str) -> None:
    place = visit(issuer, new_accounts=True)
    address = place.begin()
    kept = dict(place.browser.cookies)
    back = agree(address, "u-27")
    assert place.come_back(back).status_code == 303
    place.browser = place.new_browser()
    place.browser.cookies.update(kept)
    answer = place.come_back(back)

    assert (answer.status_code, "used already" in answer.text) == (403, True)
    assert not place.is_signed_in()


def test_a_changed_cookie_or_state_or_code_signs_nobody_in(visit: Visit, issuer: str) -> None:
    place = visit(issuer, new_accounts=True)
    back = agree(place.begin(), "u-28")
    assert place.come_back(back.replace("state=", "state=x")).status_code == 403
    kept = place.browser.cookies["knowwho_sign_in"]
    place.browser.cookies.clear()
    for changed in (f"x{kept}", kept[:-1], "", "ä.b", kept.partition(".")[0]):
        sent = {b"Cookie": f"knowwho_sign_in={changed}".encode()}
        assert place.browser.get(back, headers=sent).status_code == 403
    place.begin()
    state = parse_qs(urlsplit(place.begin()).query)["state"][0]
    assert place.come_back(f"{CALLBACK}?code=made-up&state={state}").status_code == 403
    assert not place.is_signed_in()


def test_nobody_is_sent_to_another_site_afterwards(visit: Visit, issuer: str) -> None:
    place = visit(issuer, new_accounts=True)
    for page in ("//evil.example", "/\\evil.example", "https://evil.example", "\t//evil.example", ""):
        answer = place.come_back(agree(place.begin(page), "u-29"))
        assert (page, answer.status_code, answer.headers["location"]) == (page, 303, "/")


def test_a_way_in_that_there_is_not_is_not_found(visit: Visit, issuer: str) -> None:
    place = visit(issuer)

    assert place.browser.get("/sign-in/elsewhere").status_code == 404
    assert place.browser.get("/sign-in/elsewhere/callback?state=s&code=c").status_code == 404


def test_the_cookies_of_a_sign_in_cannot_be_read_by_scripts(visit: Visit, issuer: str) -> None:
    place = visit(issuer, new_accounts=True)
    begun = place.browser.get("/sign-in/works")
    back = agree(begun.headers["location"], "u-30")
    for cookie in (begun.headers["set-cookie"], place.come_back(back).headers["set-cookie"]):
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie


def test_the_page_for_signing_in_offers_the_provider_and_keeps_where_one_was(visit: Visit, issuer: str) -> None:
    place = visit(issuer)
    shown = place.browser.get("/sign-in?next=/communities").text

    assert 'href="/sign-in/works?next=/communities"' in shown
    assert "the works&#39; directory" in shown


# A provider that fails or lies


def test_a_provider_that_is_down_is_said_to_be(visit: Visit) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = visit(f"http://127.0.0.1:{free.getsockname()[1]}")
    answer = place.browser.get("/sign-in/works")

    assert answer.status_code == 503
    assert "works&#39; directory does not answer" in answer.text


def test_a_provider_that_goes_down_half_way_is_said_to_be(visit: Visit, liar: HostileProvider) -> None:
    place = visit(liar.issuer, new_accounts=True)
    state = parse_qs(urlsplit(place.begin()).query)["state"][0]
    liar.status = 500

    assert place.come_back(f"{CALLBACK}?code=c&state={state}").status_code == 503


def test_the_honest_answer_signs_in_and_documents_are_asked_for_once(visit: Visit, liar: HostileProvider) -> None:
    place = visit(liar.issuer, new_accounts=True)
    for _ in range(2):
        assert pass_liar(place, liar).status_code == 303

    assert liar.asked.count("/.well-known/openid-configuration") == liar.asked.count("/jwks") == 1


def test_an_address_that_only_the_user_information_tells_counts(visit: Visit, liar: HostileProvider) -> None:
    place = visit(liar.issuer, trust_addresses=True)
    mine = place.add_account("ivy", person="ivy")
    liar.user = {"sub": "ivy", "email": "ivy@example.org", "email_verified": True}

    assert pass_liar(place, liar).status_code == 303
    assert place.trail()[-1][1] == mine


def test_user_information_about_somebody_else_signs_nobody_in(visit: Visit, liar: HostileProvider) -> None:
    place = visit(liar.issuer, trust_addresses=True, new_accounts=True)
    liar.user = {"sub": "mallory", "email": "ivy@example.org", "email_verified": True}

    assert pass_liar(place, liar).status_code == 403


NOT_FOR_US: list[Claims] = [
    {"aud": "somebody-else"},
    {"aud": ["knowwho", "somebody-else"]},
    {"aud": ["knowwho", "somebody-else"], "azp": "somebody-else"},
    {"aud": None},
    {"iss": "https://evil.example"},
    {"exp": 1},
    {"exp": None},
    {"nbf": 99_999_999_999},
    {"nonce": "of-another-sign-in"},
    {"nonce": None},
    {"sub": None},
    {"sub": ""},
    {"sub": "x" * 256},
    {"sub": 17},
    {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
]


def test_an_id_token_that_was_not_made_for_this_sign_in_signs_nobody_in(visit: Visit, liar: HostileProvider) -> None:
    place = visit(liar.issuer, new_accounts=True)
    for claims in NOT_FOR_US:
        liar.claims = claims
        assert (claims, pass_liar(place, liar).status_code) == (claims, 403)
    assert not place.is_signed_in()
    assert place.trail() == []


def test_an_id_token_that_the_provider_did_not_sign_signs_nobody_in(visit: Visit, liar: HostileProvider) -> None:
    place = visit(liar.issuer, new_accounts=True)
    forgeries = (
        liar.signed_by_another,
        liar.signed_by_nobody,
        liar.signed_with_the_secret,
        liar.signed_with_the_public_key,
    )
    for forge in forgeries:
        liar.make_token = forge
        assert (forge, pass_liar(place, liar).status_code) == (forge, 403)
    assert not place.is_signed_in()


def test_what_is_no_id_token_signs_nobody_in(visit: Visit, liar: HostileProvider) -> None:
    place = visit(liar.issuer, new_accounts=True)
    for token in ("", "x", "a.b.c", "eyJhbGciOiJSUzI1NiJ9.W10.", "\u00e4.\u00e4.\u00e4"):
        liar.make_token = lambda _, token=token: token  # type: ignore[misc]
        assert (token, pass_liar(place, liar).status_code) == (token, 403)


def test_a_provider_with_new_keys_is_believed_after_a_minute(visit: Visit, liar: HostileProvider) -> None:
    place = visit(liar.issuer, new_accounts=True)
    assert pass_liar(place, liar).status_code == 303
    liar.keys = [RSAKey.generate_key(parameters={"kid": "two"})]
    assert pass_liar(place, liar).status_code == 403
    known = place.app.state.parts.providers["works"]._known  # the only clock is the machine's own
    for address, (at, told) in known.items():
        known[address] = (at - 61, told)

    assert pass_liar(place, liar).status_code == 303


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://10.0.0.1/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": None},
    ],
)
def test_a_provider_that_misleads_about_its_addresses_is_not_believed(
    visit: Visit, liar: HostileProvider, metadata: Claims
) -> None:
    place = visit(liar.issuer, new_accounts=True)
    liar.metadata = metadata

    assert place.browser.get("/sign-in/works").status_code == 503


@pytest.mark.parametrize(
    "metadata",
    [
        {"userinfo_endpoint": "http://10.0.0.1/userinfo"},
        {"token_endpoint_auth_methods_supported": ["private_key_jwt"]},
        {"token_endpoint_auth_methods_supported": "nonsense"},
    ],
)
def test_a_provider_with_odd_metadata_breaks_nothing(visit: Visit, liar: HostileProvider, metadata: Claims) -> None:
    place = visit(liar.issuer, new_accounts=True)
    liar.metadata = metadata

    assert pass_liar(place, liar).status_code in (303, 503)


def test_the_secret_is_in_no_page_log_or_representation(
    visit: Visit, liar: HostileProvider, caplog: pytest.LogCaptureFixture
) -> None:
    place = visit(liar.issuer)
    liar.make_token = liar.signed_by_nobody
    with caplog.at_level("DEBUG"):
        shown = pass_liar(place, liar).text
        liar.status = 500
        shown += pass_liar(place, liar).text

    assert SECRET not in shown + caplog.text + repr(place.settings) + repr(
        vars(place.app.state.parts.providers["works"])
    )


@pytest.mark.parametrize(
    "issuer", ["http://login.example.org", "ftp://127.0.0.1", "login.example.org", "https://", "http://10.1.1.1"]
)
def test_a_provider_that_anybody_on_the_way_could_pass_for_is_refused(visit: Visit, issuer: str) -> None:
    with pytest.raises(SettingsInvalid, match="https") as refused:
        visit(issuer)
    assert SECRET not in str(refused.value)
