"""What derived data was last computed with, by name."""

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert

from indexer.store.database import Transaction
from indexer.store.tables import facts


def fact(transaction: Transaction, name: str) -> str | None:
    """The value noted under the name."""
    return transaction.execute(select(facts.c.value).where(facts.c.name == name)).scalar()


def note_fact(transaction: Transaction, name: str, value: str) -> None:
    """Note a value in place of the one before."""
    statement = insert(facts).values(name=name, value=value)
    transaction.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": value}))
