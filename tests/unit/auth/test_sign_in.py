from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from indexer.domain.errors import LockedOut, SignInRefused
from indexer.home import Home
from service.auth import accounts
from service.auth.passwords import hash_password
from service.auth.sign_in import Browser, sign_in
from service.settings import ServiceSettings
from tests.fakes import settings_for

GOOD = "correct horse battery"
CHEAP = {"memory_kilobytes": 8, "passes": 1, "lanes": 1}


@pytest.fixture
def settings(tmp_path: Path) -> ServiceSettings:
    return settings_for(tmp_path, [], access={"password": CHEAP, "attempts": 3, "client_attempts": 100})


@pytest.fixture
def home(settings: ServiceSettings) -> Iterator[Home]:
    made = Home(settings.home)
    made.prepare()
    with accounts.acting(made, None) as deed:
        accounts.add_account(deed, "ivy", password=hash_password(GOOD, "ivy", settings.access.password))
    yield made
    made.close()


def outcome(home: Home, settings: ServiceSettings, name: str, password: str) -> str:
    try:
        sign_in(home, name, password, Browser("192.0.2.1", "a browser", None), settings.access)
    except (SignInRefused, LockedOut) as error:
        return type(error).__name__
    return "in"


def test_guesses_made_at_once_do_not_get_past_the_limit(home: Home, settings: ServiceSettings) -> None:
    with ThreadPoolExecutor(12) as browsers:
        found = Counter(browsers.map(lambda n: outcome(home, settings, "ivy", f"a wrong guess {n}"), range(12)))

    assert found == {"SignInRefused": 3, "LockedOut": 9}


@pytest.mark.parametrize("name", ["Ivy", " ivy ", "ｉｖｙ"])
def test_a_name_is_one_name_however_it_is_spelt(home: Home, settings: ServiceSettings, name: str) -> None:
    assert outcome(home, settings, name, GOOD) == "in"
    for _ in range(3):
        assert outcome(home, settings, name, "a wrong guess") == "SignInRefused"

    assert outcome(home, settings, "ivy", GOOD) == "LockedOut"


def test_failures_are_kept_under_nothing_that_was_typed(home: Home, settings: ServiceSettings) -> None:
    outcome(home, settings, "a password typed as a name", "x")

    with home.database.read() as transaction:
        (kept,) = transaction.exec_driver_sql("SELECT name FROM sign_in_failures").scalars()
    assert "password" not in kept
    assert len(kept) == 64
