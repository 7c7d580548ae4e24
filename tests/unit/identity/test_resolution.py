"""Which identities become one person, in a real database."""

from contextlib import contextmanager
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.domain.content import (
    Audience,
    AudienceKind,
    Block,
    Credit,
    DocumentKind,
    ItemMetadata,
    ItemState,
    Locator,
    ParsedDocument,
    Passage,
)
from indexer.domain.ids import person_id
from indexer.domain.people import DirectoryPerson, DirectoryRecords, Person, Role
from indexer.identity import people_of, resolve_people
from indexer.notation import address_identity, handle_identity, name_identity
from indexer.settings import FolderSource, Settings, load_settings
from indexer.store import Database, documents, identities, items, people
from indexer.store.documents import DocumentDraft

PLACEHOLDERS = load_settings(Settings, None).identity.placeholders
PASSAGES = (Passage(1, "text", "T. text", Locator(), bytes(16)),)


class Organisation:
    """A database that sources and a directory are read into."""

    def __init__(self, file):
        self.database = Database(file)
        self.database.migrate()
        self._numbers = count()

    def read(self, *credits, source="wiki", **settings):
        """Read one document with these credits, and resolve people, as the pipeline does it."""
        self.save(*credits, source=source, **settings)
        return self.resolve()

    def save(self, *credits, source="wiki", **settings):
        with self.database.begin() as transaction:
            self._save(transaction, credits, FolderSource(name=source, kind="folder", path="/", **settings))

    def list_people(self, *listed):
        """Apply a directory of these people, in place of any earlier one."""
        with self.database.begin() as transaction:
            people.apply_directory(transaction, DirectoryRecords(people=listed))
        return self.resolve()

    def resolve(self, placeholders=PLACEHOLDERS):
        with self.database.begin() as transaction:
            return resolve_people(transaction, placeholders)

    def person(self, identity):
        """The id of the person that an identity stands for now."""
        with self.database.read() as transaction:
            stored = {entry.identity: entry.person_id for entry in identities.all_identities(transaction)}
        return stored[identity]

    def find(self, person):
        with self.database.read() as transaction:
            return people.find_person(transaction, person)

    def groups(self):
        """The identities of each person by the person's id and name."""
        with self.database.read() as transaction:
            stored = identities.all_identities(transaction)
            names = people.find_people(transaction, {entry.person_id for entry in stored if entry.person_id})
        found = {}
        for entry in stored:
            key = (entry.person_id, names[entry.person_id].name) if entry.person_id else None
            found.setdefault(key, set()).add(str(entry.identity))
        return found

    def _save(self, transaction, credits, source):
        uri = f"{next(self._numbers)}.md"
        parsed = ParsedDocument("T", (Block("text"),), metadata=ItemMetadata(credits=credits))
        involved = people_of(parsed, source)
        identities.link_identities(transaction, involved.links)
        item = items.record_item(
            transaction,
            source=source.name,
            uri=uri,
            revision="1",
            content_digest="",
            state=ItemState.OK,
            reason=None,
        )
        draft = DocumentDraft(
            source=source.name,
            uri=uri,
            title="T",
            kind=DocumentKind.DOCUMENT,
            audience=Audience(AudienceKind.PUBLIC),
            community=None,
            created=None,
            updated=None,
            mark=None,
            superseded_by=None,
            url=None,
            blocks=parsed.blocks,
            messages=(),
        )
        documents.replace_document(transaction, item, draft, PASSAGES, involved.contributions)


@contextmanager
def organisation_in(folder):
    made = Organisation(folder / "knowwho.sqlite")
    try:
        yield made
    finally:
        made.database.close()


@pytest.fixture
def organisation(tmp_path):
    with organisation_in(tmp_path) as made:
        yield made


def author(**shown):
    return Credit(Role.AUTHOR, **shown)


def listed(person, *theirs):
    return DirectoryPerson(Person(person, person.title(), in_directory=True), theirs)


ADDRESS = address_identity("mina@x.example")
HANDLE = handle_identity("wiki", "mina")
OTHER = handle_identity("chat", "minl")


def test_the_same_address_in_two_sources_is_one_person(organisation):
    organisation.read(author(address="Mina@x.example", name="Mina"), source="wiki")
    organisation.read(author(address="mina@X.example", name="Mina"), source="lessons")
    assert organisation.groups() == {(person_id(str(ADDRESS)), "Mina"): {"address:mina@x.example"}}


def test_an_address_and_a_handle_that_were_shown_together_are_one_person(organisation):
    organisation.read(author(handle="mina"))
    organisation.read(author(address="mina@x.example"))
    assert organisation.person(HANDLE) != organisation.person(ADDRESS)
    organisation.read(author(address="mina@x.example", handle="mina"))
    assert organisation.person(HANDLE) == organisation.person(ADDRESS)


