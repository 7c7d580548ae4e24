import pytest

from indexer.domain.content import Audience, AudienceKind, ItemMetadata
from indexer.domain.people import Community, Visibility
from indexer.pipeline.placement import Communities, place
from indexer.settings import FolderSource

KNOWN = Communities(
    [
        Community("brakes", "Brakes and Pneumatics"),
        Community("team_one", "Équipe Une", visibility=Visibility.MEMBERS),
        Community("internal", "内部"),
    ]
)
BY_FOLDER = {"path": "^([^/]+)/", "default": "General"}
NOBODY = Audience(AudienceKind.PEOPLE)
PUBLIC = Audience(AudienceKind.PUBLIC)
SIGNED_IN = Audience(AudienceKind.SIGNED_IN)


def placed(uri="a.md", *, says=None, readers=None, default=Visibility.PUBLIC, known=KNOWN, **source):
    """The place of an item that says its community and its readers, in a source with these settings."""
    settings = FolderSource(name="library", kind="folder", path="/library", **source)
    return place(uri, ItemMetadata(community=says, audience=readers), settings, known, default)


def community(uri="a.md", **more):
    found = placed(uri, **more)
    return found.community, found.community_name


def audience_of(**more):
    return placed(**more).audience


@pytest.mark.parametrize(
    ("uri", "says", "found"),
    [
        ("doors/a.md", "Traction", ("traction", "Traction")),
        ("doors/a.md", None, ("doors", "doors")),
        ("doors/a.md", "  ", ("doors", "doors")),
        ("a.md", None, ("general", "General")),
    ],
)
def test_the_items_word_counts_before_its_path_and_its_path_before_the_default(uri, says, found):
    assert community(uri, says=says, community=BY_FOLDER) == found


def test_a_source_may_have_one_community_for_everything():
    assert community("doors/a.md", community="brakes") == ("brakes", "Brakes and Pneumatics")


def test_an_item_that_nothing_places_has_no_community():
    assert community("doors/a.md") == (None, None)


def test_a_path_without_the_part_that_names_the_community_says_nothing():
    assert community("a.md", community={"path": "^(?:sig-([a-z]+)/)?"}) == (None, None)


@pytest.mark.parametrize("spelled", ["brakes", "BRAKES", "brakes and pneumatics", " Brakes and Pneumatics "])
def test_a_known_community_is_found_by_slug_or_name_in_any_case(spelled):
    assert community(says=spelled) == ("brakes", "Brakes and Pneumatics")


@pytest.mark.parametrize(
    ("spelled", "slug"),
    [("Équipe Une", "team_one"), ("ÉQUIPE UNE", "team_one"), ("TEAM_ONE", "team_one"), ("内部", "internal")],
)
def test_a_known_community_is_found_where_its_slug_is_not_made_from_its_name(spelled, slug):
    assert community(says=spelled)[0] == slug


def test_a_known_community_is_found_by_a_word_that_makes_its_slug():
    assert community(says="Brakes!") == ("brakes", "Brakes and Pneumatics")


def test_an_unknown_community_is_slugified_and_keeps_its_name():
    assert community(says=" Türen & Zugänge ") == ("turen-zugange", "Türen & Zugänge")


def test_a_word_that_makes_no_slug_names_no_community():
    assert community(says="???") == (None, None)


def test_two_communities_of_one_name_are_both_found_by_slug():
    known = Communities([Community("a-welding", "Welding"), Community("b-welding", "Welding")])
    assert community(says="a-welding", known=known) == ("a-welding", "Welding")
    assert community(says="b-welding", known=known) == ("b-welding", "Welding")


def test_a_slug_counts_before_a_name():
    known = Communities([Community("doors", "Doors"), Community("other", "doors")])
    assert community(says="doors", known=known) == ("doors", "Doors")


@pytest.mark.parametrize("says", ["Brakes & Air", "brakes & air", " BRAKES & AIR "])
def test_the_map_of_names_translates_in_any_case(says):
    names = {"names": {"Brakes & Air": "brakes"}}
    assert community(says=says, community=names) == ("brakes", "Brakes and Pneumatics")


def test_the_map_of_names_translates_paths_and_defaults_too():
    mapping = {**BY_FOLDER, "names": {"br": "brakes", "general": "team_one"}}
    assert community("br/a.md", community=mapping)[0] == "brakes"
    assert community("a.md", community=mapping)[0] == "team_one"


def test_without_a_word_on_the_audience_it_follows_the_community():
    assert audience_of(says="brakes") == Audience(AudienceKind.COMMUNITY, "brakes")


@pytest.mark.parametrize(
    ("default", "expected"),
    [(Visibility.PUBLIC, PUBLIC), (Visibility.SIGNED_IN, SIGNED_IN), (Visibility.MEMBERS, SIGNED_IN)],
)
def test_without_a_community_the_default_visibility_counts(default, expected):
    assert audience_of(default=default) == expected


@pytest.mark.parametrize(
    ("word", "source", "expected"),
    [
        (None, None, Audience(AudienceKind.COMMUNITY, "brakes")),
        (None, "members", Audience(AudienceKind.MEMBERS, "brakes")),
        (None, "community", Audience(AudienceKind.COMMUNITY, "brakes")),
        (None, "public", PUBLIC),
        ("members", "public", Audience(AudienceKind.MEMBERS, "brakes")),
        ("community", "public", Audience(AudienceKind.COMMUNITY, "brakes")),
        ("public", "members", PUBLIC),
        ("signed_in", "members", SIGNED_IN),
    ],
)
def test_the_items_audience_counts_before_the_sources_and_that_before_the_communitys(word, source, expected):
    assert audience_of(says="brakes", readers=word, audience=source) == expected


@pytest.mark.parametrize("word", ["Signed-In", "signed in", " SIGNED_IN "])
def test_an_audience_is_understood_in_every_spelling(word):
    found = placed(readers=word)
    assert (found.audience, found.doubt) == (SIGNED_IN, None)


@pytest.mark.parametrize("word", ["member", "confidential", "people", "publik", "members:brakes"])
def test_a_misspelt_audience_closes_the_document_and_says_so(word):
    found = placed(says="brakes", readers=word)
    assert found.audience == Audience(AudienceKind.MEMBERS, "brakes")
    assert repr(word) in found.doubt


def test_a_misspelt_audience_without_a_community_opens_to_nobody():
    assert audience_of(readers="publik") == NOBODY


@pytest.mark.parametrize("word", ["members", "community"])
def test_members_of_no_community_are_nobody(word):
    assert audience_of(readers=word) == NOBODY
