"""Ranking people in columns comes to what it comes to row by row, however the database has changed in between."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexer.contributed import keep_columns
from indexer.domain.people import Community
from indexer.settings import load_settings
from indexer.store import Transaction, people
from service.auth import ReadableAudiences, readable_audiences
from service.contributed import Contributed
from service.experts.people import rank_people, score_people
from service.experts.votes import Vote
from service.settings import ExpertSettings, ServiceSettings
from tests.unit.experts import row_by_row
from tests.unit.experts.world import NOW, VIEWERS, World


@pytest.fixture(scope="module")
def settings() -> ExpertSettings:
    return load_settings(ServiceSettings, None).experts


@pytest.fixture(params=range(6))
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, request.param)
    yield made
    made.home.close()


def test_columns_come_to_what_rows_come_to_after_every_change(world: World, settings: ExpertSettings) -> None:
    contributed = Contributed()
    for _ in range(60):
        for _ in range(world.random.choice((0, 1, 1, 3))):
            world.change()
        with world.database.read() as transaction:
            readable = readable_audiences(transaction, world.random.choice(VIEWERS))
            compare(transaction, contributed, readable, settings, world)


def test_a_file_and_what_changed_since_come_to_what_rows_come_to(world: World, settings: ExpertSettings) -> None:
    keep_columns(world.home, least_parts=0)
    old, mapped, overlaid = Contributed(world.home), 0, 0
    for _ in range(60):
        for _ in range(world.random.choice((0, 1, 1, 3))):
            world.change()
        if world.random.random() < 0.15:
            keep_columns(world.home, least_parts=0)
        contributed = world.random.choice((old, Contributed(world.home)))
        with world.database.read() as transaction:
            readable = readable_audiences(transaction, world.random.choice(VIEWERS))
            compare(transaction, contributed, readable, settings, world)
            known = contributed.now(transaction)
        mapped += known.mapped
        overlaid += known.mapped and known.columns.changed_parts > 0
    assert mapped > 30
    assert overlaid > 10


def test_columns_of_an_earlier_moment_stay_as_they_were(world: World) -> None:
    contributed = Contributed()
    with world.database.read() as transaction:
        before = contributed.columns(transaction)
        everybody = np.arange(len(before.ids))
        counted = before.count_readable(everybody, range(5))
        for _ in range(30):
            world.change()
            contributed.columns(transaction)
        assert before.count_readable(everybody, range(5)).tolist() == counted.tolist()


def compare(
    transaction: Transaction,
    contributed: Contributed,
    readable: ReadableAudiences,
    settings: ExpertSettings,
    world: World,
) -> None:
    retrieved = world.retrieved()
    options: dict[str, Any] = {
        "now": NOW + timedelta(hours=world.random.choice((0, 0, 1, 30))),
        "shortlist": world.random.choice((None, None, frozenset({"p1", "p2", "p7", "unknown"}))),
        "absent": world.random.choice(((), (), {1, 2, 3, 999})),
        "everybody": world.random.random() < 0.2,
    }
    expected = row_by_row.score_people(transaction, retrieved, readable, settings, **options)
    found = score_people(transaction, contributed, retrieved, readable, settings, **options)
    assert found.scores == pytest.approx(dict(expected.scores), rel=1e-9)
    for person, votes in expected.votes.items():
        assert_same_votes(found.votes_of(person, 1000), votes)
        assert found.documents_of(person) == expected.documents.get(person, 0)
        number = found.columns.ids.number(person)
        lately = [] if number is None else found.lately.of(number)
        assert {part.community: (part.share, part.concern) for part in lately} == {
            part.community: pytest.approx((part.share, part.concern), rel=1e-9)
            for part in expected.lately.get(person, ())
        }
    ranked = rank_people(transaction, contributed, retrieved, readable, settings, **options)
    shown = {entry.person.id: entry for entry in ranked}
    assert list(shown) == row_by_row.best_of(expected, settings, options["shortlist"])
    taking_part: dict[str, list[Community]] = {person: [] for person in shown}
    for entry in people.participations(transaction, readable.ids, people_ids=shown, with_hidden=True):
        if entry.community.slug in readable.communities:
            taking_part[entry.person.id].append(entry.community)
    assert {person: list(entry.communities) for person, entry in shown.items()} == taking_part


def assert_same_votes(found: list[Vote], expected: Any) -> None:
    assert [vote.part for vote in found] == [vote.part for vote in expected]
    for vote, known in zip(found, expected, strict=True):
        told = (vote.fit.relevance, vote.fit.about, vote.role, vote.quality, vote.age, vote.community, vote.weight)
        assert told == pytest.approx(
            (known.fit.relevance, known.fit.about, known.role, known.quality, known.age, known.community, known.weight),
            rel=1e-9,
        )
        assert (vote.fit.passage, vote.authors) == (known.fit.passage, known.authors)
