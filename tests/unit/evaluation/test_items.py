"""What names mean, over a real database."""

from collections.abc import Iterator

import pytest

from indexer.domain.errors import EvaluationInvalid
from indexer.domain.ids import document_id, person_id
from indexer.home import Home
from indexer.store import Transaction
from service.auth import ANONYMOUS, ReadableAudiences, readable_audiences
from service.evaluation import RankedItem, Run
from service.evaluation.items import are_passages, find_documents, find_people, spell_run
from tests.fakes import index_home, settings_for

ONE = document_id("library", "one note.md")
TWO = document_id("library", "a/b#2")


@pytest.fixture(scope="module")
def transaction(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Transaction]:
    folder = tmp_path_factory.mktemp("items")
    (folder / "rows.jsonl").write_text(
        '{"id": "one note.md", "text": "Doors squeak.", "by": "ada@example.org", "who": "public"}\n'
        '{"id": "a/b#2", "text": "Doors jam.", "by": "bo@example.org", "who": "public"}\n'
        '{"id": "hidden", "text": "Doors fall off.", "by": "bo@example.org", "who": "members"}\n'
    )
    people = "people: [{id: ada, name: Ada, addresses: [ada@example.org], handles: {chat: adam}}]\n"
    (folder / "directory.yaml").write_text(people)
    fields = {"audience": "who", "authors": "by"}
    table = {"name": "library", "kind": "table", "path": "rows.jsonl", "id": "id", "text": ["text"], "fields": fields}
    directory = {"name": "people", "kind": "directory", "path": "directory.yaml"}
    made = settings_for(folder, [directory, table])
    index_home(made)
    home = Home(made.home)
    with home.database.read() as reading:
        yield reading
    home.close()


@pytest.fixture(scope="module")
def readable(transaction: Transaction) -> ReadableAudiences:
    return readable_audiences(transaction, ANONYMOUS)


def test_a_document_is_named_by_its_id_or_its_source_and_uri(
    transaction: Transaction, readable: ReadableAudiences
) -> None:
    names = [ONE, "library/one note.md", "library/a/b#2", "library/gone", "nothing"]
    assert find_documents(transaction, names, readable) == {
        ONE: ONE,
        "library/one note.md": ONE,
        "library/a/b#2": TWO,
    }


def test_a_passage_is_named_by_its_ordinal_and_must_exist(
    transaction: Transaction, readable: ReadableAudiences
) -> None:
    names = ["library/one note.md#1", f"{ONE}#1", "library/a/b#2#1", "library/one note.md#2", f"{ONE}#x"]
    assert find_documents(transaction, names, readable) == {
        "library/one note.md#1": f"{ONE}#1",
        f"{ONE}#1": f"{ONE}#1",
        "library/a/b#2#1": f"{TWO}#1",
    }


def test_what_may_not_be_read_is_unknown(transaction: Transaction, readable: ReadableAudiences) -> None:
    assert find_documents(transaction, ["library/hidden", document_id("library", "hidden")], readable) == {}


def test_a_person_is_named_by_id_address_or_handle(transaction: Transaction) -> None:
    bo = person_id("address:bo@example.org")
    names = ["ada", "Ada@Example.org", "chat:@adam", "bo@example.org", bo, "chat:nobody", "x@example.org"]
    assert find_people(transaction, names) == {
        "ada": "ada",
        "Ada@Example.org": "ada",
        "chat:@adam": "ada",
        "bo@example.org": bo,
        bo: bo,
    }


def test_documents_and_passages_are_not_mixed() -> None:
    assert are_passages(["a#1", "b#2"])
    assert not are_passages(["a", "b"])
    assert not are_passages([])
    with pytest.raises(EvaluationInvalid, match="1 documents and 2 passages"):
        are_passages(["a#1", "b", "c#1"])


def test_a_run_speaks_as_the_qrels_do_but_without_spaces(transaction: Transaction, readable: ReadableAudiences) -> None:
    run = Run("g", {"1": (RankedItem(ONE, 2.0), RankedItem(TWO, 1.0))})

    def spelled(keys: dict[str, str]) -> list[str]:
        return [entry.item for entry in spell_run(transaction, run, keys, readable).rankings["1"]]

    assert spelled({ONE: ONE}) == [ONE, TWO]
    assert spelled({"library/one note.md": ONE}) == [ONE, "library/a/b#2"]
