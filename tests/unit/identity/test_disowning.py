"""Identities of which somebody says that they are not theirs, in a real database."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from indexer.domain.accounts import Account, AuditAction, PersonChoices
from indexer.domain.errors import ChoiceInvalid, NotFound
from indexer.domain.people import Identity
from indexer.home import Home
from indexer.notation import address_identity, handle_identity
from indexer.store import audit, choices, identities, people
from service.auth import SignIn, Viewer, viewer_of_person
from service.profile import Origin, disown_identity, held_identities, own_identity_again
from tests.unit.identity.test_resolution import PLACEHOLDERS, Organisation, author, listed

ADDRESS = address_identity("mina@x.example")
WIKI = handle_identity("wiki", "mina")
CHAT = handle_identity("chat", "minl")


class Place(Organisation):
    """An organisation in a home of its own."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder)
        super().__init__(folder / "knowwho.sqlite")

    def me(self, person: str) -> SignIn:
        account = Account("a", "mina", person, False, False, True, datetime.now(UTC))
        return SignIn(account, Viewer(person, account="a"))

    def held(self, person: str) -> dict[Identity, tuple[Origin, bool]]:
        with self.database.read() as transaction:
            return {held.identity: (held.origin, held.disowned) for held in held_identities(transaction, person)}

    def disown(self, person: str, identity: Identity) -> None:
        disown_identity(self.home, self.me(person), self._id(identity), PLACEHOLDERS)

    def own_again(self, person: str, identity: Identity) -> None:
        own_identity_again(self.home, self.me(person), self._id(identity), PLACEHOLDERS)

    def _id(self, identity: Identity) -> str:
        with self.database.read() as transaction:
            return next(str(e.id) for e in identities.all_identities(transaction) if e.identity == identity)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.home.close()
    made.database.close()


def together(place: Place) -> str:
    """Mina by an address and two handles, each shown with the address; gives her id."""
    place.read(author(address="mina@x.example", handle="mina"), author(handle="mina"))
    place.read(author(address="mina@x.example", handle="minl"), author(handle="minl"), source="chat")
    (person,) = {place.person(identity) for identity in (ADDRESS, WIKI, CHAT)}
    assert person is not None
    return str(person)


def again(place: Place) -> list[Callable[[], object]]:
    """All ways by which people are resolved once more."""
    return [
        place.resolve,
        lambda: place.read(author(address="mina@x.example", handle="mina"), author(handle="mina")),
        lambda: place.read(author(address="mina@x.example", handle="minl"), author(handle="minl"), source="chat"),
    ]


@pytest.mark.parametrize("identity", [ADDRESS, WIKI, CHAT])
def test_what_somebody_disowns_leaves_them_at_once_and_for_good(place: Place, identity: Identity) -> None:
    person = together(place)
    place.disown(person, identity)
    kept = {ADDRESS, WIKI, CHAT} - {identity}
    for resolve in [lambda: None, *again(place)]:
        resolve()
        (now,) = {place.person(other) for other in kept}
        assert place.find(person).id == now  # links and accounts lead to who stayed
        assert place.person(identity) not in (None, now)
        assert place.held(now)[identity][1]


@pytest.mark.parametrize("identity", [ADDRESS, WIKI, CHAT])
def test_what_was_disowned_can_be_owned_again(place: Place, identity: Identity) -> None:
    person = together(place)
    place.disown(person, identity)
    place.own_again(str(place.find(person).id), identity)
    (now,) = {place.person(other) for other in (ADDRESS, WIKI, CHAT)}
    assert place.find(person).id == now
    assert {disowned for _, disowned in place.held(str(now)).values()} == {False}


def test_two_identities_that_one_person_disowns_may_be_one_other(place: Place) -> None:
    place.list_people(listed("mina", ADDRESS))
    place.read(author(address="mina@x.example", handle="mina"), author(handle="mina"))
    place.read(author(address="mina@y.example", handle="mina"))
    other = address_identity("mina@y.example")
    place.disown("mina", WIKI)
    assert place.person(ADDRESS) == place.person(other) == "mina"
    place.disown("mina", other)
    assert place.person(WIKI) == place.person(other) != "mina"


