"""Signing in with a password, and out again, within limits on guessing.

An attempt counts as failed before the password is looked at, so that no number of them at once gets past a limit; the
one that succeeds takes its account's failures back.
"""

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil

from indexer.domain.accounts import Account, AuditAction
from indexer.domain.errors import LockedOut, NotFound, SignInRefused
from indexer.home import Home, home_secret
from indexer.store import Transaction, sign_ins, take_write_lock
from indexer.store import accounts as records
from service.auth.accounts import Deed, acting, plain_name, set_password
from service.auth.clients import counted_as
from service.auth.credentials import SignIn, digest_of, open_session
from service.auth.passwords import hash_password, is_outdated, is_password, rehash
from service.settings import AccessSettings

REFUSED = "that did not fit: the name or the password is wrong, or the account is disabled"


@dataclass(frozen=True, slots=True)
class Browser:
    """What signs somebody in: its address, what it calls itself, and the secret of the session that it has had."""

    client: str
    agent: str
    secret: str | None


def sign_in(home: Home, name: str, password: str, browser: Browser, settings: AccessSettings) -> str:
    """Sign in by name and password; the secret of the new session. SignInRefused whatever was wrong, LockedOut after
    too many failures, whether there is such an account or not."""
    with _proven(home, name, password, browser.client, settings) as (deed, account):
        return start_session(deed, account, browser, settings, "password")


def start_session(deed: Deed, account: Account, browser: Browser, settings: AccessSettings, by: str) -> str:
    """Sign an account in that has proved itself (`by` says with what); the secret of its new session. The session that
    the browser had before ends. SignInRefused where the account may not sign in any more."""
    present = records.find_account(deed.transaction, account.id)
    if present is None or present.disabled:
        raise SignInRefused(REFUSED)
    former = records.find_session(deed.transaction, digest_of(browser.secret)) if browser.secret else None
    if former is not None:
        records.end_sessions(deed.transaction, former.account, [former.id])
    session, secret = open_session(deed.transaction, account.id, browser.agent, deed.now, settings)
    deed.note(AuditAction.SIGN_IN, account.id, by=by, session=session.id)
    return secret


def sign_out(home: Home, who: SignIn) -> None:
    """End the session that somebody is signed in with."""
    if who.session is None:
        return
    with acting(home, who.account.id) as deed:
        records.end_sessions(deed.transaction, who.account.id, [who.session.id])
        deed.note(AuditAction.SIGN_OUT, who.account.id, session=who.session.id)


def end_session(home: Home, who: SignIn, session: str) -> None:
    """End a session (its id) of the account, wherever it is. NotFound where it has none like that."""
    with acting(home, who.account.id) as deed:
        if not records.end_sessions(deed.transaction, who.account.id, [session]):
            raise NotFound("you have no such session any more")
        deed.note(AuditAction.SESSION_ENDED, who.account.id, session=session)


def change_password(home: Home, who: SignIn, present: str, chosen: str, client: str, settings: AccessSettings) -> None:
    """Change the password of whoever is signed in and knows the present one; all other sessions end. SignInRefused,
    LockedOut, AccountInvalid for a password that is too easily guessed."""
    hashed = hash_password(chosen, who.account.name, settings.password)
    with _proven(home, who.account.name, present, client, settings) as (deed, account):
        set_password(deed, account, hashed, keep=who.session.id if who.session else None)


@contextmanager
def _proven(
    home: Home, name: str, password: str, client: str, settings: AccessSettings
) -> Iterator[tuple[Deed, Account]]:
    """A deed of the account of this name, where it may sign in and has this password. SignInRefused, LockedOut."""
    name = plain_name(name)
    key = _Key(home, name, client)
    _count_attempt(home, key, settings)
    with home.database.read() as transaction:
        account = records.find_by_name(transaction, name)
        hashed = records.password_of(transaction, account.id) if account else None
    right = is_password(password, hashed, settings.password)
    if account is None or account.disabled or hashed is None or not right:
        _note_failure(home, key, account, settings)
        raise SignInRefused(REFUSED)
    better = rehash(password, settings.password) if is_outdated(hashed, settings.password) else None
    with acting(home, account.id) as deed:
        # Looking at the password took a while, in which it may have been changed.
        if records.password_of(deed.transaction, account.id) != hashed:
            raise SignInRefused(REFUSED)
        sign_ins.forget_failures(deed.transaction, key.name)
        if better:
            records.change_account(deed.transaction, account.id, password=better)
        yield deed, account


class _Key:
    """What failures are kept under. Names are hashed: people type their password there by mistake."""

    def __init__(self, home: Home, name: str, client: str) -> None:
        secret = home_secret(home.folder)
        told = name.encode("utf-8", "surrogatepass")
        self.name = hmac.new(secret, b"sign-in\0" + told, hashlib.sha256).hexdigest()
        self.client = counted_as(client)


def _count_attempt(home: Home, key: _Key, settings: AccessSettings) -> None:
    now = datetime.now(UTC)
    with home.database.begin() as transaction:
        take_write_lock(transaction)
        wait = _seconds_left(transaction, key, now, settings)
        if wait is None:
            sign_ins.sweep(transaction, now, now - _span(settings))
            sign_ins.add_failure(transaction, key.name, key.client, now)
    if wait is not None:
        raise LockedOut(wait)


def _seconds_left(transaction: Transaction, key: _Key, now: datetime, settings: AccessSettings) -> int | None:
    """How long a name or a client is still locked out; None where neither is."""
    since = now - _span(settings)
    of_name = sign_ins.failures_of_name(transaction, key.name, since, settings.attempts)
    of_client = sign_ins.failures_of_client(transaction, key.client, since, settings.client_attempts)
    limits = ((of_name, settings.attempts), (of_client, settings.client_attempts))
    ends = [failures[-1] + _span(settings) for failures, most in limits if len(failures) >= most]
    return max(1, ceil((max(ends) - now).total_seconds())) if ends else None


def _note_failure(home: Home, key: _Key, account: Account | None, settings: AccessSettings) -> None:
    with acting(home, None) as deed:
        subject = account.id if account else None
        deed.note(AuditAction.SIGN_IN_FAILED, subject)
        if _seconds_left(deed.transaction, key, deed.now, settings) is not None:
            deed.note(AuditAction.LOCKED_OUT, subject)


def _span(settings: AccessSettings) -> timedelta:
    return timedelta(minutes=settings.attempt_minutes)
