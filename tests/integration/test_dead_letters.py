"""Items that keep failing: when they are tried again, and by whose asking."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from indexer.domain.content import ItemState
from indexer.domain.errors import DocumentUnreadable, HomeBusy, SourceUnavailable
from indexer.domain.jobs import DeadLetter
from indexer.home import Home
from indexer.pipeline import next_try
from indexer.settings import JobSettings
from indexer.store import items
from service.cli import app
from service.settings import ServiceSettings
from tests.fakes import index_home, settings_for, write_thread

NOW = datetime(2025, 3, 2, 10, tzinfo=UTC)
JOBS = JobSettings(
    database=None,
    heartbeat_seconds=1,
    gone_after_seconds=9,
    poll_seconds=1,
    keep_days=1,
    retries=3,
    retry_minutes=5,
)
PASSING = DocumentUnreadable(ItemState.FAILED, "It took longer than 60 s and was stopped", passing=True)


def test_what_passes_is_tried_again_ever_later_and_parked_in_the_end() -> None:
    tries = [next_try(PASSING, failures, JOBS, NOW) for failures in (1, 2, 3, 4)]
    assert tries == [NOW + timedelta(minutes=minutes) for minutes in (5, 20, 80)] + [None]


@pytest.mark.parametrize("error", [SourceUnavailable("the network is down"), HomeBusy("another process")])
def test_a_network_and_a_busy_home_pass(error: SourceUnavailable) -> None:
    assert next_try(error, 1, JOBS, NOW) == NOW + timedelta(minutes=5)


@pytest.mark.parametrize("state", [ItemState.ENCRYPTED, ItemState.FAILED, ItemState.SKIPPED])
def test_what_is_encrypted_damaged_or_too_large_is_parked_at_once(state: ItemState) -> None:
    assert next_try(DocumentUnreadable(state, "why"), 1, JOBS, NOW) is None


@pytest.fixture
def settings(tmp_path: Path) -> ServiceSettings:
    """A source whose mark says whether it has changed, with a thread that takes too long to read and one that is
    damaged; reading is tried again at once."""
    threads = tmp_path / "chat.jsonl"
    threads.write_text(write_thread("good", "Good", ("ivy", "Fine words.")) + '{"id": "damaged", "messages": [\n')
    folder = tmp_path / "library"
    folder.mkdir()
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    (folder / "sound.md").write_text("# Sound\n\nThis one can be read.\n")
    return settings_for(
        tmp_path,
        [
            {"name": "chat", "kind": "threads", "path": "chat.jsonl"},
            {"name": "library", "kind": "folder", "path": "library"},
        ],
    )


def letters(settings: ServiceSettings) -> dict[str, DeadLetter]:
    home = Home(settings.home)
    with home.database.read() as transaction:
        found = {letter.uri: letter for letter in items.dead_letters(transaction)}
    home.close()
    return found


def test_damaged_items_are_parked_and_not_read_again_while_they_stay_the_same(settings: ServiceSettings) -> None:
    index_home(settings)
    assert {uri: (letter.failures, letter.next_try) for uri, letter in letters(settings).items()} == {
        "line-2": (1, None),
        "broken.pdf": (1, None),
    }
    assert [source.read for source in index_home(settings).sources] == [0, 0]


def test_a_due_item_is_read_again_also_where_its_source_says_that_nothing_changed(settings: ServiceSettings) -> None:
    index_home(settings)
    home = Home(settings.home)
    with home.database.begin() as transaction:
        assert items.retry_items(transaction, datetime.now(UTC)) == 2
    assert [source.read for source in index_home(settings).sources] == [1, 1]
    assert {letter.failures for letter in letters(settings).values()} == {2}
    home.close()


def test_a_slow_item_is_tried_again_when_its_time_has_come(settings: ServiceSettings) -> None:
    slow = settings.model_copy(
        update={
            "parsing": settings.parsing.model_copy(update={"timeout_seconds": 0.0001}),
            "jobs": settings.jobs.model_copy(update={"retry_minutes": 0.0001}),
        }
    )
    index_home(slow)
    assert letters(slow)["good"].next_try is not None
    assert index_home(settings).sources[0].read == 2
    assert "good" not in letters(settings)


def test_an_item_that_changes_is_read_again_and_counted_anew(settings: ServiceSettings, tmp_path: Path) -> None:
    index_home(settings)
    (tmp_path / "library" / "broken.pdf").write_bytes(b"%PDF-1.7 and still nothing")
    index_home(settings)
    assert letters(settings)["broken.pdf"].failures == 1
    (tmp_path / "library" / "broken.pdf").unlink()
    index_home(settings)
    assert set(letters(settings)) == {"line-2"}


def test_the_command_line_lists_what_fails_and_has_it_read_again(settings: ServiceSettings, tmp_path: Path) -> None:
    index_home(settings)
    config = ["--config", str(tmp_path / "knowwho.yaml")]
    listed = CliRunner().invoke(app, [*config, "report"]).output
    assert "library/broken.pdf: tried once, parked until it changes" in listed
    assert "1 items" in CliRunner().invoke(app, [*config, "retry", "--uri", "broken.pdf"]).output
    assert CliRunner().invoke(app, [*config, "retry"]).exit_code == 2
    assert [source.read for source in index_home(settings).sources] == [0, 1]
