from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from indexer.domain.accounts import COMMAND_LINE, AuditAction, AuditEntry
from indexer.domain.errors import AccountInvalid, Conflict, NotFound
from indexer.domain.people import DirectoryPerson, DirectoryRecords, Person
from indexer.home import Home
from indexer.store import DatabaseFailure, audit, people
from indexer.store import accounts as records
from service.auth import accounts, open_session, sign_in_by_session
from service.auth.passwords import PasswordHash
from service.settings import ServiceSettings
from tests.fakes import settings_for


@pytest.fixture
def settings(tmp_path: Path) -> ServiceSettings:
    return settings_for(tmp_path, [])


@pytest.fixture
def home(settings: ServiceSettings) -> Iterator[Home]:
    made = Home(settings.home)
    made.prepare()
    with made.database.begin() as transaction:
        ivy = DirectoryPerson(Person("ivy", "Ivy Rao"))
        people.apply_directory(transaction, DirectoryRecords(people=(ivy,)))
    yield made
    made.close()


def trail(home: Home) -> list[AuditEntry]:
    with home.database.read() as transaction:
        return list(audit.all_entries(transaction))


def test_an_account_is_found_by_its_name_in_any_case(home: Home) -> None:
    with accounts.acting(home, COMMAND_LINE) as deed:
        made = accounts.add_account(deed, "Ivy.Rao@Example.org", person="ivy")
        found = accounts.named_account(deed.transaction, " ivy.rao@EXAMPLE.org ")

    assert found == made
    assert (found.name, found.person, found.has_password) == ("ivy.rao@example.org", "ivy", False)


@pytest.mark.parametrize("name", ["", " ", "a b", "x" * 101, "-ivy", "a\nb", "ivy\0", "<b>", "../x"])
def test_a_name_that_nobody_could_type_or_read_is_refused(home: Home, name: str) -> None:
    with accounts.acting(home, None) as deed, pytest.raises(AccountInvalid):
        accounts.add_account(deed, name)


def test_a_name_is_given_once(home: Home) -> None:
    with accounts.acting(home, None) as deed:
        accounts.add_account(deed, "ivy")
        with pytest.raises(Conflict):
            accounts.add_account(deed, "IVY")


def test_an_account_is_tied_only_to_somebody_known(home: Home) -> None:
    with accounts.acting(home, None) as deed:
        ivy = accounts.add_account(deed, "ivy")
        with pytest.raises(NotFound):
            accounts.set_person(deed, ivy, "nobody")
        assert accounts.set_person(deed, ivy, "ivy").person == "ivy"
        assert accounts.set_person(deed, ivy, None).person is None


def test_the_last_account_that_may_administer_stays(home: Home) -> None:
    with accounts.acting(home, None) as deed:
        first = accounts.add_account(deed, "first", admin=True)
        second = accounts.add_account(deed, "second", admin=True)
        second = accounts.set_disabled(deed, second, disabled=True)
        with pytest.raises(Conflict):
            accounts.set_admin(deed, first, admin=False)
        with pytest.raises(Conflict):
            accounts.set_disabled(deed, first, disabled=True)
        with pytest.raises(Conflict):
            accounts.remove_account(deed, first)

        accounts.set_disabled(deed, second, disabled=False)
        accounts.remove_account(deed, first)
        left = records.all_accounts(deed.transaction)

    assert [account.name for account in left] == ["second"]


def test_a_disabled_account_is_signed_out_everywhere_and_stays_so_when_it_is_enabled(
    home: Home, settings: ServiceSettings
) -> None:
    now = datetime.now(UTC)
    with accounts.acting(home, None) as deed:
        ivy = accounts.add_account(deed, "ivy")
        _, secret = open_session(deed.transaction, ivy.id, "a browser", now, settings.access)
    assert sign_in_by_session(home, secret, now, settings.access)

    with accounts.acting(home, None) as deed:
        accounts.set_disabled(deed, ivy, disabled=True)
    assert sign_in_by_session(home, secret, now, settings.access) is None

    with accounts.acting(home, None) as deed:
        accounts.set_disabled(deed, accounts.named_account(deed.transaction, "ivy"), disabled=False)
    assert sign_in_by_session(home, secret, now, settings.access) is None


def test_a_new_password_ends_every_session_but_the_one_it_was_set_in(home: Home, settings: ServiceSettings) -> None:
    now = datetime.now(UTC)
    with accounts.acting(home, None) as deed:
        ivy = accounts.add_account(deed, "ivy")
        kept, _ = open_session(deed.transaction, ivy.id, "here", now, settings.access)
        open_session(deed.transaction, ivy.id, "there", now, settings.access)
        accounts.set_password(deed, ivy, PasswordHash("$argon2id$made-up"), keep=kept.id)
        left = records.sessions_of(deed.transaction, ivy.id)

    assert [session.agent for session in left] == ["here"]


def test_the_trail_tells_who_did_what_to_which_account_and_names_nobody(home: Home) -> None:
    with accounts.acting(home, COMMAND_LINE) as deed:
        ivy = accounts.add_account(deed, "ivy.rao", person="ivy", admin=True)
        accounts.add_account(deed, "other", admin=True)
    with accounts.acting(home, ivy.id) as deed:
        ivy = accounts.set_admin(deed, ivy, admin=False)
        accounts.set_admin(deed, ivy, admin=False)
        secret = accounts.make_link(deed, ivy)
        accounts.remove_account(deed, ivy)

    told = trail(home)
    assert [(entry.actor, entry.action) for entry in told] == [
        ("command line", AuditAction.ACCOUNT_ADDED),
        ("command line", AuditAction.ACCOUNT_ADDED),
        (ivy.id, AuditAction.ACCOUNT_CHANGED),
        (ivy.id, AuditAction.ACCOUNT_CHANGED),
        (ivy.id, AuditAction.ACCOUNT_REMOVED),
    ]
    assert told[2].detail == {"admin": False}
    assert not [word for word in ("ivy", "Rao", secret) if word in str([entry.detail for entry in told])]


def test_what_fails_leaves_neither_a_change_nor_an_entry(home: Home) -> None:
    def add_and_fail() -> None:
        with accounts.acting(home, None) as deed:
            ivy = accounts.add_account(deed, "ivy", admin=True)
            accounts.set_admin(deed, ivy, admin=False)

    with pytest.raises(Conflict):
        add_and_fail()

    assert trail(home) == []
    with home.database.read() as transaction:
        assert records.all_accounts(transaction) == []


def test_an_error_of_the_database_does_not_tell_what_was_to_be_written(home: Home) -> None:
    def add_twice() -> None:
        with accounts.acting(home, None) as deed:
            for _ in range(2):
                records.add_link(deed.transaction, b"planted-secret", None, deed.now)

    with pytest.raises(DatabaseFailure) as caught:
        add_twice()
    assert "one_time_links" in str(caught.value)
    assert "planted" not in str(caught.value)
