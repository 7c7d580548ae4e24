from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from indexer.domain.feedback import Judgement, Target, TargetKind
from indexer.home import Home
from indexer.notation import handle_identity
from indexer.store import Transaction, documents, feedback, identities
from service.settings import ServiceSettings
from tests.fakes import index_home, settings_for, write_thread

NOW = datetime(2025, 3, 2, 10, tzinfo=UTC)
CHAT = {"name": "chat", "kind": "threads", "path": "chat.jsonl"}


@pytest.fixture
def settings(tmp_path: Path) -> ServiceSettings:
    (tmp_path / "chat.jsonl").write_text(
        write_thread("a", "A", ("ivy", "How?"), ("minl", "Thus.")) + write_thread("b", "B", ("rui", "Why?"))
    )
    made = settings_for(tmp_path, [CHAT])
    index_home(made)
    return made


@contextmanager
def writing(settings: ServiceSettings) -> Iterator[Transaction]:
    home = Home(settings.home)
    with home.database.begin() as transaction:
        yield transaction
    home.close()


def document(transaction: Transaction, title: str) -> tuple[int, Target]:
    listed = documents.list_documents(transaction, documents.all_audiences(transaction), limit=9)
    found = next(entry for entry in listed if entry.title == title)
    return found.id, Target(TargetKind.DOCUMENT, found.public_id)


def person(transaction: Transaction, handle: str) -> Target:
    identity = handle_identity("chat", handle)
    return Target(TargetKind.PERSON, identities.people_behind(transaction, [identity])[identity])


def judge(
    transaction: Transaction, target: Target, voter: str = "v", useful: bool = True, query: str = "why", day: int = 0
) -> Judgement:
    given = Judgement(f"{voter}-{query}-{day}", voter, query, (query,), target, useful, NOW + timedelta(days=day))
    return feedback.save_judgement(transaction, given)


def test_the_latest_judgement_of_a_voter_takes_the_place_of_the_earlier(settings: ServiceSettings) -> None:
    with writing(settings) as transaction:
        _, target = document(transaction, "A")
        first = judge(transaction, target)
        second = judge(transaction, target, useful=False, day=1)
        assert (second.id, second.useful) == (first.id, False)
        assert feedback.judgements_on_query(transaction, ("why",)) == [second]
        assert feedback.judgements_on_query(transaction, ("how",)) == []


def test_a_removed_judgement_is_gone_and_removing_it_again_tells(settings: ServiceSettings) -> None:
    with writing(settings) as transaction:
        saved = judge(transaction, document(transaction, "A")[1])
        assert feedback.remove_judgement(transaction, saved.id) == saved
        assert feedback.remove_judgement(transaction, saved.id) is None
        assert feedback.all_judgements(transaction) == []


def test_opinions_count_the_judgements_on_documents_and_on_their_people_latest_first(
    settings: ServiceSettings,
) -> None:
    with writing(settings) as transaction:
        row, target = document(transaction, "A")
        for voter, useful in (("v", True), ("w", True), ("x", False)):
            judge(transaction, target, voter, useful)
        answerer = person(transaction, "minl")
        judge(transaction, answerer, query="how", day=1)
        judge(transaction, person(transaction, "rui"), query="how", day=2)
        told = feedback.opinions_on(transaction, [row], [answerer.id])
        assert [(entry.query, entry.useful, entry.not_useful) for entry in told] == [("how", 1, 0), ("why", 2, 1)]
        assert told[1].target == target
        assert feedback.opinions_on(transaction, [], []) == []


def test_what_was_judged_is_known_anew_once_more_is_judged(settings: ServiceSettings) -> None:
    home = Home(settings.home)
    with home.database.read() as transaction:
        row, target = document(transaction, "A")
        asker = person(transaction, "rui")
        assert feedback.judged_things(transaction) == (frozenset(), frozenset())
        with writing(settings) as elsewhere:
            judge(elsewhere, target)
            judge(elsewhere, asker, query="how")
        assert feedback.judged_things(transaction) == ({row}, {asker.id})
    with home.database.begin() as transaction:
        feedback.remove_judgement(transaction, "v-why-0")
        feedback.save_judgement(transaction, Judgement("n", "v", "why", ("why",), target, True, NOW))
        assert feedback.judged_things(transaction)[0] == {row}
    home.close()


def test_opinions_on_other_people_take_no_places(settings: ServiceSettings) -> None:
    with writing(settings) as transaction:
        row, target = document(transaction, "A")
        asker_of_b = person(transaction, "rui")
        judge(transaction, target)
        for number in range(feedback.LATEST_OPINIONS + 1):
            judge(transaction, asker_of_b, query=f"how {number}", day=1)
        told = feedback.opinions_on(transaction, [row], [person(transaction, "minl").id])
        assert [entry.target for entry in told] == [target]


def test_a_judgement_follows_a_person_to_the_id_they_have_now(tmp_path: Path, settings: ServiceSettings) -> None:
    with writing(settings) as transaction:
        before = person(transaction, "minl")
        judge(transaction, before)
    (tmp_path / "directory.yaml").write_text("people: [{id: min-li, name: Min Li, handles: {chat: minl}}]")
    directory = {"name": "directory", "kind": "directory", "path": "directory.yaml"}
    index_home(settings_for(tmp_path, [directory, CHAT]))
    with writing(settings) as transaction:
        assert person(transaction, "minl") == Target(TargetKind.PERSON, "min-li") != before
        assert [entry.target.id for entry in feedback.all_judgements(transaction)] == ["min-li"]
        (told,) = feedback.opinions_on(transaction, [], ["min-li"])
        assert told.target.id == "min-li"
        assert feedback.judged_things(transaction)[1] == {"min-li"}


def test_a_document_that_is_read_again_keeps_its_judgements(tmp_path: Path, settings: ServiceSettings) -> None:
    with writing(settings) as transaction:
        judge(transaction, document(transaction, "A")[1])
    (tmp_path / "chat.jsonl").write_text(write_thread("b", "B", ("rui", "Why?")))
    index_home(settings)
    with writing(settings) as transaction:
        assert len(feedback.all_judgements(transaction)) == 1
    (tmp_path / "chat.jsonl").write_text(write_thread("a", "A", ("ivy", "How then?")))
    index_home(settings)
    with writing(settings) as transaction:
        assert len(feedback.opinions_on(transaction, [document(transaction, "A")[0]], [])) == 1
