import pytest

from indexer.domain.content import Credit
from indexer.domain.people import Role
from indexer.notation import credits_from, parse_when


def named(value):
    return [credit.name for credit in credits_from(value, Role.AUTHOR)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ann Lee <ann@x.org>", Credit(Role.AUTHOR, name="Ann Lee", address="ann@x.org")),
        ('"Lee, Ann" <ann@x.org>', Credit(Role.AUTHOR, name="Lee, Ann", address="ann@x.org")),
        ("Lee, Ann <ann@x.org>", Credit(Role.AUTHOR, name="Lee, Ann", address="ann@x.org")),
        ("ann@x.org", Credit(Role.AUTHOR, address="ann@x.org")),
        ("ann@x.org (Ann Lee)", Credit(Role.AUTHOR, name="Ann Lee", address="ann@x.org")),
        ("@ann", Credit(Role.AUTHOR, handle="ann")),
        ("Ann Lee (@ann)", Credit(Role.AUTHOR, name="Ann Lee", handle="ann")),
        ("https://github.com/ann", Credit(Role.AUTHOR, handle="ann", namespace="github")),
        ("  Ann   Lee ", Credit(Role.AUTHOR, name="Ann Lee")),
    ],
)
def test_one_person_is_read_from_each_way_of_writing(text, expected):
    assert credits_from(text, Role.AUTHOR) == (expected,)


def test_a_mapping_may_give_name_address_and_handle():
    value = {"name": "Ann Lee", "email": "ann@x.org", "github": "ann"}
    expected = Credit(Role.REVIEWER, name="Ann Lee", address="ann@x.org", handle="ann", namespace="github")
    assert credits_from(value, Role.REVIEWER) == (expected,)


def test_semicolons_and_the_word_and_part_people():
    assert named("Ann Lee; Bob Day and Carol Poe & Dan Roe") == ["Ann Lee", "Bob Day", "Carol Poe", "Dan Roe"]


def test_last_name_first_stays_one_person():
    assert named("Lee, Ann") == ["Lee, Ann"]
    assert named("Lee, Ann; Day, Bob") == ["Lee, Ann", "Day, Bob"]
    assert named("García Márquez, Gabriel") == ["García Márquez, Gabriel"]


def test_commas_part_full_names_in_a_list():
    assert named("Albert Y. Kim, Chester Ismay, and Max Kuhn") == ["Albert Y. Kim", "Chester Ismay", "Max Kuhn"]


def test_commas_part_handles_and_addresses():
    assert [credit.handle for credit in credits_from("@ann, @bob", Role.AUTHOR)] == ["ann", "bob"]
    two = credits_from("Ann Lee <ann@x.org>, Bob Day <bob@x.org>", Role.AUTHOR)
    assert [credit.address for credit in two] == ["ann@x.org", "bob@x.org"]


def test_a_list_may_mix_texts_and_mappings_and_names_nobody_twice():
    assert named(["Ann Lee", {"name": "Bob Day"}, "Ann Lee", None, 7]) == ["Ann Lee", "Bob Day"]


@pytest.mark.parametrize("value", [None, "", " - ", 7, {}, [], {"name": ""}, "@", b"Ann"])
def test_nothing_names_nobody(value):
    assert credits_from(value, Role.AUTHOR) == ()


def test_the_moment_goes_into_every_credit():
    moment = parse_when("2020-01-02")
    assert {credit.at for credit in credits_from("Ann Lee; Bob Day", Role.AUTHOR, moment)} == {moment}
