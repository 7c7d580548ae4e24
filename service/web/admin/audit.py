"""GET /admin/audit."""

from fastapi import APIRouter, Response

from indexer.domain.accounts import AuditAction
from service.admin import audit
from service.web.admin.page import UsesPage

router = APIRouter(prefix="/admin/audit")


@router.get("")
def show_all(page: UsesPage, action: str = "", account: str = "", cursor: str | None = None) -> Response:
    """What was done, and by whom, newest first."""
    chosen = next((known for known in AuditAction if known == action), None)
    return page.show(
        "audit.html",
        found=audit.list_entries(page.desk.home, action=chosen, account=account.strip(), cursor=cursor),
        later=cursor is not None,
        actions=list(AuditAction),
        action=chosen,
        account=account.strip(),
    )
