from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.domain.people import Contribution, DirectoryPerson, DirectoryRecords, Person, Role
from indexer.identity import find_conflicts, resolve_people
from indexer.notation import address_identity, handle_identity
from indexer.store import Database, Transaction, identities, people

IVY, HANDLE = address_identity("ivy@x.example"), handle_identity("chat", "ivy")


@pytest.fixture
def transaction(tmp_path: Path) -> Iterator[Transaction]:
    database = Database(tmp_path / "home.sqlite")
    database.migrate()
    with database.begin() as begun:
        yield begun
    database.close()


def named(*names: str | None) -> list[Contribution]:
    return [Contribution(IVY, name, Role.AUTHOR) for name in names]


@pytest.mark.parametrize("names", [("Ivy", "I. Rao"), ("I. Rao", "Ivy"), ("Ivy", None), (None, "Ivy")])
def test_a_persons_name_does_not_depend_on_the_order_of_reading(
    transaction: Transaction, names: tuple[str | None, ...]
) -> None:
    for name in names:
        identities.identity_ids(transaction, [named(name)])
    identities.vouch(transaction, {IVY: "ivy"})
    assert [entry.display_name for entry in identities.all_identities(transaction)] == ["Ivy"]


def test_a_handle_shown_only_beside_addresses_joins_them(transaction: Transaction) -> None:
    other = address_identity("ivy.rao@x.example")
    people.apply_directory(transaction, DirectoryRecords((DirectoryPerson(Person("ivy", "Ivy"), (IVY,)),)))
    identities.identity_ids(transaction, [[Contribution(other, None, Role.AUTHOR)]])
    identities.link_identities(transaction, [(IVY, HANDLE), (HANDLE, other)])
    resolve_people(transaction, ())
    assert identities.people_behind(transaction, [HANDLE]) == {HANDLE: "ivy"}


def test_an_identity_that_nothing_mentions_any_more_stands_for_nobody(transaction: Transaction) -> None:
    people.apply_directory(transaction, DirectoryRecords((DirectoryPerson(Person("ivy", "Ivy"), (IVY,)),)))
    resolve_people(transaction, ())
    assert identities.people_behind(transaction, [IVY]) == {IVY: "ivy"}
    people.apply_directory(transaction, DirectoryRecords())
    resolve_people(transaction, ())
    assert identities.people_behind(transaction, [IVY]) == {}
    assert people.count_people(transaction) == 0


def test_two_listed_people_in_one_group_are_a_conflict_for_an_admin(transaction: Transaction) -> None:
    listed = (DirectoryPerson(Person("ivy", "Ivy"), (IVY,)), DirectoryPerson(Person("rui", "Rui"), (HANDLE,)))
    people.apply_directory(transaction, DirectoryRecords(listed))
    identities.link_identities(transaction, [(IVY, HANDLE)])
    assert find_conflicts(transaction, ()) == (("ivy", "rui"),)
