"""Rankings worked out by hand, over a real database, with the candidates' relevance given."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from indexer.domain.people import Role
from indexer.home import Home
from indexer.index import Candidates
from indexer.store import Transaction, documents, passages
from service.auth import ANONYMOUS, Viewer, readable_audiences
from service.contributed import Contributed
from service.experts import Confidence, RankedPerson, rank_people
from service.search import Query, Retrieved
from service.settings import FusionSettings, ServiceSettings
from tests.fakes import index_home, settings_for, write_thread

GIVEN = {
    "fusion": FusionSettings(word_weight=0.0, word_scale=3.0, crowding=0.0),
    "least_relevance": 0.2,
    "sharpness": 1.0,
    "community_weight": 0.0,
    "least_fit": 0.0,
    "half_life_years": 4,
    "least_score": 0.0,
}
NOW = datetime(2025, 3, 2, 10, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> ServiceSettings:
    (tmp_path / "chat.jsonl").write_text(
        write_thread("a", "A", ("ivy", "How?"), ("minl", "Thus."))
        + write_thread("b", "B", ("ivy", "Why?"), ("minl", "Because."))
        + write_thread("c", "C", ("ivy", "When?"), ("rui", "Then."))
        + write_thread("x", "X", ("ivy", "Where?"), ("olga", "There."), community="closed", audience="members")
    )
    made = settings_for(tmp_path, [{"name": "chat", "kind": "threads", "path": "chat.jsonl"}])
    index_home(made)
    return made


@pytest.fixture
def transaction(settings: ServiceSettings) -> Iterator[Transaction]:
    home = Home(settings.home)
    with home.database.read() as reading:
        yield reading
    home.close()


def retrieved(transaction: Transaction, relevance: dict[str, float]) -> Retrieved:
    """Candidates as a search would give them: the first passage of each named thread with this cosine and no words."""
    ids, rows, cosines = [], [], []
    stored = passages.find_passages(transaction, passages.passage_ids(transaction))
    for passage in stored.values():
        if passage.document.title in relevance:
            ids.append(passage.id)
            rows.append(passage.document.id)
            cosines.append(relevance[passage.document.title])
    found = Candidates(
        np.asarray(ids, np.int64),
        np.asarray(rows, np.int64),
        np.asarray(cosines, np.float32),
        np.zeros(len(ids), np.float32),
        np.zeros(len(ids), np.float32),
    )
    return Retrieved(Query("why"), found, "g", None)


def rank(
    transaction: Transaction, settings: ServiceSettings, relevance: dict[str, float], viewer: Viewer = ANONYMOUS
) -> dict[str, RankedPerson]:
    experts = settings.experts.model_copy(update=GIVEN)
    readable = readable_audiences(transaction, viewer)
    ranked = rank_people(transaction, Contributed(), retrieved(transaction, relevance), readable, experts, now=NOW)
    return {entry.person.name: entry for entry in ranked}


def age(day: int) -> float:
    return 0.3 + 0.7 * 2 ** (-max(2 - day, 0) / 365.25 / 4)


def test_scores_are_those_of_the_formula(transaction: Transaction, settings: ServiceSettings) -> None:
    found = rank(transaction, settings, {"A": 0.8, "B": 0.6, "C": 0.7})
    votes = 0.6 * age(2), 0.4 * age(2)
    assert found["minl"].score == pytest.approx((votes[0] + 0.7 * votes[1]) / (1 + 0.7) ** 0.25, abs=1e-4)
    assert found["rui"].score == pytest.approx(0.5 * age(2), abs=1e-4)
    asked = 0.1 * age(1) * np.asarray([0.6, 0.5, 0.4])
    assert found["ivy"].score == pytest.approx(asked @ [1, 0.7, 0.49] / (1 + 0.7 + 0.49) ** 0.25, abs=1e-4)
    assert list(found) == ["minl", "rui", "ivy"]


def test_evidence_names_document_role_and_share(transaction: Transaction, settings: ServiceSettings) -> None:
    (first, second) = rank(transaction, settings, {"A": 0.8, "B": 0.6})["minl"].evidence
    assert (first.passage.document.title, first.role, first.message) == ("A", Role.ANSWERER, 2)
    assert first.share == pytest.approx(0.6 / (0.6 + 0.7 * 0.4), abs=1e-3)
    assert first.share + second.share == pytest.approx(1, abs=1e-3)


def test_a_document_that_the_viewer_may_not_read_speaks_for_nobody(
    transaction: Transaction, settings: ServiceSettings
) -> None:
    relevance = {"A": 0.5, "X": 0.9}
    assert "olga" not in rank(transaction, settings, relevance)
    member = Viewer("olga", frozenset({"closed"}))
    assert next(iter(rank(transaction, settings, relevance, member))) == "olga"


def test_what_one_may_not_read_does_not_count_against_anybody(
    transaction: Transaction, settings: ServiceSettings
) -> None:
    public = rank(transaction, settings, {"A": 0.8})["ivy"]
    member = rank(transaction, settings, {"A": 0.8}, Viewer("olga", frozenset({"closed"})))["ivy"]
    assert (public.documents, member.documents) == (3, 4)
    assert public.score > member.score


def test_irrelevant_documents_give_no_votes(transaction: Transaction, settings: ServiceSettings) -> None:
    assert rank(transaction, settings, {"A": 0.2, "B": 0.1}) == {}


def test_nobody_is_shown_for_documents_that_hardly_fit_beside_one_that_does(
    transaction: Transaction, settings: ServiceSettings
) -> None:
    readable = readable_audiences(transaction, ANONYMOUS)
    found = retrieved(transaction, {"A": 0.35, "B": 0.35, "C": 0.8})
    experts = settings.experts.model_copy(update={**GIVEN, "least_fit": 0.6})
    shown = rank_people(transaction, Contributed(), found, readable, experts, now=NOW)
    assert {entry.person.name for entry in shown} == {"rui", "ivy"}  # ivy asked in C, min answered only in A and B


def test_one_document_is_slight_evidence(transaction: Transaction, settings: ServiceSettings) -> None:
    found = rank(transaction, settings, {"A": 0.8, "B": 0.6, "C": 0.7})
    assert (found["rui"].confidence, found["minl"].confidence) == (Confidence.SLIGHT, Confidence.FAIR)


def test_unreadable_ids_are_not_even_counted(transaction: Transaction) -> None:
    readable = readable_audiences(transaction, ANONYMOUS)
    assert documents.count_documents(transaction, readable.ids) == 3


def test_nobody_else_can_say_what_may_be_read() -> None:
    from service.auth import ReadableAudiences

    with pytest.raises(TypeError, match="readable_audiences"):
        ReadableAudiences(frozenset({1}), frozenset(), object())
