"""The pages of administration: one module and one template a page, what they share in frame.html and parts.html."""

from fastapi import APIRouter

from service.web.admin import accounts, audit, backups, generations, jobs, overview, schedules, sources

router = APIRouter()
for module in (overview, jobs, schedules, sources, generations, backups, accounts, audit):
    router.include_router(module.router)

__all__ = ["router"]
