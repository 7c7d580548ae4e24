"""The JSON face, below /api/v1: one module a resource, the shapes in schemas."""

from fastapi import APIRouter

from service.api import (
    account,
    account_data,
    accounts,
    audit,
    backups,
    communities,
    documents,
    feedback,
    generations,
    health,
    jobs,
    people,
    profile,
    schedules,
    search,
    shortlist,
    sources,
    stewardship,
)
from service.api.schemas import Problem

router = APIRouter(
    prefix="/api/v1",
    responses={
        422: {"model": Problem, "description": "Something in the request cannot be understood"},
        503: {"model": Problem, "description": "Nothing has been indexed yet"},
    },
)
for module in (
    search,
    shortlist,
    people,
    communities,
    documents,
    stewardship,
    feedback,
    health,
    account,
    account_data,
    profile,
):
    router.include_router(module.router)
for administered in (jobs, schedules, generations, sources, backups, audit, accounts):
    router.include_router(administered.router)

__all__ = ["router"]
