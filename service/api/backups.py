"""GET and POST /backups."""

from http import HTTPStatus

from service.admin import backups
from service.admin.jobs import note_on_workers
from service.api.administration import DEFAULT_LIMIT, Cursor, Limit, admin_router
from service.api.backup_schemas import BackupsOut, backup_out
from service.api.job_schemas import AcceptedJob, accepted
from service.dependencies import UsesDesk

router = admin_router("backups")


@router.get("/backups", operation_id="list_backups")
def list_all(desk: UsesDesk, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT) -> BackupsOut:
    """The backups of this home in the folder of the settings, latest first."""
    found, place = backups.list_backups(desk, cursor, limit), backups.backup_place(desk)
    told = [backup_out(backup) for backup in found.entries]
    return BackupsOut(backups=told, folder=str(place.folder), keep=place.keep, next=found.next)


@router.post("/backups", operation_id="start_backup", status_code=HTTPStatus.ACCEPTED)
def start(desk: UsesDesk) -> AcceptedJob:
    """Ask for a job that copies the whole home into the folder of the settings, while it serves."""
    return accepted(backups.start_backup(desk), note_on_workers(desk))
