"""GET /admin/generations and …/cost, POST …/verify, …/rebuild, …/{name}/roll-back and …/{name}/remove."""

from fastapi import APIRouter, Response

from indexer.domain.jobs import JobKind
from indexer.pipeline.generations import RolledBack
from service.admin import generations
from service.admin.jobs import start_job
from service.web.admin.page import AdminPage, UsesForm, UsesPage, go_to, go_to_job

router = APIRouter(prefix="/admin/generations")


@router.get("")
def show_all(page: UsesPage, cursor: str | None = None) -> Response:
    """The generations of the index, newest first."""
    return _list(page, cursor)


@router.get("/cost")
def show_cost(page: UsesPage) -> Response:
    """What the settings ask for that the index does not have yet, in numbers."""
    return page.show("cost.html", cost=generations.cost_of_settings(page.desk))


@router.post("/verify")
def verify(form: UsesForm) -> Response:
    return go_to_job(generations.verify_serving(form.desk))


@router.post("/rebuild")
def rebuild(form: UsesForm) -> Response:
    return go_to_job(start_job(form.desk, JobKind.REBUILD))


@router.post("/{name}/roll-back")
def roll_back(form: UsesForm, name: str) -> Response:
    """Let another generation serve, and say what to know about it."""
    return _list(form, rolled_back=generations.roll_back_to(form.desk, name))


@router.post("/{name}/remove")
def remove(form: UsesForm, name: str) -> Response:
    generations.remove(form.desk, name)
    return go_to("/admin/generations")


def _list(page: AdminPage, cursor: str | None = None, *, rolled_back: RolledBack | None = None) -> Response:
    return page.show(
        "generations.html",
        found=generations.list_generations(page.desk, cursor),
        later=cursor is not None,
        rolled_back=rolled_back,
    )
