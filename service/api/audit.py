"""GET /audit, GET /audit/export."""

from typing import Annotated

from fastapi import Query
from fastapi.responses import StreamingResponse

from indexer.domain.accounts import AuditAction
from service.admin import audit
from service.api.administration import DEFAULT_LIMIT, Cursor, Limit, Responses, admin_router
from service.api.audit_schemas import AuditOut, entry_out
from service.dependencies import UsesDesk

router = admin_router("audit")

LONGEST_ACCOUNT = 200
JSON_LINES = "application/x-ndjson"
EXPORTED: Responses = {
    200: {"content": {JSON_LINES: {"schema": {"type": "string"}}}, "description": "One entry a line, oldest first"}
}


class JsonLines(StreamingResponse):
    media_type = JSON_LINES


@router.get("/audit", operation_id="list_audit_entries")
def list_all(
    desk: UsesDesk,
    action: Annotated[AuditAction | None, Query(description="Only this action")] = None,
    account: Annotated[
        str | None,
        Query(max_length=LONGEST_ACCOUNT, description="Only by or on this account: its name or id, or `command line`"),
    ] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> AuditOut:
    """What was done, and by whom, newest first."""
    found = audit.list_entries(desk.home, action=action, account=account, cursor=cursor, limit=limit)
    return AuditOut(entries=[entry_out(line) for line in found.entries], next=found.next)


@router.get("/audit/export", operation_id="export_audit_trail", response_class=JsonLines, responses=EXPORTED)
def export(desk: UsesDesk) -> StreamingResponse:
    """The whole trail as JSON Lines, oldest first. The last entry is this export."""
    headers = {"Content-Disposition": 'attachment; filename="knowwho-audit.jsonl"'}
    return JsonLines(audit.export_entries(desk.home), headers=headers)
