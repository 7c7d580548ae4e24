import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.domain.content import Credit
from indexer.domain.people import Identity, IdentityKind, Role
from indexer.identity.identities import identities_of, identity_of, is_placeholder
from indexer.notation import address_identity, display_name, handle_identity, name_identity
from indexer.settings import Settings, load_settings

PLACEHOLDERS = load_settings(Settings, None).identity.placeholders


def shown(trust_addresses=True, **credit):
    found = identities_of(Credit(Role.AUTHOR, **credit), "wiki", "forum", trust_addresses=trust_addresses)
    return [str(identity) for identity in found]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (address_identity("Mina.Lindqvist@X.example"), address_identity(" mina.lindqvist@x.EXAMPLE ")),
        (handle_identity("forum", "@MinL"), handle_identity("forum", "minl")),
        (name_identity("wiki", "Bell, Michael"), name_identity("wiki", "Michael  Bell")),
        (name_identity("wiki", "BELL,MICHAEL"), name_identity("wiki", "michael bell")),
        (name_identity("wiki", "Jose\u0301 Ruiz"), name_identity("wiki", "José Ruiz")),
        (name_identity("wiki", "Ｍina Weiß"), name_identity("wiki", "Mina Weiss")),
    ],
)
def test_spellings_of_one_identity_are_equal(one, other):
    assert one == other


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (handle_identity("forum", "minl"), handle_identity("chat", "minl")),
        (name_identity("wiki", "Michael Bell"), name_identity("lessons", "Michael Bell")),
        (name_identity("wiki", "José Ruiz"), name_identity("wiki", "Jose Ruiz")),
        (handle_identity("wiki", "mina"), name_identity("wiki", "mina")),
    ],
)
def test_different_identities_stay_different(one, other):
    assert one != other


@given(st.text(), st.text())
def test_normal_forms_are_stable(space, text):
    for made in (address_identity(text), handle_identity(space, text), name_identity(space, text)):
        assert made.value == " ".join(made.value.split())
    assert name_identity(space, display_name(text)).value == name_identity(space, display_name(text)).value
    assert address_identity(address_identity(text).value) == address_identity(text)


def test_a_credit_shows_its_address_before_its_handle_and_its_name_only_alone():
    everything = {"name": "Mina L", "address": "M@x.example", "handle": "@Min"}
    assert shown(**everything) == ["address:m@x.example", "handle:forum:min"]
    assert shown(name="Mina L", handle="Min") == ["handle:forum:min"]
    assert shown(name="L, Mina") == ["name:wiki:mina l"]
    assert shown() == []


def test_a_handle_may_belong_to_another_system_than_the_source():
    assert shown(handle="min", namespace="github") == ["handle:github:min"]


def test_an_untrusted_address_is_a_handle_of_its_source():
    assert shown(trust_addresses=False, address="root@localhost") == ["handle:wiki:root@localhost"]


def test_the_surest_identity_stands_for_the_credit():
    credit = Credit(Role.AUTHOR, name="Mina", handle="min")
    assert identity_of(credit, "wiki", "forum") == Identity(IdentityKind.HANDLE, "forum", "min")
    assert identity_of(Credit(Role.AUTHOR), "wiki", "forum") is None


@pytest.mark.parametrize(
    "nobody",
    [
        name_identity("wiki", "TBD"),
        name_identity("wiki", "Unknown"),
        name_identity("wiki", "unknown author"),
        name_identity("wiki", "sig-node-leads"),
        name_identity("wiki", "Brake Team"),
        name_identity("wiki", "---"),
        name_identity("wiki", ""),
        handle_identity("github", "kubernetes/sig-node-leads"),
        handle_identity("github", "dependabot[bot]"),
        handle_identity("github", "k8s-ci-bot"),
        address_identity("no-reply@example.org"),
        address_identity("noreply+123@example.org"),
        address_identity("admin@example.org"),
        handle_identity("forum", "admin@example.org"),  # an untrusted address
        handle_identity("forum", "@@"),
    ],
)
def test_a_placeholder_is_nobody(nobody):
    assert is_placeholder(nobody, None, PLACEHOLDERS)


@pytest.mark.parametrize(
    "somebody",
    [
        name_identity("wiki", "Tabea Dietrich"),
        name_identity("wiki", "Nadia Administratova"),
        name_identity("wiki", "李伟"),
        handle_identity("github", "tbdavis"),
        handle_identity("github", "botond"),
        address_identity("mina@unknown-team.example"),
    ],
)
def test_a_person_is_no_placeholder(somebody):
    assert not is_placeholder(somebody, None, PLACEHOLDERS)


def test_the_name_shown_with_an_identity_counts_too():
    assert is_placeholder(handle_identity("forum", "u4711"), "Deleted User", PLACEHOLDERS)
    assert is_placeholder(handle_identity("forum", "u4711"), "@TBD", PLACEHOLDERS)
    assert not is_placeholder(handle_identity("forum", "u4711"), "Mina", PLACEHOLDERS)
