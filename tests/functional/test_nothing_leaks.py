"""For random organisations, whoever asks gets from every surface what a home would answer that holds only what they may
read, and never a word of anything else; and what a search finds is what an exact one finds in plain Python.

`scripts/bench leaks --cases N` does the same for many more organisations.
"""

import os
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, example, given
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

RANDOM_ORGANISATIONS = int(os.environ.get("KNOWWHO_LEAK_ORGANISATIONS", "2"))
QUESTIONS = 5
LEAST_CASES = 2_000
LOOSE = {
    "search": {"least_relevance": 0.02, "page_size": 4},
    "experts": {"least_relevance": 0.02, "least_score": 0.0},
    "verdict": {"known": 0.05, "read": 0.1, "ask": 0.01},
}
VISIBILITIES = (Visibility.MEMBERS, Visibility.PUBLIC, Visibility.SIGNED_IN)
# From one document that everybody may read to all of them.
ONE, FEW, HALF, MOST, ALL = (
    Maker(seed).organisation(VISIBILITIES, share, 18, changing=share == "half")
    for seed, share in enumerate(SHARES_OPEN)
)


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


IN_THE_SUITE = trials(
    max_examples=RANDOM_ORGANISATIONS,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@IN_THE_SUITE
@example(ONE)
@example(FEW)
@example(HALF)
@example(MOST)
@example(ALL)
@given(organisations())
def test_everybody_gets_what_a_home_of_what_they_may_read_would_answer(
    comparer: Comparer, organisation: Organisation
) -> None:
    comparer.compare(organisation, QUESTIONS)


@IN_THE_SUITE
@example(ONE)
@example(FEW)
@example(HALF)
@example(MOST)
@example(ALL)
@given(organisations())
def test_a_search_finds_what_an_exact_one_finds_among_what_may_be_read(
    builder: Builder, settings: ServiceSettings, organisation: Organisation
) -> None:
    compare_with_exact_search(builder, settings, organisation)


def test_thousands_of_answers_of_every_surface_were_compared(tally: Tally) -> None:
    answered = {surface for surface, status in tally.compared if status == 200}
    given = {"feedback given"}  # on what nobody may read it is refused
    assert tally.cases >= LEAST_CASES
    assert {surface for surface, _ in tally.compared} - answered == given
    assert {status for surface, status in tally.compared if surface in given} == {404}
    assert min(readable for readable, _ in tally.selectivities) == 1
    assert any(readable == number for readable, number in tally.selectivities)
