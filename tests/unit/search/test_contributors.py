from hypothesis import given
from hypothesis import strategies as st

from indexer.domain.people import Role
from indexer.store.contributions import Contributor, Credit
from service.search.contributors import CONTRIBUTORS_SHOWN, first_contributors, may_be_shown

PEOPLE = st.sampled_from([None, *"abcdefgh"])
CREDITS = st.lists(
    st.builds(
        Credit,
        document=st.just(1),
        person=PEOPLE,
        role=st.sampled_from(Role),
        message=st.sampled_from([None, 1, 2]),
        likes=st.integers(0, 2),
    ),
    max_size=30,
)
NAMES = {None: "hidden member", **{person: f"name {ord(person) % 3}" for person in "abcdefgh"}}


def named(credits: list[Credit]) -> list[Contributor]:
    return [Contributor(1, c.person, NAMES[c.person], c.role, c.message, c.likes) for c in credits]


@given(CREDITS)
def test_whoever_is_left_unnamed_would_not_have_been_shown(credits: list[Credit]) -> None:
    assert first_contributors(named(list(may_be_shown(credits)))) == first_contributors(named(credits))


@given(CREDITS)
def test_each_is_shown_once_and_no_more_than_fit(credits: list[Credit]) -> None:
    shown = [part.person for part in first_contributors(named(credits))]
    assert len(shown) == len(set(shown)) == min(len({c.person for c in credits}), CONTRIBUTORS_SHOWN)


def test_names_are_found_for_no_more_people_than_may_be_shown() -> None:
    credits = [Credit(1, person, Role.COMMENTER, place, 0) for place, person in enumerate("abcdefgh")]
    assert [credit.person for credit in may_be_shown(credits)] == ["a", "b", "c", "d"]
