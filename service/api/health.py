"""GET /health: whether the service can answer."""

from datetime import UTC, datetime

from fastapi import APIRouter

from indexer.store import documents, people
from service.admin.health import look_at_health
from service.api.schemas import HealthOut
from service.dependencies import UsesParts, UsesReading

router = APIRouter(tags=["health"])


@router.get("/health", operation_id="get_health")
def get(parts: UsesParts, reading: UsesReading) -> HealthOut:
    """What serves now, and what is wrong with it."""
    found = look_at_health(parts.home, parts.index, datetime.now(UTC))
    return HealthOut(
        status=found.status,
        model=found.model,
        generation=found.generation,
        documents=documents.count_documents(reading.transaction, reading.readable.ids),
        people=people.count_people(reading.transaction, reading.readable.ids),
        problems=list(found.problems),
    )
