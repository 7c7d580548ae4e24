"""The pages of administration: one module and one template a page, what they share in frame.html and parts.html."""

from fastapi import APIRouter, Depends

from service.dependencies import current_administrator
from service.web.admin import backups, generations, jobs, overview, schedules, sources

router = APIRouter(dependencies=[Depends(current_administrator)])
for module in (overview, jobs, schedules, sources, generations, backups):
    router.include_router(module.router)

__all__ = ["router"]
