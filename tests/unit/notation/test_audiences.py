import pytest

from indexer.notation import audience_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        ("", None),
        (" Signed-in ", "Signed-in"),
        (["members"], "members"),
        (["ada", "bo@example.org"], "people: ada, bo@example.org"),
        ({"people": ["ada", "bo"]}, "people: ada, bo"),
        ({"people": "ada, bo"}, "people: ada, bo"),
        ({"members": "brakes"}, "members: brakes"),
    ],
)
def test_an_audience_is_one_line_however_it_is_written(value, text):
    assert audience_text(value) == text


@pytest.mark.parametrize("value", [False, 7, [], {}, {"people": []}, {"people": ["ada"], "members": "brakes"}])
def test_what_says_something_odd_is_never_taken_for_nothing_said(value):
    assert audience_text(value)
