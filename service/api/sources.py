"""GET /sources and /sources/{name}, POST …/reindex, GET …/dead-letters, POST …/dead-letters/retry."""

from http import HTTPStatus

from service.admin import sources
from service.admin.jobs import note_on_workers
from service.api.administration import DEFAULT_LIMIT, UNKNOWN, Cursor, Limit, admin_router
from service.api.job_schemas import AcceptedJob, accepted
from service.api.source_schemas import (
    DeadLettersOut,
    ReindexIn,
    RetryIn,
    SourceOut,
    SourcesOut,
    dead_letter_out,
    source_out,
)
from service.dependencies import UsesDesk

router = admin_router("sources")


@router.get("/sources", operation_id="list_sources")
def list_all(desk: UsesDesk, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT) -> SourcesOut:
    """The sources in the settings and in the home, with what was read from each."""
    found = sources.list_sources(desk, cursor, limit)
    return SourcesOut(sources=[source_out(view) for view in found.entries], note=note_on_workers(desk), next=found.next)


@router.get("/sources/{name}", operation_id="get_source", responses=UNKNOWN)
def get(desk: UsesDesk, name: str) -> SourceOut:
    """A source with what was read from it, and what went wrong."""
    return source_out(sources.show_source(desk, name))


@router.post(
    "/sources/{name}/reindex", operation_id="reindex_source", status_code=HTTPStatus.ACCEPTED, responses=UNKNOWN
)
def reindex(desk: UsesDesk, name: str, asked: ReindexIn | None = None) -> AcceptedJob:
    """Ask for a job that reads what has changed in a source, or with `full` all of it."""
    job = sources.reindex_source(desk, name, full=bool(asked and asked.full))
    return accepted(job, note_on_workers(desk))


@router.get("/sources/{name}/dead-letters", operation_id="list_dead_letters", responses=UNKNOWN)
def dead_letters(desk: UsesDesk, name: str, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT) -> DeadLettersOut:
    """The items of a source that keep failing, with the reason and the next try."""
    found = sources.list_dead_letters(desk, name, cursor, limit)
    return DeadLettersOut(source=name, items=[dead_letter_out(letter) for letter in found.entries], next=found.next)


@router.post(
    "/sources/{name}/dead-letters/retry",
    operation_id="retry_dead_letters",
    status_code=HTTPStatus.ACCEPTED,
    responses=UNKNOWN,
)
def retry(desk: UsesDesk, name: str, asked: RetryIn | None = None) -> AcceptedJob:
    """Read an item again that keeps failing, or all of them."""
    uri = asked.uri if asked else None
    job = sources.retry_dead_letter(desk, name, uri) if uri else sources.retry_dead_letters(desk, name)
    return accepted(job, note_on_workers(desk))
