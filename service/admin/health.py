"""What is wrong with the service and its home, in sentences."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from indexer.domain.errors import IndexCorrupt, IndexOutdated, KnowwhoError
from indexer.domain.jobs import JobState
from indexer.home import Home
from indexer.jobs.schedules import schedule_health
from service.admin.backups import list_backups
from service.admin.desk import Desk
from service.admin.jobs import note_on_workers, open_jobs
from service.admin.sources import SourceView
from service.search import OpenIndex

READY, LOADING, FAILED = "ready", "loading", "failed"


@dataclass(frozen=True, slots=True)
class Health:
    """`status` is ok, degraded (answers, but not at its best) or empty (nothing indexed yet)."""

    status: Literal["ok", "degraded", "empty"]
    model: str
    generation: str | None
    problems: tuple[str, ...]


def look_at_health(home: Home, index: OpenIndex, now: datetime) -> Health:
    """What serves now and what is wrong with it. The reasons name schedules and generations: `for_others` leaves out
    what only an admin should know."""
    problems = [*_model_problems(index), *schedule_health(home, now)]
    generation, empty = None, None
    try:
        generation = index.engine().generation
    except IndexOutdated as error:
        empty = str(error)
    except IndexCorrupt:
        pass  # among the problems of the index
    problems += index.problems
    status: Literal["ok", "degraded", "empty"] = "empty" if empty else "degraded" if problems else "ok"
    if generation is None and not empty:
        status = "degraded"
    return Health(status, index.model_state, generation, (*problems, *([empty] if empty else ())))


def for_others(health: Health) -> Health:
    """What anybody may know: whether the service answers, and whether it does so at its best."""
    model = health.model if health.model in (READY, LOADING) else FAILED
    return replace(health, model=model, problems=())


def admin_problems(desk: Desk, sources: list[SourceView], told: Collection[str]) -> list[str]:
    """What only an admin should know, and can do something about, beyond what health has `told`."""
    start_a_worker = any("`knowwho worker`" in problem for problem in told)
    return [*(() if start_a_worker else _worker_problems(desk)), *_source_problems(sources), *_backup_problems(desk)]


def _model_problems(index: OpenIndex) -> Iterator[str]:
    if index.model_state != READY:
        yield f"embedding model: {index.model_state}"
    if index.cross_encoder_error:
        yield f"cross-encoder: {index.cross_encoder_error}"


def _worker_problems(desk: Desk) -> Iterator[str]:
    note = note_on_workers(desk)
    waiting = [job for job in open_jobs(desk) if job.state in (JobState.WAITING, JobState.RUNNING)]
    if note and waiting:
        yield note


def _source_problems(sources: list[SourceView]) -> Iterator[str]:
    for source in sources:
        if source.error:
            yield f"source {source.name} could not be read: {source.error}"
        if source.parked:
            parked = "1 item is parked" if source.parked == 1 else f"{source.parked} items are parked"
            yield f"source {source.name}: {parked} because they keep failing; its page says why"
        if not source.in_settings:
            yield (
                f"source {source.name} has left the settings, but what was read from it is still found: "
                f"`knowwho source remove {source.name}` takes it out"
            )


def _backup_problems(desk: Desk) -> Iterator[str]:
    try:
        found = list_backups(desk, limit=1).entries
    except KnowwhoError as error:
        yield str(error)
        return
    if not found:
        yield "there is no backup of this home yet: make one, best by a schedule"
