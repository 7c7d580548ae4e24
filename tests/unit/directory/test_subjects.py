"""What words are about, and what a person's documents are about."""

from collections.abc import Iterator

import pytest

from indexer.domain.accounts import PersonChoices, SubjectChoice
from indexer.home import Home
from indexer.notation import handle_identity
from indexer.store import Transaction, identities
from service.auth import ANONYMOUS, readable_audiences, viewer_of_person
from service.directory import Subject, concerns, stems_of, subjects_of
from tests.fakes import index_home, settings_for

DIRECTORY = """
people: [{id: mina, name: Mina Lindqvist, handles: {chat: mina}}]
communities: [{slug: roof, name: Roof, visibility: members, stewards: [mina]}]
"""
PADS = {
    "one": ("Brake squeal in winter", 2021, "public"),
    "two": ("Why brakes squeal", 2023, "public"),
    "three": ("Brake squealing after DCU-F209", 2024, "public"),
    "four": ("Pantograph strips", 2024, "members"),
    "five": ("Pantograph horn strips", 2025, "members"),
}


@pytest.fixture(scope="module")
def transaction(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Transaction]:
    folder = tmp_path_factory.mktemp("subjects")
    (folder / "directory.yaml").write_text(DIRECTORY)
    library = folder / "library"
    library.mkdir()
    for name, (title, year, audience) in PADS.items():
        head = (
            f"title: {title}\nauthors: [{{handle: mina}}]\ncreated: {year}-05-04\naudience: {audience}\ncommunity: roof"
        )
        (library / f"{name}.md").write_text(f"---\n{head}\n---\nText of {name}.\n")
    for number, title in enumerate(
        ("Doors in winter", "Door sensors", "Door handles", "Door glass", "Horns", "Steps", "Winter timetable")
    ):
        head = f"title: {title}\nauthors: [{{handle: ole}}]\naudience: public"
        (library / f"other-{number}.md").write_text(f"---\n{head}\n---\nText of {number}.\n")
    sources = [
        {"name": "directory", "kind": "directory", "path": "directory.yaml"},
        {"name": "library", "kind": "folder", "path": "library", "handles": "chat"},
    ]
    settings = settings_for(folder, sources)
    index_home(settings)
    home = Home(settings.home)
    with home.database.read() as reading:
        yield reading
    home.close()


def about(transaction: Transaction, choices: PersonChoices | None = None, *, member: bool = False) -> list[Subject]:
    viewer = viewer_of_person(transaction, "mina") if member else ANONYMOUS
    readable = readable_audiences(transaction, viewer)
    return list(subjects_of(transaction, "mina", choices or PersonChoices(), readable))


@pytest.mark.parametrize(
    ("text", "subject", "expected"),
    [
        ("Why do my brakes squeal?", "brake squeal", True),
        ("squealing of a brake", "brake squeal", True),
        ("brakes", "brake squeal", False),
        ("code DCU-F209 again", "DCU-F209", True),
        ("anything", "?!", False),
    ],
)
def test_a_text_concerns_a_subject_when_it_has_all_its_words(text: str, subject: str, expected: bool) -> None:
    assert concerns(stems_of(text), stems_of(subject)) is expected


def test_a_subject_is_named_counted_and_dated_by_the_documents_about_it(transaction: Transaction) -> None:
    (subject,) = about(transaction)
    assert (subject.name, subject.documents, subject.first, subject.last) == ("brake squeal", 3, 2021, 2024)
    assert subject.latest[0].title == "Brake squealing after DCU-F209"


def test_subjects_come_only_from_what_the_viewer_may_read(transaction: Transaction) -> None:
    assert "pantograph" not in " ".join(subject.name for subject in about(transaction))
    theirs = about(transaction, member=True)
    assert any("pantograph" in subject.name for subject in theirs)


def test_what_was_removed_or_hidden_is_not_told_and_its_words_make_no_other_subject(transaction: Transaction) -> None:
    (subject,) = about(transaction)
    for choice in (SubjectChoice.REMOVED, SubjectChoice.HIDDEN):
        assert about(transaction, PersonChoices(subjects={subject.name: choice})) == []


def test_what_was_claimed_is_told_as_the_persons_own_word(transaction: Transaction) -> None:
    claims = PersonChoices(subjects={"air brakes": SubjectChoice.CLAIMED})
    assert about(transaction, claims)[-1] == Subject("air brakes", claimed=True)
    (measured,) = about(transaction)
    (confirmed,) = about(transaction, PersonChoices(subjects={measured.name: SubjectChoice.CLAIMED}))
    assert (confirmed.claimed, confirmed.documents) == (True, measured.documents)


def test_a_word_that_others_use_as_much_is_no_subject(transaction: Transaction) -> None:
    ole = handle_identity("chat", "ole")
    (person,) = {e.person_id for e in identities.all_identities(transaction) if e.identity == ole}
    readable = readable_audiences(transaction, ANONYMOUS)
    names = [subject.name for subject in subjects_of(transaction, person or "", PersonChoices(), readable)]
    assert names == ["door"]  # and not winter, of which Mina writes, too
