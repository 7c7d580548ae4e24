"""Accounts with their sessions, tokens and one-time links. Of every secret only its SHA-256 is here."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from indexer.domain.accounts import Account, ApiToken, Scope, Session
from indexer.store.database import Transaction
from indexer.store.renames import former_ids
from indexer.store.tables import (
    accounts,
    api_tokens,
    is_current,
    logins,
    memberships,
    one_time_links,
    sessions,
    spent_attempts,
)
from indexer.store.tables import communities as communities_table


@dataclass(frozen=True, slots=True)
class Standings:
    """The communities, by slug, that a person is a member of now, and those that they are a steward of."""

    member_of: frozenset[str]
    steward_of: frozenset[str]


@dataclass(frozen=True, slots=True)
class Link:
    """A link that works once. `account` is whose password it is for; None makes the first admin."""

    account: str | None


def add_account(transaction: Transaction, account: Account, password: str | None) -> None:
    """Add an account; `password` is a hash."""
    transaction.execute(
        insert(accounts).values(
            id=account.id,
            name=account.name,
            person=account.person,
            password=password,
            admin=account.admin,
            disabled=account.disabled,
            created=account.created,
        )
    )


def change_account(transaction: Transaction, account: str, **values: Any) -> None:
    """Set columns of an account."""
    transaction.execute(update(accounts).where(accounts.c.id == account).values(**values))


def remove_account(transaction: Transaction, account: str) -> None:
    """Remove an account with its sessions, tokens, links and logins."""
    transaction.execute(delete(accounts).where(accounts.c.id == account))


def all_accounts(transaction: Transaction) -> list[Account]:
    """By name."""
    return [_account_of(row) for row in transaction.execute(select(accounts).order_by(accounts.c.name))]


def find_account(transaction: Transaction, account: str) -> Account | None:
    return _first(transaction, select(accounts).where(accounts.c.id == account))


def find_by_name(transaction: Transaction, name: str) -> Account | None:
    """The account that somebody signs in to by this name, in the one way in which names are kept."""
    return _first(transaction, select(accounts).where(accounts.c.name == name))


def find_by_login(transaction: Transaction, issuer: str, subject: str) -> Account | None:
    """The account that an identity provider knows by this subject."""
    theirs = select(logins.c.account_id).where(logins.c.issuer == issuer, logins.c.subject == subject)
    return _first(transaction, select(accounts).where(accounts.c.id.in_(theirs)))


def add_login(transaction: Transaction, issuer: str, subject: str, account: str) -> None:
    transaction.execute(insert(logins).values(issuer=issuer, subject=subject, account_id=account))


def password_of(transaction: Transaction, account: str) -> str | None:
    """The hash of an account's password."""
    return transaction.execute(select(accounts.c.password).where(accounts.c.id == account)).scalar()


def count_admins(transaction: Transaction) -> int:
    """How many accounts may administer now."""
    able = accounts.c.admin & ~accounts.c.disabled
    return int(transaction.execute(select(func.count()).select_from(accounts).where(able)).scalar_one())


def add_session(transaction: Transaction, session: Session, digest: bytes) -> None:
    transaction.execute(
        insert(sessions).values(
            id=session.id,
            digest=digest,
            account_id=session.account,
            created=session.created,
            seen=session.seen,
            expires=session.expires,
            agent=session.agent,
        )
    )


def find_session(transaction: Transaction, digest: bytes) -> Session | None:
    row = transaction.execute(select(sessions).where(sessions.c.digest == digest)).first()
    return None if row is None else _session_of(row)


def sessions_of(transaction: Transaction, account: str) -> list[Session]:
    """Latest seen first."""
    statement = select(sessions).where(sessions.c.account_id == account).order_by(sessions.c.seen.desc())
    return [_session_of(row) for row in transaction.execute(statement)]


def see_session(transaction: Transaction, session: str, seen: datetime, expires: datetime) -> None:
    """Note that a session was used, and until when it lasts now."""
    transaction.execute(update(sessions).where(sessions.c.id == session).values(seen=seen, expires=expires))


def end_sessions(transaction: Transaction, account: str, ids: Iterable[str] | None = None) -> int:
    """End sessions of an account, all of them where no ids are given; how many there were."""
    statement = delete(sessions).where(sessions.c.account_id == account)
    if ids is not None:
        statement = statement.where(sessions.c.id.in_(list(ids)))
    return transaction.execute(statement).rowcount


def add_token(transaction: Transaction, token: ApiToken, digest: bytes) -> None:
    transaction.execute(
        insert(api_tokens).values(
            id=token.id,
            digest=digest,
            account_id=token.account,
            label=token.label,
            scopes=sorted(token.scopes),
            created=token.created,
            expires=token.expires,
        )
    )


