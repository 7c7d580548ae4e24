"""What every page of administration gets: the desk, the form that it answers, and a way to show itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Request, Response
from fastapi.responses import RedirectResponse

from indexer.domain.jobs import Job
from service.admin import Desk
from service.admin.jobs import note_on_workers
from service.dependencies import Parts, UsesDesk, UsesParts
from service.search import new_voter
from service.web.forms import expect_own_form, known_visitor, read_fields, remember_visitor, token_for
from service.web.rendering import render

MOST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class AdminPage:
    """One request for a page of administration."""

    desk: Desk
    parts: Parts
    request: Request

    def show(self, template: str, status: int = HTTPStatus.OK, **values: object) -> Response:
        """The page that a template below admin/ makes of the values, with the token that its forms send back."""
        visitor = known_visitor(self.request) or new_voter()
        page = render(
            f"admin/{template}",
            status,
            token=token_for(self.parts, visitor),
            section=self.request.url.path.split("/")[2:3],
            note=note_on_workers(self.desk),
            **values,
        )
        remember_visitor(page, self.request, visitor)
        return page


@dataclass(frozen=True, slots=True)
class AdminForm(AdminPage):
    """A form that was sent from one of our own pages. `fields` are without those that were left empty."""

    fields: Mapping[str, str]

    def get(self, name: str) -> str:
        return self.fields.get(name, "").strip()


def admin_page(desk: UsesDesk, parts: UsesParts, request: Request) -> AdminPage:
    return AdminPage(desk, parts, request)


async def posted_fields(request: Request, _: UsesDesk) -> dict[str, str]:
    return await read_fields(request, MOST_BYTES)


def admin_form(
    desk: UsesDesk, parts: UsesParts, request: Request, fields: Annotated[dict[str, str], Depends(posted_fields)]
) -> AdminForm:
    """What was sent; 403 where it comes from elsewhere or from a page that is too old."""
    expect_own_form(parts, request, fields)
    return AdminForm(desk, parts, request, fields)


def go_to(path: str) -> Response:
    """Show another page after a form, so that loading it again sends nothing twice."""
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)


def go_to_job(job: Job) -> Response:
    return go_to(f"/admin/jobs/{quote(job.id, safe='')}")


UsesPage = Annotated[AdminPage, Depends(admin_page)]
UsesForm = Annotated[AdminForm, Depends(admin_form)]
