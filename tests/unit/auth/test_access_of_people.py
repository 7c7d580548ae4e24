"""What a person may read by what directories say of them now, and by nothing that documents say."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from indexer.domain.content import Audience, AudienceKind, DocumentKind, ItemState
from indexer.domain.people import (
    Community,
    Contribution,
    DirectoryPerson,
    DirectoryRecords,
    Identity,
    IdentityKind,
    Membership,
    MembershipRole,
    Person,
    Role,
    Visibility,
)
from indexer.home import Home
from indexer.identity import resolve_people
from indexer.store import documents, identities, items, people
from indexer.store.documents import DocumentDraft
from service.auth import viewer_of_person
from service.auth.permissions import _may_read

TODAY = date.today()
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("empty") / "home")
    home.prepare()
    home.close()
    return home.folder


@pytest.fixture
def prepared(empty, tmp_path):
    home = Home(Path(shutil.copytree(empty, tmp_path / "home")))
    yield home
    home.close()


def address(value):
    return Identity(IdentityKind.ADDRESS, "", value)


HANDLE = Identity(IdentityKind.HANDLE, "chat", "ada")
ADA = DirectoryPerson(Person("ada", "Ada", in_directory=True), (address("ada@example.org"), HANDLE))
BO = DirectoryPerson(Person("bo", "Bo", in_directory=True), (address("bo@example.org"),))
HUSHED = Community("hushed", "Hushed", visibility=Visibility.MEMBERS)


def write_document(transaction, author):
    """A document by somebody."""
    item = items.record_item(
        transaction, source="s", uri="u", revision="1", content_digest="", state=ItemState.OK, reason=None
    )
    nothing_more = dict.fromkeys(("community", "created", "updated", "mark", "superseded_by", "url"))
    draft = DocumentDraft(
        "s", "u", "T", DocumentKind.DOCUMENT, Audience(AudienceKind.PUBLIC), **nothing_more, blocks=()
    )
    documents.replace_document(transaction, item, draft, [], [Contribution(author, None, Role.AUTHOR)])


def apply(home, *listed, memberships=(), links=()):
    with home.database.begin() as transaction:
        people.apply_directory(transaction, DirectoryRecords(listed, (HUSHED,), (), memberships))
        identities.link_identities(transaction, links)
        resolve_people(transaction, [])


def may_read(home, person, subject, kind=AudienceKind.PEOPLE):
    with home.database.read() as transaction:
        return _may_read(viewer_of_person(transaction, person), Audience(kind, subject), frozenset())


@pytest.mark.parametrize("subject", ["ada", "ada,bo", "ada@example.org", "bo,zoe@example.org,ada@example.org"])
def test_given_people_are_known_by_id_and_by_the_addresses_of_the_directory(prepared, subject):
    apply(prepared, ADA, BO)
    assert may_read(prepared, "ada", subject)


@pytest.mark.parametrize("subject", ["", "bo", "ad", "chat:ada", "ADA", "Ada"])
def test_nobody_is_given_access_by_anything_else(prepared, subject):
    apply(prepared, ADA, BO)
    assert not may_read(prepared, "ada", subject)


def test_an_address_that_a_document_shows_beside_ones_own_proves_nothing(prepared):
    apply(prepared, ADA, links=[(HANDLE, address("boss@example.org"))])
    assert not may_read(prepared, "ada", "boss@example.org")


def test_whoever_is_removed_from_the_directory_has_lost_access(prepared):
    apply(prepared, ADA, BO, memberships=[Membership("ada", "hushed")])
    assert may_read(prepared, "ada", "hushed", AudienceKind.MEMBERS)
    apply(prepared, BO)
    assert not may_read(prepared, "ada", "ada")
    assert not may_read(prepared, "ada", "ada@example.org")
    assert not may_read(prepared, "ada", "hushed", AudienceKind.MEMBERS)


def test_nobody_becomes_a_person_who_was_removed_by_what_documents_show_together(prepared):
    apply(prepared, ADA, BO)
    apply(prepared, BO, links=[(HANDLE, address("bo@example.org"))])
    assert not may_read(prepared, "bo", "ada")
    assert not may_read(prepared, "ada", "bo")


def test_nobody_becomes_a_person_of_the_directory_by_what_documents_show_together(prepared):
    mallory = address("mallory@example.net")
    apply(prepared, BO)
    with prepared.database.begin() as transaction:
        write_document(transaction, mallory)
        resolve_people(transaction, [])
        derived = identities.people_behind(transaction, [mallory])[mallory]
        identities.link_identities(transaction, [(mallory, address("bo@example.org"))])
        resolve_people(transaction, [])
        shown = people.find_person(transaction, derived)
    assert shown is not None
    assert shown.id == "bo"  # pages show them as one person
    assert not may_read(prepared, derived, "bo")


def test_a_person_whom_the_directory_gives_another_id_keeps_what_the_old_one_was_given(prepared):
    apply(prepared, ADA, BO, memberships=[Membership("ada", "hushed")])
    renamed = DirectoryPerson(Person("ada-marlow", "Ada", in_directory=True), ADA.identities)
    apply(prepared, renamed, BO, memberships=[Membership("ada-marlow", "hushed")])
    for account_of in ("ada", "ada-marlow"):
        assert may_read(prepared, account_of, "ada")
        assert may_read(prepared, account_of, "hushed", AudienceKind.MEMBERS)
    apply(prepared, ADA, BO)
    assert may_read(prepared, "ada", "ada")
    assert may_read(prepared, "ada", "ada-marlow")


def test_an_id_is_not_followed_where_only_one_of_the_addresses_went_to_another(prepared):
    both = DirectoryPerson(ADA.person, (address("ada@example.org"), address("desk@example.org")))
    apply(prepared, both, BO)
    apply(prepared, DirectoryPerson(BO.person, (*BO.identities, address("desk@example.org"))))
    assert not may_read(prepared, "bo", "ada")
    assert may_read(prepared, "bo", "desk@example.org")


def test_whoever_has_left_is_a_member_of_nothing_and_given_nothing(prepared):
    left = DirectoryPerson(Person("ada", "Ada", in_directory=True, former=True), ADA.identities)
    apply(prepared, left, memberships=[Membership("ada", "hushed")])
    assert not may_read(prepared, "ada", "ada")
    assert not may_read(prepared, "ada", "hushed", AudienceKind.MEMBERS)


@pytest.mark.parametrize("role", MembershipRole)
def test_every_role_in_a_community_makes_a_member(prepared, role):
    apply(prepared, ADA, memberships=[Membership("ada", "hushed", role)])
    assert may_read(prepared, "ada", "hushed", AudienceKind.MEMBERS)
    with prepared.database.read() as transaction:
        assert viewer_of_person(transaction, "ada").stewards == ({"hushed"} if role == "steward" else set())


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (None, TODAY - 2 * DAY, False),
        (None, TODAY + DAY, True),
        (TODAY - DAY, None, True),
        (TODAY + 2 * DAY, None, False),
        (TODAY - DAY, TODAY + DAY, True),
    ],
)
def test_a_membership_counts_from_its_first_day_to_its_last(prepared, since, until, expected):
    apply(prepared, ADA, memberships=[Membership("ada", "hushed", MembershipRole.STEWARD, since, until)])
    assert may_read(prepared, "ada", "hushed", AudienceKind.MEMBERS) is expected
    with prepared.database.read() as transaction:
        assert bool(viewer_of_person(transaction, "ada").stewards) is expected
