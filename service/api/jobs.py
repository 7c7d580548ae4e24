"""GET and POST /jobs, POST /jobs/plan, GET /jobs/{id}, POST /jobs/{id}/cancel and /retry."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Query, Response

from indexer.domain.jobs import JobState
from service.admin import jobs
from service.api.administration import CONFLICTING, DEFAULT_LIMIT, UNKNOWN, Cursor, Limit, admin_router
from service.api.job_schemas import (
    AcceptedJob,
    JobIn,
    JobOut,
    JobsOut,
    PlanOut,
    ReindexChoice,
    accepted,
    job_out,
    plan_out,
    window_of,
    worker_out,
)
from service.dependencies import UsesDesk

router = admin_router("jobs")


@router.get("/jobs", operation_id="list_jobs")
def list_all(
    desk: UsesDesk,
    state: Annotated[list[JobState], Query(default_factory=list, description="Only in these states")],
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> JobsOut:
    """Jobs, newest first, and the workers that do them."""
    found = jobs.list_jobs(desk, state, cursor, limit)
    return JobsOut(
        jobs=[job_out(job) for job in found.entries],
        workers=[worker_out(view) for view in jobs.list_workers(desk)],
        note=jobs.note_on_workers(desk),
        next=found.next,
    )


@router.post("/jobs", operation_id="start_job", status_code=HTTPStatus.ACCEPTED)
def start(desk: UsesDesk, asked: JobIn, response: Response) -> AcceptedJob:
    """Ask for a job, which a worker does. Where an equal one has not begun yet, the answer is that one."""
    job = jobs.start_job(desk, asked.kind, asked.parameters(), window_of(asked.window))
    response.headers["Location"] = f"/api/v1/jobs/{job.id}"
    return accepted(job, jobs.note_on_workers(desk))


@router.post("/jobs/plan", operation_id="plan_reindex")
def plan(desk: UsesDesk, asked: ReindexChoice) -> PlanOut:
    """What a reindex of these sources would do. Nothing is done; the sources are listed for it."""
    return PlanOut(sources=[plan_out(entry) for entry in jobs.plan_reindex(desk, asked.sources, full=asked.full)])


@router.get("/jobs/{job_id}", operation_id="get_job", responses=UNKNOWN)
def get(desk: UsesDesk, job_id: str) -> JobOut:
    """A job: how far it is, what went wrong, what it came to."""
    return job_out(jobs.show_job(desk, job_id))


@router.post("/jobs/{job_id}/cancel", operation_id="cancel_job", responses={**UNKNOWN, **CONFLICTING})
def cancel(desk: UsesDesk, job_id: str) -> JobOut:
    """Cancel a job; one that runs stops within seconds and leaves nothing half-written."""
    return job_out(jobs.cancel_job(desk, job_id))


@router.post(
    "/jobs/{job_id}/retry",
    operation_id="retry_job",
    status_code=HTTPStatus.ACCEPTED,
    responses={**UNKNOWN, **CONFLICTING},
)
def retry(desk: UsesDesk, job_id: str) -> AcceptedJob:
    """Run a job again that failed, was cancelled, or ended with an error."""
    return accepted(jobs.retry_job(desk, job_id), jobs.note_on_workers(desk))
