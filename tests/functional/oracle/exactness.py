"""Compares the candidates of a search with those of an exact one."""

from indexer.domain.ids import document_id
from indexer.store import Transaction, passages
from indexer.store.passages import FoundPassage
from service.auth import readable_audiences, viewer_of_person
from service.auth.permissions import Viewer
from service.search import Query, Retrieved, parse_query, retrieve_passages
from service.settings import ServiceSettings
from tests.functional.oracle.exact import ExactScores, ExactSearch
from tests.functional.oracle.homes import Builder, Built, Reader
from tests.functional.oracle.organisations import SOURCE, Asker, Organisation
from tests.functional.oracle.questions import Question, questions

QUESTIONS = 16
LIMITS = (2, 7, 200)
CLOSE = 1e-4


def compare_with_exact_search(builder: Builder, settings: ServiceSettings, organisation: Organisation) -> int:
    """Every asker's questions, with lists of several lengths; gives how many searches were compared."""
    whole = builder.whole(organisation)
    compared = 0
    try:
        for asker in organisation.askers:
            reader = Reader.of(organisation, asker)
            with whole.home.database.read() as transaction:
                exact = ExactSearch(_readable(transaction, organisation, reader))
                viewer = _viewer(transaction, asker)
                seen = readable_audiences(transaction, viewer).communities
                asked = [q for q in questions(organisation, QUESTIONS) if _communities(q) <= seen and _in_order(q)]
                for question in asked:
                    for limit in LIMITS:
                        _compare(transaction, whole, viewer, exact, question, settings, limit)
                        compared += 1
    finally:
        whole.remove()
    return compared


def _compare(
    transaction: Transaction,
    whole: Built,
    viewer: Viewer,
    exact: ExactSearch,
    question: Question,
    settings: ServiceSettings,
    limit: int,
) -> None:
    query = _query(question)
    readable = readable_audiences(transaction, viewer)
    search = settings.search.model_copy(update={"candidates": limit})
    found = retrieve_passages(transaction, whole.index, query, readable, search)
    expected = exact.scores(found.question, query)
    told = f"{question} of {viewer} with lists of {limit}"
    ids = [int(passage) for passage in found.candidates.passages]
    assert set(ids) <= expected.cosines.keys(), f"{told} finds what may not be read or was not asked for"
    for place, passage in enumerate(ids):
        assert abs(found.candidates.cosines[place] - expected.cosines[passage]) < CLOSE, told
        assert abs(found.candidates.lexical[place] - expected.words[passage]) < CLOSE, told
    missing = _best(expected, limit) - set(ids)
    assert not missing, f"{told} lacks passages {missing}"
    _expect_no_more(found, expected, limit, told)


def _best(expected: ExactScores, limit: int) -> set[int]:
    """Those that must be found: clearly better than the first that need not be."""
    return {
        passage
        for scores in (expected.cosines, {id: score for id, score in expected.words.items() if score > CLOSE})
        for passage, score in scores.items()
        if sum(other > score - CLOSE for other in scores.values()) <= limit
    }


def _expect_no_more(found: Retrieved, expected: ExactScores, limit: int, told: str) -> None:
    """Nothing is found that is clearly worse than so many others both in meaning and in words, and has no rare word."""
    for passage in set(map(int, found.candidates.passages)) - set(map(int, found.candidates.exact)):
        close = sum(other > expected.cosines[passage] + CLOSE for other in expected.cosines.values()) < limit
        near = sum(other > expected.words[passage] + CLOSE for other in expected.words.values()) < limit
        assert close or near, f"{told} finds passage {passage}, which {limit} others are better than"


def _readable(transaction: Transaction, organisation: Organisation, reader: Reader) -> list[FoundPassage]:
    ids = {document_id(SOURCE, w.uri) for w in organisation.writings if reader.may_read(w.audience_now)}
    stored = passages.find_passages(transaction, passages.passage_ids(transaction)).values()
    return [passage for passage in stored if passage.document.public_id in ids]


def _viewer(transaction: Transaction, asker: Asker) -> Viewer:
    if asker.person is not None:
        return viewer_of_person(transaction, asker.person)
    return Viewer(account=asker.account, admin=asker.admin)


def _communities(question: Question) -> set[str]:
    return {value for name, value in question.filters if name == "community"}


def _in_order(question: Question) -> bool:
    told = dict(question.filters)
    return not ("since" in told and "until" in told and told["since"] > told["until"])


def _query(question: Question) -> Query:
    told = dict(question.filters)
    return parse_query(
        question.text,
        communities=tuple(_communities(question)),
        kinds=tuple(value for name, value in question.filters if name == "kind"),
        since=told.get("since"),
        until=told.get("until"),
    )
