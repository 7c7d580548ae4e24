"""GET and POST /schedules, GET, PATCH and DELETE /schedules/{name}, POST …/pause, /resume and /run, GET /next-runs."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Query, Response

from service.admin import schedules
from service.admin.jobs import note_on_workers
from service.api.administration import CONFLICTING, DEFAULT_LIMIT, UNKNOWN, Cursor, Limit, admin_router
from service.api.job_schemas import AcceptedJob, accepted, window_of
from service.api.schedule_schemas import (
    LONGEST_CRON,
    PreviewOut,
    ScheduleChangeIn,
    ScheduleIn,
    ScheduleOut,
    SchedulesOut,
    preview_out,
    schedule_out,
)
from service.dependencies import UsesDesk

router = admin_router("schedules")


@router.get("/schedules", operation_id="list_schedules")
def list_all(desk: UsesDesk, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT) -> SchedulesOut:
    """Schedules by name, each with its next runs and what is wrong with it."""
    found = schedules.list_schedules(desk, cursor, limit, schedules.RUNS_SHOWN)
    return SchedulesOut(
        schedules=[schedule_out(status) for status in found.entries], note=note_on_workers(desk), next=found.next
    )


@router.get("/next-runs", operation_id="preview_schedule")
def preview(
    desk: UsesDesk,
    cron: Annotated[str, Query(max_length=LONGEST_CRON)],
    zone: Annotated[str, Query(max_length=LONGEST_CRON)] = "UTC",
    count: Annotated[int, Query(ge=1, le=50)] = schedules.RUNS_SHOWN,
) -> PreviewOut:
    """What an expression says, in words, and when it comes next, before there is a schedule."""
    return preview_out(schedules.preview(desk, cron, zone, count))


@router.post("/schedules", operation_id="add_schedule", status_code=HTTPStatus.CREATED, responses=CONFLICTING)
def add(desk: UsesDesk, asked: ScheduleIn, response: Response) -> ScheduleOut:
    """Start a job again and again. Workers see to it."""
    window = window_of(asked.window)
    made = schedules.add_schedule(desk, asked.name, asked.cron, asked.zone, asked.kind, asked.parameters(), window)
    response.headers["Location"] = f"/api/v1/schedules/{asked.name}"
    return schedule_out(made)


@router.get("/schedules/{name}", operation_id="get_schedule", responses=UNKNOWN)
def get(desk: UsesDesk, name: str) -> ScheduleOut:
    """A schedule with its next runs and its last job."""
    return schedule_out(schedules.show_schedule(desk, name))


@router.patch("/schedules/{name}", operation_id="change_schedule", responses=UNKNOWN)
def change(desk: UsesDesk, name: str, asked: ScheduleChangeIn) -> ScheduleOut:
    """Change what is given, and leave the rest. With another expression or zone, runs count from now on."""
    return schedule_out(schedules.change_schedule(desk, name, asked.change()))


@router.delete(
    "/schedules/{name}", operation_id="remove_schedule", status_code=HTTPStatus.NO_CONTENT, responses=UNKNOWN
)
def remove(desk: UsesDesk, name: str) -> None:
    """Forget a schedule; the jobs that it started stay."""
    schedules.remove_schedule(desk, name)


@router.post("/schedules/{name}/pause", operation_id="pause_schedule", responses=UNKNOWN)
def pause(desk: UsesDesk, name: str) -> ScheduleOut:
    """Start nothing until it is resumed; a job that it started goes on."""
    return schedule_out(schedules.pause_schedule(desk, name))


@router.post("/schedules/{name}/resume", operation_id="resume_schedule", responses=UNKNOWN)
def resume(desk: UsesDesk, name: str) -> ScheduleOut:
    """Go on with the next run; those of the pause are not made up for."""
    return schedule_out(schedules.resume_schedule(desk, name))


@router.post("/schedules/{name}/run", operation_id="run_schedule", status_code=HTTPStatus.ACCEPTED, responses=UNKNOWN)
def run(desk: UsesDesk, name: str) -> AcceptedJob:
    """Start its job now, outside its window, too."""
    return accepted(schedules.run_schedule(desk, name), note_on_workers(desk))
