from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from indexer.store import Database
from indexer.store.tables import metadata


def test_migrations_make_exactly_the_tables_of_the_code(tmp_path: Path) -> None:
    database = Database(tmp_path / "home.sqlite")
    database.migrate()
    with database.begin() as transaction:
        differences = compare_metadata(MigrationContext.configure(transaction), metadata)
    database.close()
    assert differences == []


def test_a_new_database_is_whole_and_migrating_again_changes_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path / "home.sqlite")
    assert "does not exist" in database.check()[0]
    database.migrate()
    database.migrate()
    assert database.check() == []
    database.close()


def test_a_file_that_is_no_database_is_a_problem_with_advice(tmp_path: Path) -> None:
    file = tmp_path / "home.sqlite"
    file.write_bytes(b"not a database at all, but long enough to look like a page" * 100)
    database = Database(file)
    assert "restore a backup" in database.check()[0]
    database.close()
