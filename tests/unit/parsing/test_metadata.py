from indexer.domain.content import Credit, ItemMetadata, Mark
from indexer.domain.people import Role
from indexer.notation import clean, mark_from, parse_when
from indexer.parsing.metadata import merged
from indexer.parsing.titles import readable_name, sensible_title


def test_what_the_source_says_wins():
    source = ItemMetadata(title="Source", community="pumps")
    file = ItemMetadata(title="File", audience="members", created=parse_when("2020"))
    both = merged(source, file)
    assert (both.title, both.community, both.audience) == ("Source", "pumps", "members")
    assert both.created == parse_when("2020")


def test_credits_are_compared_role_by_role():
    ann, bob, carol = (
        Credit(Role.AUTHOR, name="Ann"),
        Credit(Role.REVIEWER, name="Bob"),
        Credit(Role.AUTHOR, name="C"),
    )
    assert merged(ItemMetadata(credits=(bob,)), ItemMetadata(credits=(ann,))).credits == (bob, ann)
    assert merged(ItemMetadata(credits=(carol, bob)), ItemMetadata(credits=(ann,))).credits == (carol, bob)


def test_words_for_a_documents_standing_become_marks():
    assert mark_from("Withdrawn") is Mark.RETIRED
    assert mark_from("replaced") is Mark.SUPERSEDED
    assert mark_from("implementable") is None


def test_leftovers_of_programs_are_no_titles():
    for leftover in (
        "Microsoft Word - x.docx",
        "untitled",
        "Untitled-1",
        "report.pdf",
        "My report v2.docx",
        "12",
        " ",
        None,
    ):
        assert sensible_title(leftover) is None
    assert sensible_title(" User \n namespaces ") == "User namespaces"


def test_file_names_are_made_readable():
    assert readable_name("docs/pump_check-list.md") == "Pump check list"
    assert readable_name("keps/127-user-namespaces/README.md") == "127 user namespaces"
    assert readable_name("https://x.org/a/valve%20guide.html?x=1") == "Valve guide"
    assert readable_name("a.zip!/Final Report.pdf") == "Final Report"
    assert readable_name("") == "Untitled"


def test_lone_surrogates_are_replaced_and_pairs_joined():
    assert clean("a\ud800b") == "a\ufffdb"
    assert clean("\ud83d\ude00") == "😀"
