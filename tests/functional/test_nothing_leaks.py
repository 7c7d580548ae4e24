"""For random organisations, whoever asks gets from every surface what a home would answer that holds only what they may
read, and never a word of anything else; and what a search finds is what an exact one finds in plain Python.

`scripts/bench leaks` compares many more organisations.
"""

from collections.abc import Iterator
from http import HTTPStatus

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as trials
from hypothesis import strategies as st

from indexer.domain.people import Visibility
from service.settings import ServiceSettings
from tests.functional.oracle.comparison import Comparer, Tally, comparing
from tests.functional.oracle.exactness import compare_with_exact_search
from tests.functional.oracle.homes import Builder, settings_in
from tests.functional.oracle.organisations import SHARES_OPEN, Maker, Organisation, random_organisation

QUESTIONS = 3
DOCUMENTS = 11
LEAST_CASES = 2_000
LEAST_SEARCHES = 200
VISIBILITIES = (Visibility.MEMBERS, Visibility.PUBLIC, Visibility.SIGNED_IN)


@pytest.fixture(scope="module")
def tally() -> Iterator[Tally]:
    counted = Tally()
    yield counted
    print(f"\n{counted.told()}")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> ServiceSettings:
    return settings_in(tmp_path_factory.mktemp("leaks"))


@pytest.fixture(scope="module")
def builder(settings: ServiceSettings) -> Builder:
    return Builder(settings)


@pytest.fixture(scope="module")
def comparer(settings: ServiceSettings, builder: Builder, tally: Tally) -> Iterator[Comparer]:
    with comparing(settings, builder, tally) as comparer:
        yield comparer


one_organisation = trials(
    max_examples=1,
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
    assert comparer.compare(organisation_of(share_open), QUESTIONS) == []


@one_organisation
@given(st.integers(0, 2**32 - 1))
def test_so_it_is_in_any_organisation(comparer: Comparer, seed: int) -> None:
    assert comparer.compare(random_organisation(seed, most_documents=DOCUMENTS), QUESTIONS) == []


def test_thousands_of_answers_of_every_surface_were_compared(tally: Tally) -> None:
    answered = {surface for surface, status in tally.compared if status == HTTPStatus.OK}
    refused = {surface for surface, _ in tally.compared} - answered
    assert tally.cases >= LEAST_CASES
    assert refused == {"feedback given"}
    assert {status for surface, status in tally.compared if surface in refused} == {HTTPStatus.NOT_FOUND}
    assert min(readable for readable, _ in tally.selectivities) == 1
    assert min(tally.parts["measured subjects"], tally.parts["judgements"]) > 0
    assert any(readable == number for readable, number in tally.selectivities)


@pytest.mark.parametrize("share_open", SHARES_OPEN)
def test_a_search_finds_what_an_exact_one_finds_among_what_may_be_read(
    builder: Builder, settings: ServiceSettings, share_open: str
) -> None:
    assert compare_with_exact_search(builder, settings, organisation_of(share_open)) > LEAST_SEARCHES
