"""GET /people/{id}: a person."""

from datetime import UTC, datetime
from http import HTTPStatus

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from service.dependencies import UsesReading, UsesViewer
from service.directory import view_person
from service.web.places import person_href
from service.web.rendering import render

router = APIRouter()


@router.get("/people/{person_id}")
def show_person(reading: UsesReading, viewer: UsesViewer, person_id: str) -> Response:
    """A person: communities, what they had a part in, how to reach them."""
    view = view_person(reading.transaction, person_id, reading.readable, viewer)
    if view.person.id != person_id:
        return RedirectResponse(person_href(view.person.id), HTTPStatus.PERMANENT_REDIRECT)
    names = {entry.community.slug: entry.community.name for entry in view.communities}
    away_until = view.choices.away_on(datetime.now(UTC).date())
    return render("person.html", view=view, person=view.person, names=names, away_until=away_until)
