from datetime import UTC, datetime

import pytest

from indexer.domain.people import Role
from indexer.settings import load_settings
from indexer.store.contributions import Part
from service.experts.votes import Fit, cast_votes, concerned_communities
from service.settings import ExpertSettings, ServiceSettings

NOW = datetime(2025, 3, 2, tzinfo=UTC)


@pytest.fixture
def settings() -> ExpertSettings:
    return load_settings(ServiceSettings, None).experts


def part(document: int, person: str, community: int | None, role: Role = Role.AUTHOR) -> Part:
    return Part(document, person, person, role, NOW, None, 0, community)


def test_a_document_of_the_community_concerned_speaks_louder(settings: ExpertSettings) -> None:
    fits = {1: Fit(10, 0.8), 2: Fit(20, 0.8), 3: Fit(30, 0.5)}
    votes = cast_votes(fits, [part(1, "ivy", 7), part(2, "min", 7), part(3, "rui", 8)], settings, NOW)
    (louder,), (quieter,) = votes["ivy"], votes["rui"]
    assert louder.community > quieter.community >= 1
    assert louder.community <= 1 + settings.community_weight


def test_concern_is_shared_out_by_how_well_documents_fit() -> None:
    fits = {1: Fit(10, 0.6), 2: Fit(20, 0.6), 3: Fit(30, 0.6), 4: Fit(40, 0.6)}
    concern = concerned_communities(fits, {1: 7, 2: 7, 3: 8, 4: None}, 0.1)
    assert concern == {7: pytest.approx(0.5), 8: pytest.approx(0.25)}


def test_a_document_of_no_community_is_neither_louder_nor_quieter(settings: ExpertSettings) -> None:
    votes = cast_votes({1: Fit(10, 0.8)}, [part(1, "ivy", None)], settings, NOW)
    assert votes["ivy"][0].community == 1


def test_only_the_best_role_in_a_document_counts(settings: ExpertSettings) -> None:
    parts = [part(1, "ivy", None, Role.ASKER), part(1, "ivy", None, Role.ANSWERER)]
    (vote,) = cast_votes({1: Fit(10, 0.8)}, parts, settings, NOW)["ivy"]
    assert vote.part.role is Role.ANSWERER
