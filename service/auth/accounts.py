"""What is done to accounts, each with its entry in the audit trail: added, changed, disabled, removed, and the links
with which people choose a password."""

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from indexer.domain.accounts import Account, AuditAction
from indexer.domain.errors import AccountInvalid, Conflict, NotFound
from indexer.home import Home
from indexer.store import Transaction, audit, people, take_write_lock
from indexer.store import accounts as records
from service.auth.credentials import digest_of, new_id, new_secret
from service.auth.passwords import PasswordHash
from service.auth.pseudonyms import subject_of

LINK_LASTS = timedelta(hours=24)
LONGEST_NAME = 100
NAME = re.compile(r"[^\W_][\w.@+-]*")

LINK_SPENT = "this link was used already or has run out: ask whoever looks after the accounts here for a new one"
LAST_ADMIN = "this is the last account that may administer: make another one an admin first"


@dataclass(frozen=True, slots=True)
class Deed:
    """Something done to accounts: in which transaction, when, and by whom (as the audit trail calls them)."""

    home: Home
    transaction: Transaction
    now: datetime
    actor: str | None

    def note(self, action: AuditAction, account: str | None, **detail: Any) -> None:
        audit.add_entry(self.transaction, self.now, self.actor, action, account, detail)


@contextmanager
def acting(home: Home, actor: str | None) -> Iterator[Deed]:
    """A deed of an account (its id), the command line, or nobody in particular (None): done as a whole or not at all,
    and nobody else writes meanwhile, so that what it looks at stays."""
    with home.database.begin() as transaction:
        take_write_lock(transaction)
        yield Deed(home, transaction, datetime.now(UTC), actor)


def account_name(text: str) -> str:
    """A name as accounts bear it: in small letters. AccountInvalid for one that cannot be."""
    name = plain_name(text)
    if len(name) > LONGEST_NAME or not NAME.fullmatch(name):
        raise AccountInvalid(
            f"an account's name begins with a letter or digit and has at most {LONGEST_NAME} letters, digits and . @ + "
            "- _, without spaces"
        )
    return name


def plain_name(text: str) -> str:
    """What somebody typed as the name of an account, in the one way in which names are kept and compared."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).strip()


def named_account(transaction: Transaction, name: str) -> Account:
    """NotFound where there is none of this name."""
    found = records.find_by_name(transaction, plain_name(name))
    if found is None:
        raise NotFound(f"there is no account “{name[:LONGEST_NAME]}”: `knowwho account list` shows those there are")
    return found


def known_account(transaction: Transaction, account: str) -> Account:
    """The account of this id. NotFound."""
    found = records.find_account(transaction, account)
    if found is None:
        raise NotFound("there is no such account any more")
    return found


def add_account(
    deed: Deed, name: str, *, person: str | None = None, admin: bool = False, password: PasswordHash | None = None
) -> Account:
    """A new account. AccountInvalid for a name that cannot be, Conflict where it is taken, NotFound for a person (id)
    whom nobody knows."""
    name = account_name(name)
    if records.find_by_name(deed.transaction, name) is not None:
        raise Conflict(f"there is an account “{name}” already: choose another name")
    known = _known_person(deed.transaction, person)
    account = Account(new_id(), name, known, admin, False, password is not None, deed.now)
    records.add_account(deed.transaction, account, password)
    deed.note(AuditAction.ACCOUNT_ADDED, account.id, admin=admin, person=_pseudonym(deed, known))
    return account


def set_password(deed: Deed, account: Account, password: PasswordHash, keep: str | None = None) -> None:
    """Give an account another password. Its sessions end, but for the one (id) to keep, and links for choosing a
    password are worth nothing any more."""
    records.change_account(deed.transaction, account.id, password=password)
    records.remove_links(deed.transaction, account.id)
    others = [session.id for session in records.sessions_of(deed.transaction, account.id) if session.id != keep]
    ended = records.end_sessions(deed.transaction, account.id, others)
    deed.note(AuditAction.PASSWORD_SET, account.id, sessions_ended=ended)


def set_disabled(deed: Deed, account: Account, disabled: bool) -> Account:
    """Keep an account from signing in, at once and everywhere, or let it again: anew, since its sessions, tokens and
    links are gone. Conflict for the last admin."""
    if disabled:
        _expect_other_admin(deed.transaction, account)
        records.end_sessions(deed.transaction, account.id)
        records.remove_tokens(deed.transaction, account.id)
        records.remove_links(deed.transaction, account.id)
    return _change(deed, account, disabled=disabled)


def set_admin(deed: Deed, account: Account, admin: bool) -> Account:
    """Conflict where that would leave nobody who may administer."""
    if not admin:
        _expect_other_admin(deed.transaction, account)
    return _change(deed, account, admin=admin)


def set_person(deed: Deed, account: Account, person: str | None) -> Account:
    """Say which person (id) uses an account: it reads what they may read. NotFound where nobody has that id."""
    known = _known_person(deed.transaction, person)
    if known == account.person:
        return account
    records.change_account(deed.transaction, account.id, person=known)
    deed.note(AuditAction.ACCOUNT_CHANGED, account.id, person=_pseudonym(deed, known))
    return replace(account, person=known)


def remove_account(deed: Deed, account: Account) -> None:
    """Remove an account with its sessions, tokens and links. Conflict for the last admin."""
    _expect_other_admin(deed.transaction, account)
    records.remove_account(deed.transaction, account.id)
    deed.note(AuditAction.ACCOUNT_REMOVED, account.id)


def end_access(deed: Deed, account: Account) -> None:
    """Sign an account out everywhere, and take back its tokens."""
    ended = records.end_sessions(deed.transaction, account.id)
    removed = records.remove_tokens(deed.transaction, account.id)
    deed.note(AuditAction.SESSION_ENDED, account.id, sessions=ended, tokens=removed)


def make_link(deed: Deed, account: Account) -> str:
    """The secret of a link for choosing a password: it works once, for a day, and makes earlier links useless.
    Conflict for a disabled account."""
    if account.disabled:
        raise Conflict(f"the account “{account.name}” is disabled: enable it first")
    records.remove_links(deed.transaction, account.id)
    secret = new_secret()
    records.add_link(deed.transaction, digest_of(secret), account.id, deed.now + LINK_LASTS)
    deed.note(AuditAction.ACCOUNT_CHANGED, account.id, link="made")
    return secret


def may_nobody_administer(transaction: Transaction) -> bool:
    """Whether there is no account yet that may administer."""
    return records.count_admins(transaction) == 0


def _change(deed: Deed, account: Account, **values: Any) -> Account:
    changed = replace(account, **values)
    if changed != account:
        records.change_account(deed.transaction, account.id, **values)
        deed.note(AuditAction.ACCOUNT_CHANGED, account.id, **values)
    return changed


def _expect_other_admin(transaction: Transaction, account: Account) -> None:
    if account.admin and not account.disabled and records.count_admins(transaction) == 1:
        raise Conflict(LAST_ADMIN)


def _known_person(transaction: Transaction, person: str | None) -> str | None:
    if person is None:
        return None
    found = people.find_person(transaction, person)
    if found is None:
        raise NotFound(f"nobody has the id “{person[:LONGEST_NAME]}”: the page of a person has theirs in its address")
    return found.id


def _pseudonym(deed: Deed, person: str | None) -> str | None:
    return subject_of(deed.home, person) if person else None