def test_a_bare_name_never_joins_across_sources(organisation):
    organisation.read(author(name="Michael Bell"), source="wiki")
    organisation.read(author(name="Michael Bell"), source="lessons")
    organisation.read(author(name="Michael Bell", address="bell@x.example"), source="mail")
    assert len(organisation.groups()) == 3


def test_two_spellings_of_a_name_are_one_person_within_a_source(organisation):
    organisation.read(author(name="Bell, Michael"))
    organisation.read(author(name="Michael  Bell"))
    assert [name for _, name in organisation.groups()] == ["Michael Bell"]


def test_handles_join_sources_that_share_a_namespace_only(organisation):
    organisation.read(author(handle="minl"), source="forum", handles="login")
    organisation.read(author(handle="minl"), source="chat", handles="login")
    organisation.read(author(handle="minl"), source="wiki")
    assert sorted(map(len, organisation.groups().values())) == [1, 1]
    assert organisation.person(handle_identity("login", "minl")) != organisation.person(handle_identity("wiki", "minl"))


def test_a_directory_joins_what_it_vouches_for(organisation):
    alias = name_identity("lessons", "Lindqvist, M.")
    organisation.read(author(handle="mina"))
    organisation.read(author(name="M. Lindqvist"), source="lessons")
    organisation.list_people(listed("mina", ADDRESS, HANDLE, alias))
    assert organisation.groups() == {("mina", "Mina"): {str(ADDRESS), str(HANDLE), str(alias)}}


def test_what_is_linked_to_a_vouched_identity_is_the_listed_person(organisation):
    organisation.list_people(listed("mina", ADDRESS))
    organisation.read(author(address="mina@x.example", handle="mina"), author(handle="mina"))
    assert organisation.person(HANDLE) == "mina"


def test_two_listed_people_who_claim_one_group_are_reported_and_kept_apart(organisation):
    ole = handle_identity("wiki", "ole")
    organisation.list_people(listed("mina", ADDRESS), listed("ole", ole))
    organisation.read(author(handle="shared"))
    organisation.read(author(address="mina@x.example", handle="shared"))
    assert organisation.read(author(address="mina@x.example", handle="ole")).conflicts == (("mina", "ole"),)
    assert (organisation.person(ADDRESS), organisation.person(ole)) == ("mina", "ole")
    assert organisation.person(handle_identity("wiki", "shared")) not in ("mina", "ole")


def test_a_group_that_a_conflict_breaks_up_falls_into_separate_persons(organisation):
    handles = [handle_identity("wiki", name) for name in ("one", "two")]
    address = {"address": "mina@x.example"}
    organisation.read(author(**address, handle="one"), author(**address, handle="two"))
    organisation.read(author(handle="one"), author(handle="two"))
    joined = organisation.person(ADDRESS)
    assert {organisation.person(handle) for handle in handles} == {joined}
    ole = handle_identity("wiki", "ole")
    organisation.read(author(**address, handle="ole"))
    resolution = organisation.list_people(listed("mina", ADDRESS), listed("ole", ole))
    assert resolution.conflicts == (("mina", "ole"),)
    assert len({organisation.person(ADDRESS), organisation.person(ole), *map(organisation.person, handles)}) == 4


@pytest.mark.parametrize(
    "nobody",
    [
        {"name": "TBD"},
        {"name": "Unknown"},
        {"name": "sig-node-leads"},
        {"handle": "kubernetes/sig-node-leads"},
        {"address": "no-reply@x.example"},
    ],
)
def test_placeholders_are_nobody(organisation, nobody):
    organisation.read(author(**nobody))
    assert list(organisation.groups()) == [None]


def test_a_placeholder_joins_nobody(organisation):
    organisation.read(author(address="no-reply@x.example", handle="mina"), author(handle="mina"))
    organisation.read(author(address="no-reply@x.example", handle="ole"), author(handle="ole"))
    assert organisation.person(HANDLE) != organisation.person(handle_identity("wiki", "ole"))


def test_a_vouched_identity_is_never_nobody(organisation):
    admin = handle_identity("wiki", "admin")
    organisation.read(author(handle="admin"))
    assert organisation.person(admin) is None
    organisation.list_people(listed("mina", admin))
    organisation.read(author(handle="admin"))
    assert organisation.person(admin) == "mina"


def test_whoever_becomes_a_placeholder_is_nobody_from_then_on(organisation):
    organisation.read(author(handle="mina"))
    organisation.resolve(placeholders=("min*",))
    assert organisation.groups() == {None: {str(HANDLE)}}


def test_an_id_stays_when_a_second_identity_turns_up(organisation):
    organisation.read(author(handle="mina", name="Mina"))
    before = organisation.person(HANDLE)
    organisation.read(author(address="mina@x.example", handle="mina", name="Mina Lindqvist"))
    assert organisation.person(HANDLE) == organisation.person(ADDRESS) == before
    assert (organisation.find(before).name, organisation.find(before).address) == ("Mina Lindqvist", "mina@x.example")