def find_token(transaction: Transaction, digest: bytes) -> ApiToken | None:
    row = transaction.execute(select(api_tokens).where(api_tokens.c.digest == digest)).first()
    return None if row is None else _token_of(row)


def tokens_of(transaction: Transaction, account: str) -> list[ApiToken]:
    """Newest first."""
    statement = select(api_tokens).where(api_tokens.c.account_id == account).order_by(api_tokens.c.created.desc())
    return [_token_of(row) for row in transaction.execute(statement)]


def remove_tokens(transaction: Transaction, account: str) -> int:
    """Remove all tokens of an account; how many there were."""
    return transaction.execute(delete(api_tokens).where(api_tokens.c.account_id == account)).rowcount


def last_seen(transaction: Transaction, account: str | None = None) -> dict[str, datetime]:
    """When accounts (or this one) last used a session or a token that they still have, by account."""
    columns = (
        (sessions.c.account_id, func.max(sessions.c.seen)),
        (api_tokens.c.account_id, func.max(api_tokens.c.used)),
    )
    found: dict[str, datetime] = {}
    for owner, latest in columns:
        statement = select(owner, latest).group_by(owner).having(latest.is_not(None))
        if account is not None:
            statement = statement.where(owner == account)
        for name, at in transaction.execute(statement):
            found[name] = max(at, found.get(name, at))
    return found


def note_token_use(transaction: Transaction, token: str, used: datetime) -> None:
    transaction.execute(update(api_tokens).where(api_tokens.c.id == token).values(used=used))


def remove_token(transaction: Transaction, account: str, token: str) -> bool:
    """Whether the account had it."""
    statement = delete(api_tokens).where(api_tokens.c.account_id == account, api_tokens.c.id == token)
    return transaction.execute(statement).rowcount > 0


def add_link(transaction: Transaction, digest: bytes, account: str | None, expires: datetime) -> None:
    """A link that works once; for the first admin it belongs to no account yet."""
    transaction.execute(insert(one_time_links).values(digest=digest, account_id=account, expires=expires))


def find_link(transaction: Transaction, digest: bytes, now: datetime) -> Link | None:
    """The link of this secret where it still works."""
    statement = select(one_time_links).where(one_time_links.c.digest == digest, one_time_links.c.expires > now)
    row = transaction.execute(statement).first()
    return None if row is None else Link(row.account_id)


def take_link(transaction: Transaction, digest: bytes, now: datetime) -> Link | None:
    """Use a link up; None where there is none of this secret that still works."""
    found = find_link(transaction, digest, now)
    transaction.execute(delete(one_time_links).where(one_time_links.c.digest == digest))
    return found


def remove_links(transaction: Transaction, account: str | None) -> None:
    """Make the earlier links of an account useless; of the first admin where that is None."""
    transaction.execute(delete(one_time_links).where(one_time_links.c.account_id == account))


def accounts_of(transaction: Transaction, person: str) -> list[Account]:
    """The accounts of a person (id), by name."""
    theirs = accounts.c.person.in_({person, *former_ids(transaction, person)})
    return [_account_of(row) for row in transaction.execute(select(accounts).where(theirs).order_by(accounts.c.name))]


def spend_attempt(transaction: Transaction, state: str, expires: int, now: int) -> bool:
    """Note that a browser came back from a sign-in elsewhere; False where it did so before. Moments are in seconds."""
    transaction.execute(delete(spent_attempts).where(spent_attempts.c.expires < now))
    statement = insert(spent_attempts).values(state=state, expires=expires)
    return transaction.execute(statement.on_conflict_do_nothing()).rowcount > 0


def standings(transaction: Transaction, person: str) -> Standings:
    """What a person (id) is a member and a steward of now."""
    statement = (
        select(communities_table.c.slug, memberships.c.role)
        .join(communities_table, communities_table.c.id == memberships.c.community_id)
        .where(memberships.c.person_id == person, is_current())
    )
    rows = transaction.execute(statement).all()
    return Standings(frozenset(row.slug for row in rows), frozenset(row.slug for row in rows if row.role == "steward"))


def _first(transaction: Transaction, statement: Select[Any]) -> Account | None:
    row = transaction.execute(statement).first()
    return None if row is None else _account_of(row)


def _account_of(row: Row[Any]) -> Account:
    return Account(row.id, row.name, row.person, row.admin, row.disabled, row.password is not None, row.created)


def _session_of(row: Row[Any]) -> Session:
    return Session(row.id, row.account_id, row.created, row.seen, row.expires, row.agent)


def _token_of(row: Row[Any]) -> ApiToken:
    scopes = frozenset(Scope(scope) for scope in row.scopes)
    return ApiToken(row.id, row.account_id, row.label, scopes, row.created, row.expires, row.used)
