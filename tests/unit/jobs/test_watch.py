from datetime import UTC, datetime, timedelta

from indexer.domain.jobs import WorkerBeat
from indexer.jobs.worker import Watch

START = datetime(2026, 3, 2, 10, tzinfo=UTC)


def beat(worker: str, second: float) -> WorkerBeat:
    return WorkerBeat(worker, "host", 1, START, START + timedelta(seconds=second), 0)


def gone(watch: Watch) -> list[str]:
    return [worker.id for worker in watch.gone()]


def test_a_worker_is_gone_after_so_much_silence_by_the_watchers_clock() -> None:
    watch = Watch(20)
    for second in range(0, 40, 2):
        watch.look([beat("silent", 0), beat("alive", second)], 1000.0 + second)
        assert gone(watch) == (["silent"] if second >= 20 else [])


def test_a_worker_whose_clock_is_wrong_is_alive_while_it_beats() -> None:
    watch = Watch(20)
    for second in range(0, 60, 2):
        watch.look([beat("yesterday", second - 86_400)], float(second))
    assert gone(watch) == []


def test_a_watcher_that_was_held_up_itself_watches_from_the_start() -> None:
    watch = Watch(20)
    watch.look([beat("other", 0)], 0.0)
    watch.look([beat("other", 0)], 2.0)
    watch.look([beat("other", 0)], 32.0)
    assert gone(watch) == []


def test_a_worker_that_wakes_up_is_alive_again() -> None:
    watch = Watch(4)
    for second in (0, 2, 4):
        watch.look([beat("other", 0)], float(second))
    assert gone(watch) == ["other"]
    watch.look([beat("other", 6)], 6.0)
    assert gone(watch) == []
