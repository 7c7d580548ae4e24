"""GET and POST /admin/backups."""

from fastapi import APIRouter, Response

from service.admin import backups
from service.web.admin.page import UsesForm, UsesPage, go_to_job

router = APIRouter(prefix="/admin/backups")


@router.get("")
def show_all(page: UsesPage, cursor: str | None = None) -> Response:
    """The backups of this home, latest first."""
    return page.show(
        "backups.html",
        found=backups.list_backups(page.desk, cursor),
        place=backups.backup_place(page.desk),
        later=cursor is not None,
    )


@router.post("")
def start(form: UsesForm) -> Response:
    return go_to_job(backups.start_backup(form.desk))
