import numpy as np
import pytest

from indexer.analysis.near_duplicates import Wording, nearly_same, signature
from indexer.parsing.base import ParseHints
from indexer.parsing.registry import parse
from tests.conftest import SAMPLE

CARE = (
    "Wash the seals with warm water and neutral soap before the winter, never with a solvent, because the rubber turns "
    "grey and sticky within weeks. Let the seal dry with the door open for at least 20 minutes in a warm hall. Rub "
    "glycerine paste thinly into the contact lips with a cloth; about 8 g are enough for one leaf. Close and open the "
    "door five times and wipe off what comes out at the sill. Check the drain holes with a rod of 4 mm, a blocked "
    "drain fills the guide with water that freezes first. Repeat the treatment after every fourth wash."
)
REPORT = (
    "The group met every second week this year and its meetings were recorded for those who could not come. Members "
    "were welcomed by a mentor and found their first tasks on the list of good beginnings. The leads reviewed open "
    "proposals, removed stale ones and asked for help where reviewers were missing. Next year the group will finish "
    "what was begun, write better guides and meet users more often. {subject} took most of the time: {subject} was "
    "designed, {subject} was tested and {subject} was handed over to those who run it every day."
)


def same(one: tuple[str, str], other: tuple[str, str]) -> bool:
    return nearly_same(Wording.of(*one), Wording.of(*other))


def parsed(name: str) -> tuple[str, str]:
    file = SAMPLE / name
    document = parse(file.read_bytes(), ParseHints(file.name))
    return document.title, "\n".join(block.text for block in document.blocks)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("library/doors/practices/seal-care-winter.md", "library/depot/practices/door-seals-winter.txt"),
        ("library/welding/practices/preheat-6082.docx", "methods/welding/preheat-aluminium/README.md"),
    ],
)
def test_reworded_copies_of_the_sample_are_nearly_the_same(one: str, other: str) -> None:
    assert same(parsed(one), parsed(other))


def test_a_standard_and_the_one_it_replaces_are_two_things() -> None:
    assert not same(parsed("library/brakes/standards/wsp-test.md"), parsed("library/brakes/standards/wsp-test-2018.md"))


def test_one_template_filled_in_for_two_subjects_gives_two_things() -> None:
    assert same(
        ("Report", REPORT.format(subject="shunting")), ("Report", REPORT.format(subject="shunting") + " Thanks.")
    )
    assert not same(("Report", REPORT.format(subject="shunting")), ("Report", REPORT.format(subject="heating")))


def test_other_numbers_or_codes_make_another_thing() -> None:
    assert same(("Seals", CARE), ("Seals", CARE.replace("sticky", "tacky")))
    assert not same(("Seals", CARE), ("Seals", CARE.replace("8 g", "12 g").replace("4 mm", "6 mm")))


def test_the_same_words_under_titles_of_different_things_are_two_things() -> None:
    assert not same(("Yearly report: Lighting", CARE), ("Yearly report: Windows", CARE))


def test_short_texts_must_be_the_same_nearly_word_for_word() -> None:
    text = "Pads squeal when the brakes are cold and the air is damp."
    assert same(("Pads", text), ("Pads", text.upper()))
    assert not same(("Pads", text), ("Pads", "Pads squeal when brakes are cold, and when damp air is around."))


def test_signatures_estimate_the_share_of_common_words() -> None:
    one = " ".join(f"w{number}" for number in range(300))
    other = " ".join(f"w{number}" for number in range(100, 400))
    assert np.mean(signature(one) == signature(other)) == pytest.approx(0.5, abs=0.12)
    assert np.mean(signature(one) == signature(one.upper())) == 1.0
    assert signature("").shape == signature(one).shape
