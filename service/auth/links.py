"""Links that work once: for the first admin, and for choosing a password."""

from datetime import UTC, datetime

from indexer.domain.accounts import Account
from indexer.domain.errors import NotFound
from indexer.home import Home
from indexer.store import accounts as records
from service.auth.accounts import (
    LINK_LASTS,
    LINK_SPENT,
    account_name,
    acting,
    add_account,
    end_access,
    may_nobody_administer,
    set_password,
)
from service.auth.credentials import digest_of, new_secret
from service.auth.passwords import hash_password
from service.auth.sign_in import Browser, start_session
from service.settings import AccessSettings


def first_admin_secret(home: Home) -> str | None:
    """The secret of a link with which somebody becomes the first admin, for a day; earlier ones are worth nothing any
    more. None where somebody may administer already."""
    with home.database.read() as transaction:  # a home that can only be read is served, too
        if not may_nobody_administer(transaction):
            return None
    with acting(home, None) as deed:
        records.remove_links(deed.transaction, None)
        secret = new_secret()
        records.add_link(deed.transaction, digest_of(secret), None, deed.now + LINK_LASTS)
        return secret


def expect_first_admin_link(home: Home, secret: str) -> None:
    """NotFound where a link for the first admin does not work any more."""
    with home.database.read() as transaction:
        link = records.find_link(transaction, digest_of(secret), datetime.now(UTC))
        if link is None or link.account is not None or not may_nobody_administer(transaction):
            raise NotFound(LINK_SPENT)


def make_first_admin(
    home: Home, secret: str, name: str, password: str, browser: Browser, settings: AccessSettings
) -> str:
    """Make the first admin and sign them in; the secret of their session. NotFound for a link that does not work any
    more, AccountInvalid, Conflict for a name that is taken: then the link goes on working."""
    expect_first_admin_link(home, secret)
    name = account_name(name)
    hashed = hash_password(password, name, settings.password)
    with acting(home, None) as deed:
        link = records.take_link(deed.transaction, digest_of(secret), deed.now)
        if link is None or link.account is not None or not may_nobody_administer(deed.transaction):
            raise NotFound(LINK_SPENT)
        account = add_account(deed, name, admin=True, password=hashed)
        return start_session(deed, account, browser, settings, "link")


def account_of_link(home: Home, secret: str) -> Account:
    """Whose password a link is for. NotFound where it does not work any more."""
    with home.database.read() as transaction:
        link = records.find_link(transaction, digest_of(secret), datetime.now(UTC))
        account = records.find_account(transaction, link.account) if link and link.account else None
    if account is None or account.disabled:
        raise NotFound(LINK_SPENT)
    return account


def choose_password(home: Home, secret: str, password: str, browser: Browser, settings: AccessSettings) -> str:
    """Set the password that a link is for and sign its account in; the secret of the session. Everywhere else it is
    signed out, and its tokens are taken back: whoever needs a link may have lost the account to somebody. NotFound for
    a link that does not work any more, AccountInvalid: then the link goes on working."""
    account = account_of_link(home, secret)
    hashed = hash_password(password, account.name, settings.password)
    with acting(home, account.id) as deed:
        link = records.take_link(deed.transaction, digest_of(secret), deed.now)
        if link is None or link.account != account.id:
            raise NotFound(LINK_SPENT)
        end_access(deed, account)
        set_password(deed, account, hashed)
        return start_session(deed, account, browser, settings, "link")
