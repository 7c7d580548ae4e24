"""GET /health: whether the service can answer."""

from datetime import UTC, datetime

from fastapi import APIRouter

from indexer.store import documents, people
from service.admin.health import for_others, look_at_health
from service.api.schemas import HealthOut
from service.dependencies import UsesParts, UsesReading, UsesViewer

router = APIRouter(tags=["health"])


@router.get("/health", operation_id="get_health")
def get(parts: UsesParts, viewer: UsesViewer, reading: UsesReading) -> HealthOut:
    """What serves now; to admins also what is wrong with it."""
    told = look_at_health(parts.home, parts.index, datetime.now(UTC))
    found = told if viewer.administers else for_others(told)
    return HealthOut(
        status=found.status,
        model=found.model,
        generation=found.generation,
        documents=documents.count_documents(reading.transaction, reading.readable.ids),
        people=people.count_people(
            reading.transaction, reading.readable.ids, with_hidden=viewer.admin, own=viewer.person
        ),
        problems=list(found.problems),
    )
