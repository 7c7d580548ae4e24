"""The sample organisation as `knowwho index` leaves it."""

from indexer.domain.content import ItemState
from indexer.store import contributions, documents, identities, items, people
from service.auth import ANONYMOUS, Viewer, readable_audiences, viewer_of_person
from tests.conftest import IndexedHome


def test_every_item_of_the_sample_has_a_state_and_only_the_four_bad_ones_are_not_ok(sample_home: IndexedHome) -> None:
    with sample_home.home.database.read() as transaction:
        entries = items.report_items(transaction, ItemState)
    bad = {entry.uri: entry.state for entry in entries if entry.state is not ItemState.OK}
    assert len(entries) >= 120
    assert bad == {
        "brakes/suppliers/kolbrandt-prices-sealed.pdf": ItemState.ENCRYPTED,
        "depot/scans/wheel-card-14.pdf": ItemState.NO_TEXT,
        "doors/scans/sellac-drawing-cut-off.pdf": ItemState.FAILED,
        "software/dumps/vigil-core-2-019.bin": ItemState.SKIPPED,
    }
    assert all(entry.reason for entry in entries if entry.uri in bad)


def test_people_of_all_sources_are_those_of_the_directory(sample_home: IndexedHome) -> None:
    with sample_home.home.database.read() as transaction:
        readable = documents.all_audiences(transaction)
        written = documents.list_documents(transaction, readable, person="henrike-albers", limit=200)
    assert {document.source for document in written} >= {"library", "methods", "forum", "chat"}


def test_two_people_of_one_name_are_kept_apart_and_listed(sample_home: IndexedHome) -> None:
    with sample_home.home.database.read() as transaction:
        doubles = dict(identities.same_names(transaction))
    assert {"martin-novak-brno", "martin-novak-fulda"} < {*doubles["Martin Novak"]}


def test_placeholders_are_nobody(sample_home: IndexedHome) -> None:
    with sample_home.home.database.read() as transaction:
        nobody = {identity.value for identity, _ in identities.unresolved(transaction)}
    assert {"tbd", "aldermere/brakes-leads"} <= nobody


def test_both_addresses_of_a_person_lead_to_them(sample_home: IndexedHome) -> None:
    with sample_home.home.database.read() as transaction:
        mail = documents.find_by_uri(
            transaction, "library", "doors/mail/re-reopening-in-tunnels.eml", documents.all_audiences(transaction)
        )
        assert mail is not None
        parts = contributions.parts_in(transaction, [mail.id], documents.all_audiences(transaction))
    assert [part.person for part in parts] == ["camille-roussel"]


def test_a_former_member_is_marked_as_one(sample_home: IndexedHome) -> None:
    with sample_home.home.database.read() as transaction:
        person = people.find_person(transaction, "dieter-hollmann")
    assert person is not None
    assert person.former


def test_a_document_for_given_people_is_theirs_alone(sample_home: IndexedHome) -> None:
    def may_read(viewer: Viewer) -> bool:
        readable = readable_audiences(transaction, viewer).ids
        uri = "brakes/notes/bench-succession.md"
        return documents.find_by_uri(transaction, "library", uri, readable) is not None

    with sample_home.home.database.read() as transaction:
        named = [viewer_of_person(transaction, person) for person in ("henrike-albers", "tobias-kranz")]
        other = viewer_of_person(transaction, "leila-farouk")
        assert [may_read(viewer) for viewer in (*named, other, ANONYMOUS)] == [True, True, False, False]
