from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
import yaml

from indexer.domain.errors import DirectoryInvalid, SourceUnavailable
from indexer.domain.people import (
    Community,
    DirectoryPerson,
    Identity,
    IdentityKind,
    Membership,
    MembershipRole,
    Person,
    Unit,
    Visibility,
)
from indexer.settings import DirectorySource
from indexer.sources import Directory
from indexer.sources.directory import _Community, _Directory, _Membership, _Person

SAMPLE = Path(__file__).parents[3] / "config" / "sample" / "directory.yaml"
MINA = {"id": "mina", "name": "Mina Lindqvist", "addresses": ["Mina.Lindqvist@x.example"]}
OLE = {"id": "ole", "name": "Ole Brandt"}
BRAKES = {"slug": "brakes", "name": "Brakes"}
STEWARD = {"person": "mina", "community": "brakes", "role": "steward"}


def directory(path):
    return Directory(DirectorySource(name="staff", kind="directory", path=path))


@pytest.fixture
def said(tmp_path):
    """The records of a directory that says this."""

    def records(**tables):
        file = tmp_path / "staff.yaml"
        file.write_text(yaml.safe_dump(tables, sort_keys=False))
        return directory(file).records()

    return records


def test_the_sample_organisation_loads():
    records = directory(SAMPLE).records()
    assert len(records.people) > 20
    assert len(records.communities) == 7
    stewards = [
        (m.person, m.community) for m in records.memberships if m.role is MembershipRole.STEWARD and not m.until
    ]
    assert len(stewards) == len(set(stewards)) >= 7


def test_everything_a_file_says_is_in_its_records(said):
    records = said(
        units=[{"name": "Engineering"}, {"name": "Brake team", "parent": "Engineering", "place": "Fulda"}],
        people=[
            {
                **MINA,
                "handles": {"forum": "@MinL", "chat": ["mina.l", 77]},
                "aliases": {"lessons": "Lindqvist, Mina"},
                "unit": "Brake team",
                "languages": ["sv", "de"],
            }
        ],
        communities=[{**BRAKES, "visibility": "members", "stewards": ["mina"]}],
        memberships=[{"person": "mina", "community": "brakes", "role": "core", "since": 2019, "until": "2020-05"}],
    )
    identities = (
        Identity(IdentityKind.ADDRESS, "", "mina.lindqvist@x.example"),
        Identity(IdentityKind.HANDLE, "forum", "minl"),
        Identity(IdentityKind.HANDLE, "chat", "mina.l"),
        Identity(IdentityKind.HANDLE, "chat", "77"),
        Identity(IdentityKind.NAME, "lessons", "mina lindqvist"),
    )
    address = "Mina.Lindqvist@x.example"
    mina = Person("mina", "Mina Lindqvist", "Brake team", None, ("sv", "de"), address, in_directory=True)
    assert records.units == (Unit("Engineering"), Unit("Brake team", "Engineering", "Fulda"))
    assert records.people == (DirectoryPerson(mina, identities),)
    assert records.communities == (Community("brakes", "Brakes", None, Visibility.MEMBERS, True),)
    assert set(records.memberships) == {
        Membership("mina", "brakes", MembershipRole.STEWARD),
        Membership("mina", "brakes", MembershipRole.CORE, date(2019, 1, 1), date(2020, 5, 1)),
    }


def test_a_folder_of_tables_says_the_same_as_one_file(said, tmp_path):
    folder = tmp_path / "staff"
    folder.mkdir()
    (folder / "units.csv").write_text("name,parent,place\nEngineering,,Fulda\n")
    (folder / "people.csv").write_text(
        "\ufeffid,name,addresses,handles,aliases,unit,languages,left\n"
        "mina,Mina Lindqvist,mina@x.example; m@old.example,forum=minl;chat=min,"
        '"lessons=Lindqvist, Mina",Engineering,sv;de,\n'
        "ole,Ole Brandt,,forum=ole;forum=ole_b,,,,2020-01-31\n"
        ",,,,,,,\n",
        encoding="utf-8",
    )
    (folder / "communities.csv").write_text("slug,name,visibility,stewards\nbrakes,Brakes,members,mina;ole\n")
    (folder / "memberships.csv").write_text("person,community,role,since,until\nmina,brakes,steward,2020-01-01,\n")
    in_one_file = said(
        units=[{"name": "Engineering", "place": "Fulda"}],
        people=[
            {
                "id": "mina",
                "name": "Mina Lindqvist",
                "addresses": ["mina@x.example", "m@old.example"],
                "handles": {"forum": ["minl"], "chat": "min"},
                "aliases": {"lessons": ["Lindqvist, Mina"]},
                "unit": "Engineering",
                "languages": ["sv", "de"],
            },
            {"id": "ole", "name": "Ole Brandt", "handles": {"forum": ["ole", "ole_b"]}, "left": date(2020, 1, 31)},
        ],
        communities=[{**BRAKES, "visibility": "members", "stewards": ["mina", "ole"]}],
        memberships=[{**STEWARD, "since": date(2020, 1, 1)}],
    )
    assert directory(folder).records() == in_one_file