def test_what_the_directory_vouches_for_stands_for_nobody_once_it_is_disowned(place: Place) -> None:
    place.list_people(listed("mina", ADDRESS, WIKI))
    place.read(author(handle="mina"))
    assert place.held("mina")[WIKI] == (Origin.DIRECTORY, False)
    place.disown("mina", WIKI)
    for resolve in [lambda: None, *again(place), lambda: place.list_people(listed("mina", ADDRESS, WIKI))]:
        resolve()
        assert place.person(WIKI) is None
    place.list_people(listed("mina", ADDRESS), listed("ole", WIKI))
    assert place.person(WIKI) == "ole"


def test_a_disowned_address_gives_no_access_and_leads_nobody_to_the_account(place: Place) -> None:
    place.list_people(listed("mina", ADDRESS, WIKI))
    with place.database.read() as transaction:
        assert viewer_of_person(transaction, "mina").names == {"mina", "mina@x.example"}
        assert identities.vouched_person(transaction, ADDRESS) == "mina"

    place.disown("mina", ADDRESS)
    with place.database.read() as transaction:
        assert viewer_of_person(transaction, "mina").names == {"mina"}
        assert identities.vouched_person(transaction, ADDRESS) is None

    place.own_again("mina", ADDRESS)
    with place.database.read() as transaction:
        assert viewer_of_person(transaction, "mina").names == {"mina", "mina@x.example"}


def test_whoever_is_known_by_one_identity_alone_cannot_disown_it(place: Place) -> None:
    place.read(author(handle="mina"))
    person = str(place.person(WIKI))
    with pytest.raises(ChoiceInvalid, match="ask an admin"):
        place.disown(person, WIKI)
    assert place.person(WIKI) == person


def test_nobody_disowns_what_is_anothers(place: Place) -> None:
    place.list_people(listed("mina", ADDRESS), listed("ole", WIKI))
    with pytest.raises(NotFound):
        place.disown("mina", WIKI)


def test_both_are_in_the_audit_trail_without_name_or_address(place: Place) -> None:
    place.list_people(listed("mina", ADDRESS, WIKI))
    place.disown("mina", WIKI)
    place.own_again("mina", WIKI)
    with place.database.read() as transaction:
        entries = list(audit.all_entries(transaction))
    assert [(entry.actor, entry.action) for entry in entries] == [("a", AuditAction.IDENTITY_DISOWNED)] * 2
    assert [entry.detail.get("taken_back", False) for entry in entries] == [False, True]
    assert "mina" not in " ".join(f"{entry.subject} {entry.detail}" for entry in entries)


def test_choices_follow_a_person_to_another_id(place: Place) -> None:
    place.read(author(handle="mina"))
    before = str(place.person(WIKI))
    with place.database.begin() as transaction:
        choices.save_choices(transaction, before, PersonChoices(hidden=True, questions_a_week=2))
    place.list_people(listed("mina", WIKI))
    with place.database.begin() as transaction:
        assert choices.which_are_hidden(transaction, ["mina", "ole"]) == {"mina"}
        assert choices.choices_of(transaction, ["mina"])["mina"].questions_a_week == 2
        choices.save_choices(transaction, "mina", PersonChoices())
        assert choices.which_are_hidden(transaction, ["mina", before]) == frozenset()


def test_an_id_that_stands_for_somebody_again_leads_nowhere_else(place: Place) -> None:
    place.read(author(handle="mina"))
    place.read(author(address="mina@x.example"))
    alone = str(place.person(WIKI))
    place.list_people(listed("mina", ADDRESS))
    place.read(author(address="mina@x.example", handle="mina"))
    assert place.find(alone).id == "mina"
    place.disown("mina", WIKI)
    assert place.person(WIKI) == place.find(alone).id == alone
    with place.database.read() as transaction:
        assert people.present_ids(transaction, [alone]) == {alone: alone}
