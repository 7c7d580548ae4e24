"""Sources: what was read from each, what could not be, and reading it again."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from indexer.domain.accounts import AuditAction
from indexer.domain.content import ItemState
from indexer.domain.errors import JobInvalid, NotFound
from indexer.domain.jobs import DeadLetter, Job, JobKind, JobRequest
from indexer.jobs import schedules
from indexer.jobs.requests import check_request
from indexer.jobs.schedules import ScheduleStatus
from indexer.settings import ForumSource, SourceSettings
from indexer.store import items
from indexer.store.items import SourceState
from service.admin.desk import Desk, Listed, page_of
from service.admin.jobs import open_jobs, start_job
from service.admin.schedules import concerns


@dataclass(frozen=True, slots=True)
class SourceView:
    """A source as an admin looks at it. `place` is None for one that is no longer in the settings. `failing` items keep
    failing, of which `parked` ones are not tried again by themselves. `error` is that of the last reading; `overdue`
    says which schedule should have read it, in a sentence; `job` is one that is to read it or does so now."""

    name: str
    kind: str
    place: str | None
    states: Mapping[ItemState, int]
    failing: int
    parked: int
    finished: datetime | None
    error: str | None
    overdue: str | None
    job: Job | None

    @property
    def in_settings(self) -> bool:
        return self.place is not None

    @property
    def items(self) -> int:
        return sum(self.states.values())


def list_sources(desk: Desk, cursor: str | None = None, limit: int | None = None) -> Listed[SourceView]:
    """The sources of the settings in their order, then those that have left them. QueryInvalid for a cursor that is not
    ours."""
    return page_of(all_sources(desk), lambda view: view.name, cursor, limit)


def all_sources(desk: Desk) -> list[SourceView]:
    listed = {source.name: source for source in desk.read_settings().sources}
    with desk.home.database.read() as transaction:
        known = {state.name: state for state in items.known_sources(transaction)}
        states = items.count_states(transaction)
        letters = items.dead_letters(transaction)
    failing = Counter(letter.source for letter in letters)
    parked = Counter(letter.source for letter in letters if letter.next_try is None)
    going, planned = open_jobs(desk), schedules.list_schedules(desk.home, desk.now(), 0)
    return [
        _view(
            name, listed.get(name), known.get(name), states.get(name, {}), failing[name], parked[name], going, planned
        )
        for name in (*listed, *(name for name in {**known, **states} if name not in listed))
    ]


def show_source(desk: Desk, name: str) -> SourceView:
    """NotFound."""
    for view in all_sources(desk):
        if view.name == name:
            return view
    raise NotFound(f"there is no source {name}, neither in the settings nor in the home")


def reindex_source(desk: Desk, name: str, *, full: bool = False) -> Job:
    """Ask for a job that reads what has changed in a source, or all of it. NotFound; JobInvalid for one that has left
    the settings."""
    show_source(desk, name)
    return start_job(desk, JobKind.REINDEX, {"sources": [name], "full": full})


def list_dead_letters(desk: Desk, name: str, cursor: str | None = None, limit: int | None = None) -> Listed[DeadLetter]:
    """The items of a source that keep failing, those that are tried again soonest first, parked ones last. NotFound."""
    show_source(desk, name)
    with desk.home.database.read() as transaction:
        found = items.dead_letters(transaction, [name])
    return page_of(found, lambda letter: letter.uri, cursor, limit)


def retry_dead_letter(desk: Desk, name: str, uri: str) -> Job:
    """Read one item again that keeps failing. NotFound, JobInvalid."""
    return _retry(desk, name, {"items": [[name, uri]]}, [uri])


def retry_dead_letters(desk: Desk, name: str) -> Job:
    """Read all items of a source again that keep failing. NotFound, JobInvalid."""
    return _retry(desk, name, {"sources": [name]}, None)


def _retry(desk: Desk, name: str, parameters: Mapping[str, object], uris: Sequence[str] | None) -> Job:
    view = show_source(desk, name)
    if not view.in_settings:
        raise JobInvalid(
            f"{name} is no longer in the settings, so nothing of it can be read: add it again, or remove it"
        )
    check_request(JobRequest(JobKind.REINDEX, parameters), desk.read_settings())
    with desk.home.database.begin() as transaction:
        chosen = items.retry_items(transaction, desk.now(), sources=[name], uris=uris)
        if chosen:
            desk.home.tell(transaction, AuditAction.SOURCE_RETRIED, name, {"items": chosen})
    if not chosen:
        which = f"the item {uris[0]} of {name} does not fail" if uris else f"no item of {name} fails"
        raise NotFound(f"{which}, so there is nothing to try again")
    return start_job(desk, JobKind.REINDEX, parameters)


def _view(
    name: str,
    settings: SourceSettings | None,
    state: SourceState | None,
    states: Mapping[ItemState, int],
    failing: int,
    parked: int,
    going: Iterable[Job],
    planned: Iterable[ScheduleStatus],
) -> SourceView:
    return SourceView(
        name,
        settings.kind if settings else state.kind if state else "unknown",
        _place(settings) if settings else None,
        states,
        failing,
        parked,
        state.finished if state else None,
        state.error if state else None,
        next((s.problem for s in planned if s.problem and concerns(s.schedule.request, name)), None),
        next((job for job in going if concerns(job.request, name)), None),
    )


def _place(source: SourceSettings) -> str:
    if isinstance(source, ForumSource) and source.address:
        return _without_password(source.address)
    return str(source.path)


def _without_password(address: str) -> str:
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
