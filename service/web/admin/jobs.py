"""GET and POST /admin/jobs, GET /admin/jobs/{id}, POST …/cancel and …/retry."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response

from indexer.domain.errors import JobInvalid
from indexer.domain.jobs import JobKind, JobState
from service.admin import jobs
from service.web.admin.page import AdminForm, AdminPage, UsesForm, UsesPage, go_to_job

router = APIRouter(prefix="/admin/jobs")


@router.get("")
def show_all(
    page: UsesPage, state: Annotated[list[JobState], Query(default_factory=list)], cursor: str | None = None
) -> Response:
    """Jobs, newest first, and a form that asks for one."""
    return _list(page, state, cursor)


@router.post("")
def start(form: UsesForm) -> Response:
    """Ask for a job, or say what a reindex would do."""
    try:
        kind = kind_in(form)
        if "plan" in form.fields:
            return _list(form, planned=jobs.plan_reindex(form.desk, _sources(form), full="full" in form.fields))
        return go_to_job(jobs.start_job(form.desk, kind, parameters_in(form, kind)))
    except JobInvalid as error:
        return _list(form, status=HTTPStatus.UNPROCESSABLE_ENTITY, told=str(error))


@router.get("/{job_id}")
def show(page: UsesPage, job_id: str) -> Response:
    """One job: how far it is, what went wrong, what it came to."""
    job = jobs.show_job(page.desk, job_id)
    return page.show("job.html", job=job, may_retry=jobs.may_retry(job))


@router.post("/{job_id}/cancel")
def cancel(form: UsesForm, job_id: str) -> Response:
    return go_to_job(jobs.cancel_job(form.desk, job_id))


@router.post("/{job_id}/retry")
def retry(form: UsesForm, job_id: str) -> Response:
    return go_to_job(jobs.retry_job(form.desk, job_id))


def kind_in(form: AdminForm) -> JobKind:
    """The kind of job that a form names. JobInvalid."""
    try:
        return JobKind(form.get("kind"))
    except ValueError as error:
        raise JobInvalid(f"choose what to do: {', '.join(JobKind)}") from error


def parameters_in(form: AdminForm, kind: JobKind) -> dict[str, object]:
    """What a form says a reindex is to look at; nothing for other kinds, which take no such thing."""
    if kind is not JobKind.REINDEX:
        return {}
    return {"sources": _sources(form), "community": form.get("community"), "full": "full" in form.fields}


def _sources(form: AdminForm) -> list[str]:
    return [form.get("source")] if form.get("source") else []


def _list(
    page: AdminPage,
    state: list[JobState] | None = None,
    cursor: str | None = None,
    *,
    status: int = HTTPStatus.OK,
    told: str | None = None,
    planned: list[jobs.SourcePlan] | None = None,
) -> Response:
    fields = page.fields if isinstance(page, AdminForm) else {}
    return page.show(
        "jobs.html",
        status,
        found=jobs.list_jobs(page.desk, state or (), cursor),
        states=state or [],
        later=cursor is not None,
        told=told,
        planned=planned,
        fields=fields,
        kinds=list(JobKind),
        source_names=[source.name for source in page.desk.read_settings().sources],
        communities=jobs.known_communities(page.desk),
    )
