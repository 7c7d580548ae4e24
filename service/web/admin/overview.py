"""GET /admin: how everything is, at a glance."""

from fastapi import APIRouter, Response

from indexer.domain.errors import NotFound
from service.admin.generations import GenerationView, show_generation
from service.admin.health import admin_problems, look_at_health
from service.admin.jobs import list_workers, open_jobs
from service.admin.schedules import coming_up
from service.admin.sources import all_sources
from service.web.admin.page import AdminPage, UsesPage

router = APIRouter()

SCHEDULES_SHOWN = 5


@router.get("/admin")
def show(page: UsesPage) -> Response:
    """What is wrong, who works, what runs, what comes next, what serves."""
    desk = page.desk
    health = look_at_health(desk.home, page.parts.index, desk.now())
    sources, planned = all_sources(desk), coming_up(desk)
    return page.show(
        "overview.html",
        health=health,
        problems=[*health.problems, *admin_problems(desk, sources, health.problems)],
        workers=list_workers(desk),
        jobs=open_jobs(desk),
        schedules=planned[:SCHEDULES_SHOWN],
        more_schedules=len(planned) - SCHEDULES_SHOWN,
        sources=sources,
        serving=_serving(page, health.generation),
    )


def _serving(page: AdminPage, generation: str | None) -> GenerationView | None:
    try:
        return show_generation(page.desk, generation) if generation else None
    except NotFound:  # removed or replaced in this very moment
        return None