@pytest.mark.parametrize(
    ("tables", "named"),
    [
        ({"people": [MINA, {**OLE, "id": "mina"}]}, "two people have the id mina"),
        ({"communities": [BRAKES, {**BRAKES, "name": "Others"}]}, "two communities have the slug brakes"),
        (
            {"people": [MINA, {**OLE, "addresses": ["mina.lindqvist@X.example"]}]},
            "mina and ole both have address:mina.lindqvist@x.example",
        ),
        (
            {"people": [{**MINA, "handles": {"forum": "m"}}, {**OLE, "handles": {"forum": ["o", "M"]}}]},
            "mina and ole both have handle:forum:m",
        ),
        (
            {"people": [{**MINA, "aliases": {"a": "Lin, M."}}, {**OLE, "aliases": {"a": "M. Lin"}}]},
            "mina and ole both have name:a:m. lin",
        ),
        ({"communities": [BRAKES], "memberships": [STEWARD]}, "brakes has a member mina who is not among the people"),
        ({"communities": [{**BRAKES, "stewards": ["mina"]}]}, "brakes has a member mina who is not among the people"),
        ({"people": [MINA], "memberships": [STEWARD]}, "mina is a member of brakes, which is no community here"),
        ({"people": [{"id": "mina"}]}, "people 1 name"),
        ({"people": [{**MINA, "shoe": 38}]}, "people 1 shoe"),
        ({"people": [{**MINA, "id": "mina lindqvist"}]}, "people 1 id"),
        ({"people": [MINA], "communities": [{**BRAKES, "slug": "Brakes!"}]}, "communities 1 slug"),
        ({"communities": [{**BRAKES, "visibility": "secret"}]}, "communities 1 visibility"),
        (
            {"people": [MINA], "communities": [BRAKES], "memberships": [{**STEWARD, "role": "king"}]},
            "memberships 1 role",
        ),
        ({"people": [{**MINA, "left": "soon"}]}, "people 1 left"),
        ({"persons": [MINA]}, "persons"),
        ({}, "lists nobody"),
    ],
)
def test_a_contradiction_is_named_with_the_file(said, tables, named):
    with pytest.raises(DirectoryInvalid, match=r"staff\.yaml") as refusal:
        said(**tables)
    assert named in str(refusal.value)


@pytest.mark.parametrize(
    "text", ["people: [", "- a list", "just words", "people:\n- {id: a, name: A, left: 2022-02-31}"]
)
def test_a_file_that_is_no_directory_is_named(tmp_path, text):
    file = tmp_path / "staff.yaml"
    file.write_text(text)
    with pytest.raises(DirectoryInvalid, match=r"staff\.yaml"):
        directory(file).records()


def test_a_table_with_a_cell_too_many_is_named(tmp_path):
    (tmp_path / "people.csv").write_text("id,name\nmina,Lindqvist, Mina\n")
    with pytest.raises(DirectoryInvalid, match="people 1 beyond the last column"):
        directory(tmp_path).records()


def test_one_person_may_give_an_address_twice(said):
    records = said(people=[{**MINA, "addresses": ["a@x.example", "A@x.example"]}])
    assert records.people[0].person.id == "mina"


def test_a_person_who_left_is_former_and_one_who_will_leave_is_not(said):
    records = said(people=[{**MINA, "left": date(2020, 1, 1)}, {**OLE, "left": date(9999, 1, 1)}])
    assert [listed.person.former for listed in records.people] == [True, False]


def test_a_steward_who_is_listed_twice_has_one_membership_with_its_date(said):
    people, communities = [MINA, OLE], [{**BRAKES, "stewards": ["mina", "ole", "ole"]}]
    records = said(
        people=people, communities=communities, memberships=[{**STEWARD, "since": 2021}, STEWARD | {"since": 2021}]
    )
    assert sorted(records.memberships, key=lambda membership: membership.person) == [
        Membership("mina", "brakes", MembershipRole.STEWARD, date(2021, 1, 1)),
        Membership("ole", "brakes", MembershipRole.STEWARD),
    ]


def test_a_steward_of_former_years_who_is_steward_again_has_both_memberships(said):
    before = {**STEWARD, "since": 2010, "until": 2015}
    records = said(people=[MINA], communities=[{**BRAKES, "stewards": ["mina"]}], memberships=[before])
    assert records.memberships == (
        Membership("mina", "brakes", MembershipRole.STEWARD, date(2010, 1, 1), date(2015, 1, 1)),
        Membership("mina", "brakes", MembershipRole.STEWARD),
    )


def test_a_directory_of_many_people_is_checked_in_one_pass(said):
    people = [_Person(id=f"p{number}", name="A Name") for number in range(20_000)]
    memberships = [_Membership(person=person.id, community="brakes") for person in people]
    entries = _Directory(people=people, communities=[_Community(**BRAKES)], memberships=memberships)
    directory(Path("staff.yaml"))._check(entries)


def test_a_missing_directory_is_an_outage_that_names_its_source(tmp_path):
    with closing(directory(tmp_path / "nowhere")) as source, pytest.raises(SourceUnavailable, match="source staff"):
        source.changes_since({})
