"""The database: tables, migrations and every SQL statement of the project. Functions take a Transaction."""

from sqlalchemy.exc import SQLAlchemyError as DatabaseFailure

from indexer.store.database import Database, Transaction, take_write_lock

__all__ = ["Database", "DatabaseFailure", "Transaction", "take_write_lock"]
