"""GET and POST /admin/schedules, GET and POST /admin/schedules/{name}, POST …/pause, resume, run and remove."""

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import quote

from fastapi import APIRouter, Response

from indexer.domain.errors import Conflict, JobInvalid
from indexer.domain.jobs import JobKind, Schedule, Window
from indexer.jobs.windows import parse_window
from service.admin import schedules
from service.admin.jobs import known_communities
from service.admin.schedules import Preview, ScheduleChange
from service.web.admin.jobs import kind_in, parameters_in
from service.web.admin.page import AdminForm, AdminPage, UsesForm, UsesPage, go_to, go_to_job

router = APIRouter(prefix="/admin/schedules")

EMPTY = {"cron": "0 1 * * *", "zone": "UTC", "kind": JobKind.REINDEX}


@router.get("")
def show_all(page: UsesPage) -> Response:
    """Every schedule, and a form for another."""
    return _list(page, EMPTY)


@router.post("")
def add(form: UsesForm) -> Response:
    """Keep a new schedule, or show what it would do."""
    zone = form.get("zone") or "UTC"
    try:
        preview = schedules.preview(form.desk, form.get("cron"), zone)
        if "preview" in form.fields:
            return _list(form, form.fields, preview=preview)
        kind, window = kind_in(form), _window(form, zone)
        name, parameters = form.get("name"), parameters_in(form, kind)
        schedules.add_schedule(form.desk, name, preview.cron, zone, kind, parameters, window)
    except JobInvalid as error:
        return _list(form, form.fields, status=HTTPStatus.UNPROCESSABLE_ENTITY, told=str(error))
    except Conflict as error:
        return _list(form, form.fields, status=HTTPStatus.CONFLICT, told=str(error))
    return go_to(_href(form.get("name")))


@router.get("/{name}")
def show(page: UsesPage, name: str) -> Response:
    """One schedule: its next runs, its last job, and what can be changed."""
    return _one(page, name)


@router.post("/{name}")
def change(form: UsesForm, name: str) -> Response:
    """Change when it comes and in which hours it may run, or show what that would mean."""
    zone = form.get("zone") or "UTC"
    try:
        preview = schedules.preview(form.desk, form.get("cron"), zone)
        window = _window(form, zone)
        if "preview" in form.fields:
            return _one(form, name, preview=preview)
        told = ScheduleChange(preview.cron, zone, window=window, any_time=window is None)
        schedules.change_schedule(form.desk, name, told)
    except JobInvalid as error:
        return _one(form, name, status=HTTPStatus.UNPROCESSABLE_ENTITY, told=str(error))
    return go_to(_href(name))


@router.post("/{name}/pause")
def pause(form: UsesForm, name: str) -> Response:
    schedules.pause_schedule(form.desk, name)
    return go_to(_href(name))


@router.post("/{name}/resume")
def resume(form: UsesForm, name: str) -> Response:
    schedules.resume_schedule(form.desk, name)
    return go_to(_href(name))


@router.post("/{name}/run")
def run(form: UsesForm, name: str) -> Response:
    return go_to_job(schedules.run_schedule(form.desk, name))


@router.post("/{name}/remove")
def remove(form: UsesForm, name: str) -> Response:
    schedules.remove_schedule(form.desk, name)
    return go_to("/admin/schedules")


def _list(
    page: AdminPage,
    fields: Mapping[str, str],
    *,
    status: int = HTTPStatus.OK,
    told: str | None = None,
    preview: Preview | None = None,
) -> Response:
    return page.show(
        "schedules.html",
        status,
        schedules=schedules.coming_up(page.desk),
        fields=fields,
        told=told,
        preview=preview,
        kinds=list(JobKind),
        source_names=[source.name for source in page.desk.read_settings().sources],
        communities=known_communities(page.desk),
    )


def _one(
    page: AdminPage, name: str, *, status: int = HTTPStatus.OK, told: str | None = None, preview: Preview | None = None
) -> Response:
    found = schedules.show_schedule(page.desk, name)
    fields = page.fields if isinstance(page, AdminForm) else _fields_of(found.schedule)
    return page.show("schedule.html", status, found=found, fields=fields, told=told, preview=preview)


def _fields_of(schedule: Schedule) -> dict[str, str]:
    window = schedule.request.window
    hours = {"begin": f"{window.begin:%H:%M}", "end": f"{window.end:%H:%M}"} if window else {}
    return {"cron": schedule.cron, "zone": schedule.zone, **hours}


def _window(form: AdminForm, zone: str) -> Window | None:
    begin, end = form.get("begin"), form.get("end")
    if not begin and not end:
        return None
    if not (begin and end):
        raise JobInvalid("say both when the hours begin and when they end, or neither to allow every hour")
    return parse_window(f"{begin}-{end}", zone)


def _href(name: str) -> str:
    return f"/admin/schedules/{quote(name, safe='')}"
