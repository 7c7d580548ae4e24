"""GET /admin/sources and /admin/sources/{name}, POST …/reindex and …/retry."""

from fastapi import APIRouter, Response

from service.admin import sources
from service.admin.jobs import plan_reindex
from service.web.admin.page import UsesForm, UsesPage, go_to_job

router = APIRouter(prefix="/admin/sources")


@router.get("")
def show_all(page: UsesPage) -> Response:
    """Every source with what was read from it, and what went wrong."""
    return page.show("sources.html", sources=sources.all_sources(page.desk))


@router.get("/{name}")
def show(page: UsesPage, name: str, cursor: str | None = None, plan: str | None = None) -> Response:
    """A source with the items that keep failing; with `plan` what a reindex would do."""
    return page.show(
        "source.html",
        source=sources.show_source(page.desk, name),
        letters=sources.list_dead_letters(page.desk, name, cursor),
        later=cursor is not None,
        planned=plan_reindex(page.desk, [name]) if plan else None,
    )


@router.post("/{name}/reindex")
def reindex(form: UsesForm, name: str) -> Response:
    return go_to_job(sources.reindex_source(form.desk, name, full="full" in form.fields))


@router.post("/{name}/retry")
def retry(form: UsesForm, name: str) -> Response:
    """Read an item again that keeps failing, or all of them."""
    uri = form.fields.get("uri")
    if uri:
        return go_to_job(sources.retry_dead_letter(form.desk, name, uri))
    return go_to_job(sources.retry_dead_letters(form.desk, name))
