from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from indexer.contributed import Parts, microseconds
from indexer.domain.people import Role
from indexer.settings import load_settings
from indexer.store.contributions import Part
from service.experts.activity import Activity, best_parts, shares_of
from service.experts.votes import Fit, Fits, Vote, cast_votes, concerned_communities
from service.settings import ExpertSettings, ServiceSettings

NOW = datetime(2025, 3, 2, tzinfo=UTC)


@pytest.fixture
def settings() -> ExpertSettings:
    return load_settings(ServiceSettings, None).experts


def part(document: int, person: str, community: int | None, role: Role = Role.AUTHOR) -> Part:
    return Part(document, person, role, NOW, None, 0, community)


def cast(fits: dict[int, Fit], parts: list[Part], settings: ExpertSettings, **options: bool) -> dict[str, list[Vote]]:
    told, columns = Fits.of(fits), Parts.of(list(fits), parts)
    communities = np.zeros(len(fits), np.int64)
    communities[columns.places] = columns.communities
    concern = concerned_communities(told, communities, settings.least_relevance)
    votes = cast_votes(told, columns, concern, settings, NOW, **options)
    return {name: votes.of(number, 10) for number, name in enumerate(columns.ids)}


def shares(parts: list[Part], concern: dict[int, float], settings: ExpertSettings) -> tuple[list[str], Activity]:
    columns = Parts.of(list({part.document: None for part in parts}), parts)
    told = columns.documents, columns.people, columns.roles, columns.moments
    first, worth = best_parts(*told, microseconds(NOW), settings)
    return list(columns.ids), shares_of(columns.people[first], columns.communities[first], worth, concern)


def test_a_document_of_the_community_concerned_speaks_louder(settings: ExpertSettings) -> None:
    fits = {1: Fit(10, 0.8, 0.8), 2: Fit(20, 0.8, 0.8), 3: Fit(30, 0.5, 0.5)}
    votes = cast(fits, [part(1, "ivy", 7), part(2, "min", 7), part(3, "rui", 8)], settings)
    (louder,), (quieter,) = votes["ivy"], votes["rui"]
    assert louder.community > quieter.community >= 1
    assert louder.community <= 1 + settings.community_weight


def test_concern_is_shared_out_by_how_much_documents_are_about_it() -> None:
    fits = {
        1: Fit(10, 0.9, 0.6),
        2: Fit(20, 0.6, 0.6),
        3: Fit(30, 0.6, 0.6),
        4: Fit(40, 0.6, 0.6),
        5: Fit(50, 0.9, 0.05),
    }
    concern = concerned_communities(Fits.of(fits), np.asarray([7, 7, 8, 0, 9]), 0.1)
    assert concern == {7: pytest.approx(0.5), 8: pytest.approx(0.25), 9: 0.0}


def test_a_document_of_no_community_is_neither_louder_nor_quieter(settings: ExpertSettings) -> None:
    votes = cast({1: Fit(10, 0.8, 0.8)}, [part(1, "ivy", None)], settings)
    assert votes["ivy"][0].community == 1


def test_only_the_best_role_in_a_document_counts(settings: ExpertSettings) -> None:
    parts = [part(1, "ivy", None, Role.ASKER), part(1, "ivy", None, Role.ANSWERER)]
    (vote,) = cast({1: Fit(10, 0.8, 0.8)}, parts, settings)["ivy"]
    assert vote.part.role is Role.ANSWERER


def test_the_authors_of_a_document_share_its_vote_and_its_reviewer_does_not(settings: ExpertSettings) -> None:
    parts = [part(1, "ivy", None), part(1, "min", None), part(1, "rui", None, Role.REVIEWER)]
    votes = cast({1: Fit(10, 0.8, 0.8)}, parts, settings)
    assert [votes[person][0].authors for person in ("ivy", "min", "rui")] == [2, 2, 1]
    assert votes["rui"][0].weight == pytest.approx(2 * votes["ivy"][0].weight)
    whole = cast({1: Fit(10, 0.8, 0.8)}, parts, settings, shared=False)
    assert whole["ivy"][0].weight == pytest.approx(2 * votes["ivy"][0].weight)


def test_activity_is_a_share_of_each_communitys_recent_work(settings: ExpertSettings) -> None:
    half = timedelta(days=365.25) * settings.activity_half_life_years
    old = replace(part(3, "ivy", 8), at=NOW - half)
    people, done = shares([part(1, "ivy", 7), part(2, "min", 7, Role.ASKER), old], {7: 0.5, 8: 0.25}, settings)
    asker = settings.roles.asker
    ivy, minl = (done.of(people.index(name)) for name in ("ivy", "min"))
    assert [(lately.community, lately.share) for lately in ivy] == [
        (7, pytest.approx(1 / (2 + asker))),
        (8, pytest.approx(0.5 / 1.5)),
    ]
    assert [(lately.community, lately.share) for lately in minl] == [(7, pytest.approx(asker / (2 + asker)))]


def test_the_only_one_in_a_quiet_community_does_not_count_as_all_of_it(settings: ExpertSettings) -> None:
    _, done = shares([part(1, "ivy", 7)], {7: 1.0}, settings)
    assert done.shares.tolist() == [pytest.approx(0.5)]


def test_only_the_best_part_in_a_document_counts_as_activity(settings: ExpertSettings) -> None:
    _, once = shares([part(1, "ivy", 7)], {7: 1.0}, settings)
    _, twice = shares([part(1, "ivy", 7), part(1, "ivy", 7, Role.ASKER)], {7: 1.0}, settings)
    assert twice.shares.tolist() == once.shares.tolist()


def test_activity_counts_as_much_as_the_question_concerns_the_community(settings: ExpertSettings) -> None:
    people, done = shares([part(1, "ivy", 7), part(2, "min", 8)], {7: 0.6, 8: 0.0}, settings)
    gains = dict(zip(people, done.gains(np.arange(2)).tolist(), strict=True))
    assert gains == {"ivy": pytest.approx(0.6 * 0.5), "min": 0}
