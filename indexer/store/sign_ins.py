"""Attempts to sign in that failed, and sweeping up what has run out."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Column, delete, select
from sqlalchemy.dialects.sqlite import insert

from indexer.store.database import Transaction
from indexer.store.tables import one_time_links, sessions, sign_in_failures


def add_failure(transaction: Transaction, name: str, client: str, at: datetime) -> None:
    transaction.execute(insert(sign_in_failures).values(name=name, client=client, at=at))


def failures_of_name(transaction: Transaction, name: str, since: datetime, most: int) -> list[datetime]:
    """When the latest failed, so many at most, newest first."""
    return list(_failures(transaction, sign_in_failures.c.name, name, since, most))


def failures_of_client(transaction: Transaction, client: str, since: datetime, most: int) -> list[datetime]:
    """When the latest failed, so many at most, newest first."""
    return list(_failures(transaction, sign_in_failures.c.client, client, since, most))


def forget_failures(transaction: Transaction, name: str) -> None:
    transaction.execute(delete(sign_in_failures).where(sign_in_failures.c.name == name))


def sweep(transaction: Transaction, now: datetime, failures_before: datetime) -> None:
    """Remove old failures, and the sessions and links that have run out."""
    transaction.execute(delete(sign_in_failures).where(sign_in_failures.c.at < failures_before))
    transaction.execute(delete(sessions).where(sessions.c.expires <= now))
    transaction.execute(delete(one_time_links).where(one_time_links.c.expires <= now))


def _failures(
    transaction: Transaction, column: Column[str], value: str, since: datetime, most: int
) -> Iterable[datetime]:
    found = select(sign_in_failures.c.at).where(column == value, sign_in_failures.c.at > since)
    return transaction.execute(found.order_by(sign_in_failures.c.at.desc()).limit(most)).scalars()
