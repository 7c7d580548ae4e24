"""For random organisations, whoever asks gets from every surface what a home would answer that holds only what they may
read, and never a word of anything else; and what a search finds is what an exact one finds in plain Python.

KNOWWHO_LEAK_ORGANISATIONS=100 compares a hundred random organisations in place of one; run it with `-s --timeout 0`.
"""

import os
from collections.abc import Iterator
from http import HTTPStatus

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as trials

from indexer.domain.people import Visibility
from indexer.embedding.hashing import HashingEncoder
from indexer.home import Home
from service.app import create_app
from service.settings import ServiceSettings
from tests.fakes import settings_for
from tests.functional.oracle.comparison import Comparer, Tally
from tests.functional.oracle.exactness import compare_with_exact_search
from tests.functional.oracle.homes import Builder
from tests.functional.oracle.organisations import SHARES_OPEN, SOURCE, Maker, Organisation, organisations

RANDOM_ORGANISATIONS = int(os.environ.get("KNOWWHO_LEAK_ORGANISATIONS", "1"))
QUESTIONS = 3
DOCUMENTS = 11
LEAST_CASES = 2_000
LEAST_SEARCHES = 200
LOOSE = {
    "search": {"least_relevance": 0.02, "page_size": 4},
    "experts": {"least_relevance": 0.02, "least_score": 0.0},
    "verdict": {"known": 0.05, "read": 0.1, "ask": 0.01},
}
VISIBILITIES = (Visibility.MEMBERS, Visibility.PUBLIC, Visibility.SIGNED_IN)


@pytest.fixture(scope="module")
def tally() -> Iterator[Tally]:
    counted = Tally()
    yield counted
    print(f"\n{counted.told()}")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> ServiceSettings:
    folder = tmp_path_factory.mktemp("leaks")
    return settings_for(folder, [{"name": SOURCE, "kind": "folder", "path": "library"}], **LOOSE)


@pytest.fixture(scope="module")
def builder(settings: ServiceSettings) -> Builder:
    return Builder(settings.home.parent, settings)


@pytest.fixture(scope="module")
def comparer(settings: ServiceSettings, builder: Builder, tally: Tally) -> Iterator[Comparer]:
    app = create_app(settings, Home(settings.home), HashingEncoder())
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Comparer(app, client, builder, tally)


some_organisations = trials(
    max_examples=RANDOM_ORGANISATIONS,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def organisation_of(share_open: str) -> Organisation:
    changing = share_open == "half"
    return Maker(len(share_open)).organisation(VISIBILITIES, share_open, DOCUMENTS, changing)


@pytest.mark.parametrize("share_open", SHARES_OPEN)
def test_everybody_gets_what_a_home_of_what_they_may_read_would_answer(comparer: Comparer, share_open: str) -> None:
    comparer.compare(organisation_of(share_open), QUESTIONS)


@some_organisations
@given(organisations())
def test_so_it_is_in_any_organisation(comparer: Comparer, organisation: Organisation) -> None:
    comparer.compare(organisation, QUESTIONS)


def test_thousands_of_answers_of_every_surface_were_compared(tally: Tally) -> None:
    answered = {surface for surface, status in tally.compared if status == HTTPStatus.OK}
    refused = {surface for surface, _ in tally.compared} - answered
    assert tally.cases >= LEAST_CASES
    assert refused == {"feedback given"}
    assert {status for surface, status in tally.compared if surface in refused} == {HTTPStatus.NOT_FOUND}
    assert min(readable for readable, _ in tally.selectivities) == 1
    assert any(readable == number for readable, number in tally.selectivities)


@pytest.mark.parametrize("share_open", SHARES_OPEN)
def test_a_search_finds_what_an_exact_one_finds_among_what_may_be_read(
    builder: Builder, settings: ServiceSettings, share_open: str
) -> None:
    assert compare_with_exact_search(builder, settings, organisation_of(share_open)) > LEAST_SEARCHES
