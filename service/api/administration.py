"""What the resources of administration share: who may use them, which problems they answer with, paging."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from service.admin import LISTED, MOST_LISTED
from service.api.schemas import Problem
from service.dependencies import current_administrator

Responses = dict[int | str, dict[str, Any]]

REFUSED: Responses = {403: {"model": Problem, "description": "Administration is not open to this request; it says why"}}
UNKNOWN: Responses = {404: {"model": Problem, "description": "There is none of this name"}}
CONFLICTING: Responses = {409: {"model": Problem, "description": "That does not go with how things are; it says why"}}

Cursor = Annotated[str | None, Query(description="`next` of an earlier answer", max_length=2000)]
Limit = Annotated[int, Query(ge=1, le=MOST_LISTED, description="How many at most")]
DEFAULT_LIMIT = LISTED


def admin_router(tag: str) -> APIRouter:
    """A router of which every route goes through the one function that says who may administer."""
    return APIRouter(tags=[tag], dependencies=[Depends(current_administrator)], responses=REFUSED)
