"""Accounts as admins look after them: which there are, whose they are, and what each may do."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from indexer.domain.accounts import Account
from indexer.domain.people import Person
from indexer.store import Transaction, people
from indexer.store import accounts as records
from service.admin.desk import Desk, Listed, page_of
from service.auth import accounts
from service.auth.accounts import Deed


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account with the person it is tied to, and when it last used a session or token that it still has."""

    account: Account
    person: Person | None
    seen: datetime | None


@dataclass(frozen=True, slots=True)
class AccountChange:
    """What is to be different; None leaves it. The person (id) is set where `ties` is true, to nobody for None."""

    admin: bool | None = None
    disabled: bool | None = None
    ties: bool = False
    person: str | None = None


def list_accounts(desk: Desk, cursor: str | None = None, limit: int | None = None) -> Listed[AccountView]:
    """By name. QueryInvalid for a cursor that is not ours."""
    with desk.home.database.read() as transaction:
        found = page_of(records.all_accounts(transaction), lambda account: account.name, cursor, limit)
        seen = records.last_seen(transaction)
        known = people.find_people(transaction, [account.person for account in found.entries if account.person])
    views = [AccountView(one, known.get(one.person or ""), seen.get(one.id)) for one in found.entries]
    return Listed(views, found.next)


def show_account(desk: Desk, account: str) -> AccountView:
    """NotFound."""
    with desk.home.database.read() as transaction:
        return _view(transaction, accounts.known_account(transaction, account))


def add_account(desk: Desk, name: str, person: str | None = None, *, admin: bool = False) -> AccountView:
    """A new account, without a password yet. AccountInvalid, Conflict where the name is taken, NotFound for a person
    whom nobody knows."""
    with accounts.acting(desk.home, desk.home.actor) as deed:
        return _view(deed.transaction, accounts.add_account(deed, name, person=person, admin=admin))


def change_account(desk: Desk, account: str, change: AccountChange) -> AccountView:
    """Change what is given, all of it or nothing. NotFound; Conflict where nobody could administer any more."""
    with _deed_on(desk, account) as (deed, changed):
        return _view(deed.transaction, _changed(deed, changed, change))


def make_link(desk: Desk, account: str) -> str:
    """The secret of a link with which its owner chooses a password, shown this once. NotFound; Conflict for a disabled
    account."""
    with _deed_on(desk, account) as (deed, found):
        return accounts.make_link(deed, found)


def end_access(desk: Desk, account: str) -> None:
    """Sign an account out everywhere, and take back its tokens. NotFound."""
    with _deed_on(desk, account) as (deed, found):
        accounts.end_access(deed, found)


def remove_account(desk: Desk, account: str) -> None:
    """NotFound; Conflict for the last admin."""
    with _deed_on(desk, account) as (deed, found):
        accounts.remove_account(deed, found)


@contextmanager
def _deed_on(desk: Desk, account: str) -> Iterator[tuple[Deed, Account]]:
    with accounts.acting(desk.home, desk.home.actor) as deed:
        yield deed, accounts.known_account(deed.transaction, account)


def _changed(deed: Deed, account: Account, change: AccountChange) -> Account:
    if change.ties:
        account = accounts.set_person(deed, account, change.person)
    if change.admin is not None:
        account = accounts.set_admin(deed, account, change.admin)
    if change.disabled is not None:
        account = accounts.set_disabled(deed, account, change.disabled)
    return account


def _view(transaction: Transaction, account: Account) -> AccountView:
    person = people.find_person(transaction, account.person) if account.person else None
    return AccountView(account, person, records.last_seen(transaction, account.id).get(account.id))
