from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

from indexer import store
from indexer.domain.feedback import Judgement, Target, TargetKind
from indexer.store import Database, documents, feedback
from indexer.store.tables import metadata

NOW = datetime(2025, 3, 2, 10, tzinfo=UTC)
FIRST_DATA = (
    "INSERT INTO audiences VALUES (1, 'public', '')",
    "INSERT INTO communities VALUES (1, 'brakes', 'Brakes', NULL, 'public', 1)",
    "INSERT INTO items VALUES (1, 'lib', 'a.md', 'r', 'd', 'ok', NULL, '2025-01-01 00:00:00.000000', 0)",
    "INSERT INTO documents VALUES "
    "(1, 'd1', 1, 'lib', 'a.md', 'Squeal', 'document', 1, 1, NULL, NULL, NULL, NULL, NULL)",
    "INSERT INTO passages VALUES (1, 1, 0, 'Brakes squeal.', NULL, NULL, NULL, 1, x'00')",
    "INSERT INTO people VALUES ('ada', 'Ada', NULL, NULL, '[]', NULL, 1, 0)",
)


def test_migrations_make_exactly_the_tables_of_the_code(tmp_path: Path) -> None:
    database = Database(tmp_path / "home.sqlite")
    database.migrate()
    with database.begin() as transaction:
        differences = compare_metadata(MigrationContext.configure(transaction), metadata)
    database.close()
    assert differences == []


def test_a_database_of_the_first_schema_keeps_its_data(tmp_path: Path) -> None:
    database = Database(tmp_path / "home.sqlite")
    with database.engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(store.__file__).with_name("migrations")))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for statement in FIRST_DATA:
            connection.exec_driver_sql(statement)
    database.migrate()
    assert database.check() == []
    with database.begin() as transaction:
        (found,) = documents.list_documents(transaction, [1], limit=9)
        assert (found.title, found.community) == ("Squeal", "brakes")
        given = Judgement("j", "v", "why", ("why",), Target(TargetKind.DOCUMENT, found.public_id), True, NOW)
        assert feedback.save_judgement(transaction, given) == given
        assert [told.useful for told in feedback.opinions_on(transaction, [found.id])] == [1]
    database.close()


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
