"""GET /documents/{id}: a document or thread with its text."""

from collections.abc import Iterable

from fastapi import APIRouter, Request, Response

from indexer.store.contributions import Contributor
from service.dependencies import UsesParts, UsesReading, UsesViewer
from service.directory import view_document
from service.web.layout import lay_out, lay_out_thread, outline
from service.web.phrases import ROLE_HEADINGS
from service.web.rendering import render
from service.web.stewardship import audience_form

router = APIRouter()

LEAST_OUTLINE = 4
ROLES_IN_ORDER = tuple(ROLE_HEADINGS)


@router.get("/documents/{document_id}")
def show_document(
    parts: UsesParts, reading: UsesReading, viewer: UsesViewer, request: Request, document_id: str
) -> Response:
    """A document: its standing, the people involved, its text with a place for every passage."""
    view = view_document(reading.transaction, document_id, reading.readable)
    messages = lay_out_thread(view.blocks, view.messages)
    pieces = lay_out([block for block in view.blocks if not (messages and block.message)], view.document.title)
    sections = outline(pieces)
    form = audience_form(parts, reading.transaction, viewer, request, document_id, view.document.community)
    page = render(
        "document.html",
        view=view,
        form=form,
        document=view.document,
        people_by_role=_people_by_role(view.people),
        pieces=pieces,
        messages=messages,
        sections=sections if len(sections) >= LEAST_OUTLINE else [],
    )
    return form.remember(page, request) if form else page


def _people_by_role(parts: Iterable[Contributor]) -> dict[str, list[Contributor]]:
    """Everybody involved under the name of each of their roles, in the order of the roles; each once a role."""
    ordered = sorted(parts, key=lambda part: (ROLES_IN_ORDER.index(part.role), part.message or 0, part.name.casefold()))
    by_role: dict[str, dict[str | None, Contributor]] = {}
    for part in ordered:
        by_role.setdefault(ROLE_HEADINGS[part.role], {}).setdefault(part.person, part)
    return {name: list(people.values()) for name, people in by_role.items()}
