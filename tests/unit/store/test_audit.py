from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, text, update
from sqlalchemy.exc import IntegrityError

from indexer.domain.accounts import COMMAND_LINE, AuditAction, AuditEntry
from indexer.home import Home
from indexer.store import Transaction, audit
from indexer.store.tables import audit_entries

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path)
    made.prepare()
    with made.database.begin() as transaction:
        for number, actor in enumerate(("a", "b", COMMAND_LINE), 1):
            at = NOON + timedelta(minutes=number)
            audit.add_entry(transaction, at, actor, AuditAction.JOB_ASKED, f"job-{number}", {"kind": "reindex"})
    yield made
    made.close()


def numbers(entries: list[AuditEntry]) -> list[int]:
    return [entry.number for entry in entries]


def without_triggers(transaction: Transaction) -> None:
    """What somebody can do who has the file and an editor for it."""
    for event in ("INSERT", "UPDATE", "DELETE"):
        transaction.execute(text(f"DROP TRIGGER audit_entries_{event}"))


def test_entries_are_told_newest_first_and_exported_oldest_first(home: Home) -> None:
    with home.database.read() as transaction:
        assert numbers(audit.entries(transaction, limit=2)) == [3, 2]
        assert numbers(audit.entries(transaction, before=2, limit=2)) == [1]
        assert numbers(audit.entries(transaction, account="b", limit=9)) == [2]
        assert numbers(audit.entries(transaction, account="job-3", limit=9)) == [3]
        assert numbers(audit.entries(transaction, action=AuditAction.ERASED, limit=9)) == []
        assert numbers(audit.entries_after(transaction, 1, 9)) == [2, 3]
        assert audit.broken_at(transaction) is None


def test_the_database_refuses_to_change_an_entry(home: Home) -> None:
    with pytest.raises(IntegrityError, match="only ever added to"), home.database.begin() as transaction:
        transaction.execute(update(audit_entries).values(actor="somebody else"))


@pytest.mark.parametrize("statement", ["DELETE FROM audit_entries", "DELETE FROM audit_entries WHERE number = 3"])
def test_the_database_refuses_to_remove_an_entry(home: Home, statement: str) -> None:
    with pytest.raises(IntegrityError, match="only ever added to"), home.database.begin() as transaction:
        transaction.execute(text(statement))

    with home.database.read() as transaction:
        assert numbers(audit.entries(transaction, limit=9)) == [3, 2, 1]


def test_the_database_refuses_to_replace_an_entry(home: Home) -> None:
    columns = "number, at, 'somebody else', action, subject, detail, digest"
    with pytest.raises(IntegrityError, match="only ever added to"), home.database.begin() as transaction:
        transaction.execute(text(f"REPLACE INTO audit_entries SELECT {columns} FROM audit_entries WHERE number = 2"))


def test_a_file_in_which_an_entry_was_changed_by_hand_is_noticed(home: Home) -> None:
    with home.database.begin() as transaction:
        without_triggers(transaction)
        transaction.execute(update(audit_entries).where(audit_entries.c.number == 2).values(actor="somebody else"))

    with home.database.read() as transaction:
        assert audit.broken_at(transaction) == 2


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_file_from_which_an_entry_was_taken_by_hand_is_noticed(home: Home, number: int) -> None:
    with home.database.begin() as transaction:
        without_triggers(transaction)
        transaction.execute(delete(audit_entries).where(audit_entries.c.number == number))

    with home.database.read() as transaction:
        assert audit.broken_at(transaction) == number


def test_a_file_into_which_an_entry_was_put_by_hand_is_noticed(home: Home) -> None:
    with home.database.begin() as transaction:
        transaction.execute(
            insert(audit_entries).values(
                number=4, at=NOON, actor="a", action=AuditAction.SIGN_IN, subject=None, detail={}, digest=b"\0" * 32
            )
        )

    with home.database.read() as transaction:
        assert audit.broken_at(transaction) == 4


def test_what_knowwho_does_by_itself_leaves_no_entry(home: Home) -> None:
    with home.database.begin() as transaction:
        home.tell(transaction, AuditAction.JOB_ASKED, "scheduled")
        home.acting_as("a").tell(transaction, AuditAction.JOB_ASKED, "wanted")

    with home.database.read() as transaction:
        assert [entry.subject for entry in audit.entries(transaction, limit=1)] == ["wanted"]
        assert numbers(audit.entries(transaction, limit=9)) == [4, 3, 2, 1]


def test_an_entry_goes_with_the_transaction_that_did_not_happen(home: Home) -> None:
    with suppress(RuntimeError), home.database.begin() as transaction:
        home.acting_as("a").tell(transaction, AuditAction.JOB_ASKED, "never")
        raise RuntimeError

    with home.database.read() as transaction:
        assert numbers(audit.entries(transaction, limit=9)) == [3, 2, 1]
        assert audit.broken_at(transaction) is None
