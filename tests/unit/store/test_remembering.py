from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.store import Database, Transaction, remembered
from indexer.store.facts import fact, note_fact


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "home.sqlite")
    made.migrate()
    yield made
    made.close()


def noted(transaction: Transaction, reads: list[str]) -> str | None:
    def read() -> str | None:
        reads.append("again")
        return fact(transaction, "squeal")

    return remembered(transaction, "squeal", read)


def test_what_nobody_changed_is_read_once(database: Database) -> None:
    reads: list[str] = []
    for _ in range(3):
        with database.read() as transaction:
            assert noted(transaction, reads) is None
    assert reads == ["again"]


def test_a_commit_elsewhere_is_seen_at_once(database: Database) -> None:
    with database.read() as transaction:
        assert noted(transaction, []) is None
        with database.begin() as elsewhere:
            note_fact(elsewhere, "squeal", "loud")
        assert noted(transaction, []) == "loud"


def test_a_commit_on_the_same_connection_is_seen_at_once(database: Database) -> None:
    with database.read() as transaction:
        assert noted(transaction, []) is None
        used = transaction.connection.dbapi_connection
    with database.begin() as transaction:
        assert transaction.connection.dbapi_connection is used
        note_fact(transaction, "squeal", "loud")
    with database.read() as transaction:
        assert noted(transaction, []) == "loud"


def test_what_was_taken_back_is_not_remembered(database: Database) -> None:
    with database.read() as transaction:
        assert noted(transaction, []) is None
    with database.begin() as transaction:
        note_fact(transaction, "squeal", "loud")
        assert noted(transaction, []) == "loud"
        transaction.rollback()
    with database.read() as transaction:
        assert noted(transaction, []) is None
