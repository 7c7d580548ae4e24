"""The pages: one module and one template a page, what they say in phrases.py, what they share in parts.html."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from service.web import (
    account,
    account_data,
    admin,
    communities,
    documents,
    feedback,
    people,
    profile,
    search,
    shortlist,
    stewardship,
)
from service.web.errors import show_error

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
for module in (search, people, shortlist, communities, documents, stewardship, feedback, account_data, profile):
    router.include_router(module.router)
router.include_router(account.router)
router.include_router(admin.router)


def static_files() -> StaticFiles:
    """The style sheet and the script, to be mounted at /static."""
    return StaticFiles(directory=Path(__file__).parent / "static")


__all__ = ["router", "show_error", "static_files"]
