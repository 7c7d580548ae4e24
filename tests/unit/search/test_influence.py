"""What judgements do to a ranking, worked out by hand."""

import math
from datetime import UTC, datetime

import pytest

from indexer.domain.feedback import Opinion, Target, TargetKind
from service.search.feedback import terms_of
from service.search.influence import NO_EFFECT, Effect, measure_influence, overlap
from service.settings import FeedbackSettings

SETTINGS = FeedbackSettings(bound=0.15, least_similarity=0.7)
NOW = datetime(2025, 3, 2, tzinfo=UTC)


def opinion(query: str, useful: int, not_useful: int, kind: TargetKind = TargetKind.DOCUMENT) -> Opinion:
    return Opinion(query, (query,), Target(kind, "d"), useful, not_useful, NOW)


def effect(*opinions: Opinion, similarity: float = 1.0, settings: FeedbackSettings = SETTINGS) -> Effect:
    return measure_influence(opinions, lambda _: similarity, settings).on_document("d")


def test_one_useful_judgement_for_the_same_query_raises_by_the_bound_times_tanh_of_1() -> None:
    told = effect(opinion("a", 1, 0))
    assert told == Effect(1, 0, 1.0, pytest.approx(1 + 0.15 * math.tanh(1)))


def test_a_similar_query_counts_by_its_similarity_and_a_foreign_one_not_at_all() -> None:
    assert effect(opinion("a", 0, 2), similarity=0.75).factor == pytest.approx(1 - 0.15 * math.tanh(1.5))
    assert effect(opinion("a", 5, 0), similarity=0.69) == NO_EFFECT


def test_judgements_of_several_queries_add_up() -> None:
    closeness = {"a": 1.0, "b": 0.8, "c": 0.5}
    said = [opinion("a", 1, 1), opinion("b", 0, 1), opinion("c", 9, 0)]
    told = measure_influence(said, lambda one: closeness[one.query], SETTINGS).on_document("d")
    assert (told.useful, told.not_useful, told.balance) == (1, 2, pytest.approx(-0.8))


@pytest.mark.parametrize(("useful", "not_useful", "factor"), [(1000, 0, 1.15), (0, 1000, 0.85), (1000, 1000, 1.0)])
def test_a_thousand_judgements_move_nothing_by_more_than_the_bound(useful: int, not_useful: int, factor: float) -> None:
    told = effect(opinion("a", useful, not_useful)).factor
    assert told == pytest.approx(factor)
    assert 0.85 <= told <= 1.15


def test_a_document_and_a_person_of_the_same_id_are_two_things() -> None:
    influence = measure_influence([opinion("a", 1, 0, TargetKind.PERSON)], lambda _: 1.0, SETTINGS)
    assert influence.on_document("d") == NO_EFFECT
    assert influence.on_person("d").useful == 1


def test_overlap_is_what_two_sets_share_over_what_they_have() -> None:
    assert overlap(["a", "b", "c"], ["b", "c", "d"]) == pytest.approx(0.5)
    assert overlap([], []) == 0


def test_queries_of_the_same_words_are_the_same_query() -> None:
    assert terms_of("Squealing brakes!") == terms_of("brakes  squealing squealing")
    assert terms_of("?!") == ("?!",) != terms_of("!!")
