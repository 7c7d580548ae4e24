"""What the resources of administration share: who may use them, which problems they answer with, paging."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from service.admin import LISTED, MOST_LISTED
from service.api.schemas import Problem

Responses = dict[int | str, dict[str, Any]]

REFUSED: Responses = {
    401: {"model": Problem, "description": "Nobody is signed in"},
    403: {"model": Problem, "description": "Whoever is signed in may not do this; it says why"},
}
UNKNOWN: Responses = {404: {"model": Problem, "description": "There is none of this name"}}
CONFLICTING: Responses = {409: {"model": Problem, "description": "That does not go with how things are; it says why"}}

Cursor = Annotated[str | None, Query(description="`next` of an earlier answer", max_length=2000)]
Limit = Annotated[int, Query(ge=1, le=MOST_LISTED, description="How many at most")]
DEFAULT_LIMIT = LISTED


def admin_router(tag: str) -> APIRouter:
    """A router for admins; that nobody else gets through is written in the matrix."""
    return APIRouter(tags=[tag], responses=REFUSED)
