"""What is taken out of texts for somebody who was erased, and what is left."""

import pytest

from indexer.domain.people import Identity
from indexer.identity.erasure import NOBODY_ERASED, Erased, phrases_of, traces_of
from indexer.notation import address_identity, handle_identity

SECRET = b"s" * 32
IDENTITIES = [
    address_identity("jose.perez@example.org"),
    handle_identity("chat", "jose"),
    handle_identity("git", "jp77"),
]


def erased(name: str, identities: list[Identity], *shared: str) -> Erased:
    phrases = phrases_of(["p-1"], [name], identities, shared=shared)
    return Erased(SECRET, traces_of(SECRET, "one", ["p-1"], identities, phrases))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("José Pérez's torque table", "former member's torque table"),
        ("JOSE PEREZ and Pérez, José", "former member and former member"),
        ("ask jose.perez@example.org.", "ask former member."),
        ("cc @jose, jp77", "cc former member, former member"),
        ("San José has a bridge", "San José has a bridge"),
        ("mail@jose is none", "mail@jose is none"),
        ("the Pérez method", "the Pérez method"),
        ("José\n\nPérez", "José\n\nPérez"),
    ],
)
def test_only_what_names_somebody_is_replaced(text: str, left: str) -> None:
    assert erased("José Pérez", IDENTITIES).without(text) == left


def test_a_name_without_spaces_between_words_is_found_inside_a_sentence() -> None:
    assert erased("王小明", []).without("请问王小明先生") == "请问former member先生"


def test_signatures_go_from_short_lines_only() -> None:
    gone = erased("José Pérez", IDENTITIES)

    assert gone.without_signatures("Best regards,\nJosé") == "Best regards,\nformer member"
    assert "José" in gone.without_signatures("the bridge of San José was repaired last year")


def test_a_name_that_somebody_else_bears_stays() -> None:
    assert erased("José Pérez", IDENTITIES, "José Pérez").without("José Pérez") == "José Pérez"


def test_where_nobody_was_erased_a_text_is_not_even_looked_at() -> None:
    text = "José Pérez"

    assert NOBODY_ERASED.without(text) is text
    assert not NOBODY_ERASED
