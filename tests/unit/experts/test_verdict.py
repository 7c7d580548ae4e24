"""Whom the sentence above an answer sends to."""

from datetime import date

import pytest

from indexer.domain.content import Audience, AudienceKind, Document, DocumentKind
from indexer.domain.people import Person
from indexer.settings import load_settings
from service.experts import Confidence, RankedPerson
from service.experts.reasons import PersonReasons
from service.experts.verdict import judge
from service.search import Effect, Page
from service.settings import ServiceSettings, VerdictSettings

DOCUMENT = Document(
    1, "d", "chat", "t", "T", DocumentKind.THREAD, Audience(AudienceKind.PUBLIC), None, None, None, None, None, None
)
REASONS = PersonReasons((), (), 1.0, 0.1, 1.0, 0.0, 1, 1.0, Effect())
AWAY = date(2027, 3, 3)


@pytest.fixture(scope="module")
def settings() -> VerdictSettings:
    return load_settings(ServiceSettings, None).verdict


def ranked(name: str, score: float, confidence: Confidence, away_until: date | None = None) -> RankedPerson:
    return RankedPerson(Person(name, name), (), score, confidence, (), 1, None, REASONS, away_until)


def sentence(settings: VerdictSettings, *people: RankedPerson) -> str:
    return judge(1.0, Page((), DOCUMENT, 0.0, 1, None), people, settings).sentence


def test_a_question_goes_to_the_first_while_they_are_here(settings: VerdictSettings) -> None:
    told = sentence(settings, ranked("Ada", 0.1, Confidence.FAIR), ranked("Bo", 0.1, Confidence.FAIR))
    assert "Ada comes closest" in told


def test_a_question_goes_past_somebody_away_to_the_next_who_is_as_good(settings: VerdictSettings) -> None:
    away = ranked("Ada", 0.1, Confidence.FAIR, AWAY)
    also_away = ranked("Bo", 0.095, Confidence.FAIR, AWAY)
    told = sentence(settings, away, also_away, ranked("Cy", 0.09, Confidence.FAIR))
    assert "Cy comes closest" in told


@pytest.mark.parametrize("other", [ranked("Bo", 0.07, Confidence.FAIR), ranked("Bo", 0.1, Confidence.SLIGHT)])
def test_where_nobody_else_is_as_good_it_is_said_who_is_away(settings: VerdictSettings, other: RankedPerson) -> None:
    told = sentence(settings, ranked("Ada", 0.1, Confidence.FAIR, AWAY), other)
    assert "Ada (away until 3 March 2027) comes closest" in told


def test_whoever_alone_knows_something_is_named_with_their_absence(settings: VerdictSettings) -> None:
    told = sentence(settings, ranked("Ada", 0.5, Confidence.STRONG, AWAY), ranked("Bo", 0.45, Confidence.SLIGHT))
    assert told.startswith("Ada (away until 3 March 2027) knows this;")
