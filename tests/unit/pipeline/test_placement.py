import pytest
from pydantic import ValidationError

from indexer.domain.content import Audience, AudienceKind, ItemMetadata
from indexer.domain.people import Community, Visibility
from indexer.pipeline.placement import Communities, NamedPeople, place
from indexer.settings import FolderSource

KNOWN = Communities(
    [
        Community("brakes", "Brakes and Pneumatics"),
        Community("team_one", "Équipe Une", visibility=Visibility.MEMBERS),
        Community("internal", "内部"),
    ]
)
NAMED = NamedPeople(["ada", "bo", "Cem"], ["bo@example.org", "dee@example.org"])
BY_FOLDER = {"path": "^([^/]+)/", "default": "General"}
NOBODY = Audience(AudienceKind.PEOPLE)
PUBLIC = Audience(AudienceKind.PUBLIC)
SIGNED_IN = Audience(AudienceKind.SIGNED_IN)


def placed(uri="a.md", *, says=None, readers=None, default=Visibility.PUBLIC, known=KNOWN, **source):
    """The place of an item that says its community and its readers, in a source with these settings."""
    settings = FolderSource(name="library", kind="folder", path="/library", **source)
    return place(uri, ItemMetadata(community=says, audience=readers), settings, known, default, NAMED)


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


@pytest.mark.parametrize("word", ["member", "confidential", "publik", "ada"])
def test_a_misspelt_audience_closes_the_document_and_says_so(word):
    found = placed(says="brakes", readers=word)
    assert found.audience == Audience(AudienceKind.MEMBERS, "brakes")
    assert repr(word) in found.doubt


def test_a_misspelt_audience_without_a_community_opens_to_nobody():
    assert audience_of(readers="publik") == NOBODY


@pytest.mark.parametrize("word", ["members", "community"])
def test_members_of_no_community_are_nobody(word):
    assert audience_of(readers=word) == NOBODY


def people(*names):
    return Audience(AudienceKind.PEOPLE, ",".join(names))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("people: ada", ["ada"]),
        ("People: bo, ada", ["ada", "bo"]),
        ("people: ada; BO@Example.org; ada", ["ada", "bo@example.org"]),
        ("people: Cem", ["Cem"]),
    ],
)
def test_given_people_are_kept_by_id_or_address_in_fixed_order(text, names):
    found = placed(says="brakes", readers=text)
    assert (found.audience, found.doubt) == (people(*names), None)


@pytest.mark.parametrize("text", ["people: ada, bo lund", "people: ada, <bo@x>", "people: ada, bo\uff0ccem@x y"])
def test_a_name_that_can_be_nobodys_lets_nobody_read_and_is_told(text):
    found = placed(says="brakes", readers=text)
    assert found.audience == people("ada")
    assert "whom no directory lists" in found.doubt


def test_a_look_alike_of_a_comma_makes_no_second_name():
    assert audience_of(readers="people: ada\uff0cbo@example.org").subject == ""


def test_a_person_whom_no_directory_lists_yet_is_kept_and_told():
    found = placed(readers="people: zoe, new@example.org")
    assert found.audience == people("new@example.org", "zoe")
    assert "zoe, new@example.org" in found.doubt


@pytest.mark.parametrize(
    "text", ["people", "people:", "people: ,", "people: " + ",".join(f"p{n}" for n in range(1001))]
)
def test_people_who_are_not_named_or_too_many_are_nobody(text):
    found = placed(says="brakes", readers=text)
    assert found.audience == NOBODY
    assert found.doubt


@pytest.mark.parametrize("text", ["members: team_one", "Members: Équipe Une"])
def test_members_of_another_community_are_meant_by_its_slug_or_name(text):
    found = placed(says="brakes", readers=text)
    assert (found.audience, found.doubt) == (Audience(AudienceKind.MEMBERS, "team_one"), None)


@pytest.mark.parametrize("text", ["members: braeks", "members:", "members: brakes, team_one", "public: brakes", "x: y"])
def test_members_of_no_community_that_there_is_are_nobody_not_those_of_the_documents_own(text):
    found = placed(says="brakes", readers=text)
    assert found.audience == NOBODY
    assert repr(text) in found.doubt


WORDS = {
    "names": {
        "Internal": "signed_in",
        "confidential": "members",
        "board": "people",
        "audit": "people: dee@example.org",
    },
    "people": ["ada", "bo@example.org"],
    "default": "internal",
}


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("internal", SIGNED_IN),
        (" INTERNAL ", SIGNED_IN),
        ("confidential", Audience(AudienceKind.MEMBERS, "brakes")),
        ("board", people("ada", "bo@example.org")),
        ("people", people("ada", "bo@example.org")),
        ("audit", people("dee@example.org")),
        ("public", PUBLIC),
        (None, SIGNED_IN),
    ],
)
def test_a_source_translates_the_organisations_words(word, expected):
    found = placed(says="brakes", readers=word, audience=WORDS)
    assert (found.audience, found.doubt) == (expected, None)


def test_a_word_of_the_organisation_counts_before_the_same_word_of_ours():
    assert audience_of(readers="public", audience={"names": {"public": "signed_in"}}) == SIGNED_IN


@pytest.mark.parametrize(
    ("uri", "word", "expected"),
    [
        ("secret/a.md", None, Audience(AudienceKind.MEMBERS, "brakes")),
        ("public/a.md", None, PUBLIC),
        ("secret/a.md", "public", PUBLIC),
        ("a.md", None, SIGNED_IN),
    ],
)
def test_the_items_audience_counts_before_its_paths_and_that_before_the_default(uri, word, expected):
    mapping = {"path": "^([^/]+)/", "names": {"secret": "members"}, "default": "signed_in"}
    assert audience_of(uri=uri, says="brakes", readers=word, audience=mapping) == expected


def test_a_path_with_a_word_that_nobody_knows_closes_the_document():
    found = placed("drafts/a.md", says="brakes", audience={"path": "^([^/]+)/", "default": "public"})
    assert found.audience == Audience(AudienceKind.MEMBERS, "brakes")
    assert "'drafts'" in found.doubt


def test_a_source_that_only_names_people_is_theirs():
    assert audience_of(says="brakes", audience={"people": ["bo", "ada"]}) == people("ada", "bo")


def test_a_mapping_that_says_nothing_of_an_item_leaves_it_to_the_community():
    mapping = {"names": {"internal": "signed_in"}}
    assert audience_of(says="brakes", audience=mapping) == Audience(AudienceKind.COMMUNITY, "brakes")


@pytest.mark.parametrize(
    ("audience", "told"),
    [
        ("publik", "is no audience"),
        ("people", "must list them"),
        ({"names": {"board": "everyone"}}, "names.board"),
        ({"names": {"board": "people"}}, "names.board: says people"),
        ({"default": "people"}, "default: says people"),
        ({"default": "internal"}, "'internal' is no audience"),
        ({"path": "^[a-z]+/"}, "exactly one group"),
        ({"person": ["ada"]}, "Extra inputs"),
    ],
)
def test_a_mapping_that_cannot_be_followed_is_refused_with_the_settings(audience, told):
    with pytest.raises(ValidationError, match=told):
        placed(audience=audience)
