from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from indexer.domain.people import Role
from indexer.settings import load_settings
from indexer.store.contributions import Activity, Part
from service.experts.votes import (
    Fit,
    Vote,
    active_lately,
    activity_factor,
    activity_shares,
    cast_votes,
    concerned_communities,
)
from service.settings import ExpertSettings, ServiceSettings

NOW = datetime(2025, 3, 2, tzinfo=UTC)


@pytest.fixture
def settings() -> ExpertSettings:
    return load_settings(ServiceSettings, None).experts


def part(document: int, person: str, community: int | None, role: Role = Role.AUTHOR) -> Part:
    return Part(document, person, role, NOW, None, 0, community)


def concern(fits: dict[int, Fit], parts: list[Part], settings: ExpertSettings) -> dict[int, float]:
    return concerned_communities(fits, {part.document: part.community for part in parts}, settings.least_relevance)


def cast(fits: dict[int, Fit], parts: list[Part], settings: ExpertSettings, **options: bool) -> dict[str, list[Vote]]:
    return cast_votes(fits, parts, concern(fits, parts, settings), settings, NOW, **options)


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
    shares = concerned_communities(fits, {1: 7, 2: 7, 3: 8, 4: None, 5: 9}, 0.1)
    assert shares == {7: pytest.approx(0.5), 8: pytest.approx(0.25), 9: 0.0}


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
    parts = [part(1, "ivy", 7), part(2, "min", 7, Role.ASKER), old, replace(part(4, "rui", 8), at=None)]
    shares = activity_shares(Activity.of(parts), settings, NOW)
    asker = settings.roles.asker
    assert shares[7] == {"ivy": pytest.approx(1 / (2 + asker)), "min": pytest.approx(asker / (2 + asker))}
    assert shares[8] == {"ivy": pytest.approx(0.5 / 1.5)}


def test_the_only_one_in_a_quiet_community_does_not_count_as_all_of_it(settings: ExpertSettings) -> None:
    assert activity_shares(Activity.of([part(1, "ivy", 7)]), settings, NOW)[7]["ivy"] == pytest.approx(0.5)


def test_activity_counts_only_in_the_communities_that_the_question_concerns(settings: ExpertSettings) -> None:
    shares = activity_shares(Activity.of([part(1, "ivy", 7), part(2, "min", 8)]), settings, NOW)
    lately = active_lately({7: 0.6}, shares)
    assert activity_factor(lately["ivy"], settings) == pytest.approx(1 + settings.activity_weight * 0.6 * 0.5)
    assert activity_factor(lately["min"], settings) == 1
