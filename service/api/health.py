"""GET /health: whether the service can answer."""

from typing import Literal

from fastapi import APIRouter

from indexer.domain.errors import IndexOutdated
from indexer.store import documents, people
from service.api.schemas import HealthOut
from service.dependencies import UsesParts, UsesReading

router = APIRouter(tags=["health"])


@router.get("/health", operation_id="get_health")
def get(parts: UsesParts, reading: UsesReading) -> HealthOut:
    """What serves now, and what is wrong with it."""
    problems = []
    status: Literal["ok", "degraded", "empty"] = "ok"
    if parts.index.model_state != "ready":
        status = "degraded"
        problems.append(f"embedding model: {parts.index.model_state}")
    if parts.index.cross_encoder_error:
        status = "degraded"
        problems.append(f"cross-encoder: {parts.index.cross_encoder_error}")
    try:
        generation = parts.index.engine().generation
    except IndexOutdated as error:
        status, generation = "empty", None
        problems.append(str(error))
    return HealthOut(
        status=status,
        model=parts.index.model_state,
        generation=generation,
        documents=documents.count_documents(reading.transaction, reading.readable.ids),
        people=people.count_people(reading.transaction),
        problems=problems,
    )
