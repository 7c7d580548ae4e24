"""However much a page of results holds, the database is asked the same few questions for it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import event

from indexer.store.facts import note_fact

AT_MOST = 26  # for whoever has not signed in, with nothing remembered


@contextmanager
def counted(app: FastAPI) -> Iterator[list[str]]:
    statements: list[str] = []

    def count(*told: Any) -> None:
        statements.append(told[2])

    engine = app.state.parts.home.database.engine
    event.listen(engine, "before_cursor_execute", count)
    yield statements
    event.remove(engine, "before_cursor_execute", count)


def ask(app: FastAPI, question: str, limit: int) -> tuple[dict[str, Any], list[str]]:
    with TestClient(app) as client:
        client.get("/api/v1/search", params={"q": question})
        with app.state.parts.home.database.begin() as transaction:
            note_fact(transaction, "said", question)  # nothing is remembered beyond a commit
        with counted(app) as statements:
            found = client.get("/api/v1/search", params={"q": question, "limit": limit}).json()
    return found, statements


def test_a_page_takes_as_many_statements_whatever_it_holds(make_app: Callable[[], FastAPI]) -> None:
    took = {}
    for limit in (1, 3, 10):
        found, took[limit] = ask(make_app(), "brakes squeal", limit)
        assert len(found["passages"]) == min(limit, found["total"])
    assert found["total"] > 3
    assert len({len(statements) for statements in took.values()}) == 1
    assert len(took[10]) <= AT_MOST


def test_a_question_about_one_person_takes_no_fewer_than_one_about_several(make_app: Callable[[], FastAPI]) -> None:
    several, took = ask(make_app(), "brakes squeal", 10)
    one, as_many = ask(make_app(), "DCU-F209", 10)
    assert len(several["people"]) > len(one["people"]) > 0 or len(several["passages"]) > len(one["passages"])
    assert len(took) == len(as_many)


def test_who_asks_again_is_not_looked_up_again(make_app: Callable[[], FastAPI]) -> None:
    with TestClient(make_app()) as client:
        app: Any = client.app
        client.get("/api/v1/search", params={"q": "brakes squeal"})
        with counted(app) as statements:
            client.get("/api/v1/search", params={"q": "brakes squeal"})
    assert not [told for told in statements if "FROM audiences" in told or "feedback" in told]
