from hypothesis import given
from hypothesis import strategies as st

from indexer.store.passages import ListedPassage
from service.search.influence import NO_EFFECT
from service.search.ranked import RankedPassage
from service.search.reasons import HitReasons
from service.search.rerank import behind_successors, best_first, keep_rare

RELEVANCES = st.lists(st.floats(0, 1), max_size=15)


def ranked(number: int, relevance: float, superseded_by: int | None = None) -> RankedPassage:
    successor = None if superseded_by is None else str(superseded_by)
    return RankedPassage(
        ListedPassage(number, 0, number, f"d{number}", "s", str(number), successor, None, "", 1), number, relevance
    )


def reasons(entry: RankedPassage) -> HitReasons:
    return HitReasons(None, 0.0, 0.0, entry.earned, 0.4, None, 1.0, NO_EFFECT, least=entry.least, most=entry.most)


def rankings(exact: list[float], others: list[float]) -> tuple[list[RankedPassage], list[RankedPassage]]:
    first = [ranked(number, relevance) for number, relevance in enumerate(exact)]
    rest = [ranked(number, relevance) for number, relevance in enumerate(others, len(exact))]
    return best_first(first), best_first(rest)


def ids(entries: list[RankedPassage]) -> list[int]:
    return [entry.passage.id for entry in entries]


@given(RELEVANCES, RELEVANCES, st.integers(1, 10))
def test_what_has_a_rare_identifier_is_always_among_the_first_places(
    exact: list[float], others: list[float], places: int
) -> None:
    first, rest = rankings(exact, others)
    found = keep_rare(first, rest, places)
    assert sorted(ids(found)) == list(range(len(exact) + len(others)))
    assert {*ids(found[: max(places, len(first))])} >= {*ids(first)}
    assert [entry.relevance for entry in found] == sorted((entry.relevance for entry in found), reverse=True)
    assert [id for id in ids(found) if id >= len(exact)] == ids(rest)


@given(RELEVANCES, RELEVANCES)
def test_without_the_right_to_a_place_relevance_alone_decides(exact: list[float], others: list[float]) -> None:
    first, rest = rankings(exact, others)
    assert ids(keep_rare(first, [], 5)) == ids(first)
    assert ids(keep_rare([], rest, 5)) == ids(rest)


def test_it_is_raised_no_further_than_it_must_be_and_says_so() -> None:
    first, rest = rankings([0.1], [0.9, 0.8, 0.7, 0.6])
    found = keep_rare(first, rest, 3)
    assert ids(found) == [1, 2, 0, 3, 4]
    assert 0.7 <= found[2].relevance < 0.8
    assert [reasons(entry).raised for entry in found] == [False, False, True, False, False]
    assert "identifier that few others have" in reasons(found[2]).sentence(["DCU-F209"])


def test_what_stands_well_by_itself_is_not_raised() -> None:
    first, rest = rankings([0.85], [0.9, 0.8, 0.7, 0.6])
    found = keep_rare(first, rest, 3)
    assert ids(found) == [1, 0, 2, 3, 4]
    assert not reasons(found[1]).raised


def test_what_has_been_superseded_stands_behind_what_took_its_place() -> None:
    found = behind_successors([ranked(1, 0.9, superseded_by=2), ranked(3, 0.8), ranked(2, 0.5)])
    assert ids(found) == [3, 2, 1]
    assert [reasons(entry).lowered for entry in found] == [False, False, True]
    assert "behind the document that has superseded it" in reasons(found[2]).sentence([])


def test_a_chain_of_successors_stands_newest_first_and_a_circle_harms_nothing() -> None:
    chain = [ranked(1, 0.9, superseded_by=2), ranked(2, 0.7, superseded_by=3), ranked(3, 0.5)]
    assert ids(behind_successors(chain)) == [3, 2, 1]
    assert len(behind_successors([ranked(1, 0.9, superseded_by=2), ranked(2, 0.7, superseded_by=1)])) == 2


def test_a_document_without_its_successor_keeps_its_place() -> None:
    assert ids(behind_successors([ranked(1, 0.9, superseded_by=7), ranked(2, 0.8)])) == [1, 2]
