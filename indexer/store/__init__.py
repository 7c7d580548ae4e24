"""The database: tables, migrations and every SQL statement of the project. Functions take a Transaction."""

from sqlalchemy.exc import SQLAlchemyError as DatabaseFailure

from indexer.store.database import CACHE_KILOBYTES, Database, Transaction, take_write_lock
from indexer.store.remembering import remembered

__all__ = ["CACHE_KILOBYTES", "Database", "DatabaseFailure", "Transaction", "remembered", "take_write_lock"]