def test_an_id_redirects_when_two_persons_turn_out_to_be_one(organisation):
    organisation.read(author(handle="mina"))
    organisation.read(author(address="mina@x.example"))
    before = {organisation.person(HANDLE), organisation.person(ADDRESS)}
    organisation.read(author(address="mina@x.example", handle="mina"))
    kept = organisation.person(HANDLE)
    assert kept in before
    assert {organisation.find(person).id for person in before} == {kept}


def test_an_id_redirects_to_the_listed_person(organisation):
    organisation.read(author(handle="mina"))
    before = organisation.person(HANDLE)
    organisation.list_people(listed("mina", HANDLE))
    assert organisation.find(before).id == "mina"


def test_redirects_are_followed_through(organisation):
    organisation.read(author(handle="mina"))
    organisation.read(author(address="mina@x.example"))
    first = {organisation.person(HANDLE), organisation.person(ADDRESS)}
    organisation.read(author(address="mina@x.example", handle="mina"))
    organisation.list_people(listed("mina", ADDRESS))
    assert {organisation.find(person).id for person in first} == {"mina"}


def test_a_listed_person_who_loses_an_identity_stays_who_they_are(organisation):
    organisation.read(author(handle="mina"))
    organisation.list_people(listed("mina", ADDRESS, HANDLE), listed("ole"))
    assert organisation.list_people(listed("mina", ADDRESS), listed("ole")).redirects == {}
    assert organisation.person(HANDLE) not in ("mina", "ole")
    assert organisation.find("mina").id == "mina"


def test_a_listed_person_whose_only_identity_was_anothers_stays_who_they_are(organisation):
    organisation.read(author(handle="mina"))
    organisation.list_people(listed("mina"), listed("ole", HANDLE))
    assert organisation.list_people(listed("mina", HANDLE), listed("ole")).redirects == {}
    assert (organisation.find("ole").id, organisation.person(HANDLE)) == ("ole", "mina")


def test_whoever_leaves_the_directory_is_found_under_the_old_id(organisation):
    organisation.read(author(handle="mina"))
    organisation.list_people(listed("mina", HANDLE))
    organisation.list_people()
    assert organisation.find("mina").id == organisation.person(HANDLE) == person_id(str(HANDLE))


def test_an_untrusted_address_joins_nobody(organisation):
    organisation.read(author(address="mina@x.example"), source="mail")
    organisation.read(author(address="mina@x.example"), source="commits", trust_addresses=False)
    assert len(organisation.groups()) == 2


def test_resolving_again_changes_nothing(organisation):
    organisation.list_people(listed("ole", handle_identity("wiki", "ole")))
    organisation.read(author(address="mina@x.example", handle="mina"), author(handle="mina"), author(name="TBD"))
    before = organisation.groups()
    resolution = organisation.resolve()
    assert (organisation.groups(), resolution.redirects) == (before, {})


NAMES = ["ada", "ben", "cy", "admin"]
CREDITS = st.builds(
    lambda address, handle: author(address=address and f"{address}@x.example", handle=handle),
    st.none() | st.sampled_from(NAMES),
    st.none() | st.sampled_from(NAMES),
) | st.builds(lambda name: author(name=f"{name.title()} Bell"), st.sampled_from(NAMES))
DOCUMENTS = st.tuples(st.sampled_from(["wiki", "chat"]), st.lists(CREDITS, min_size=1, max_size=2))
DIRECTORY = (listed("ada", address_identity("ada@x.example")), listed("ben", handle_identity("chat", "ben")))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents_read=st.lists(DOCUMENTS, max_size=7), order=st.randoms(use_true_random=False))
def test_resolution_is_the_same_whatever_the_order_of_reading(tmp_path_factory, documents_read, order):
    shuffled = order.sample(documents_read, len(documents_read))
    found = []
    for sequence in (documents_read, shuffled):
        with organisation_in(tmp_path_factory.mktemp("home")) as made:
            for source, credits in sequence:
                made.save(*credits, source=source)
            made.list_people(*DIRECTORY)
            found.append((made.groups(), made.resolve().conflicts))
    assert found[0] == found[1]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents_read=st.lists(DOCUMENTS, max_size=7), order=st.randoms(use_true_random=False))
def test_the_groups_are_the_same_when_people_are_resolved_after_every_document(tmp_path_factory, documents_read, order):
    shuffled = order.sample(documents_read, len(documents_read))
    found = []
    for sequence in (documents_read, shuffled):
        with organisation_in(tmp_path_factory.mktemp("home")) as made:
            made.list_people(*DIRECTORY)
            for source, credits in sequence:
                made.read(*credits, source=source)
            found.append({frozenset(group) for group in made.groups().values()})
    assert found[0] == found[1]
