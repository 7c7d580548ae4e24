"""GET /communities and GET /communities/{slug}."""

from fastapi import APIRouter, Request, Response

from indexer.domain.people import MembershipRole
from indexer.store.people import Participation
from service.dependencies import UsesParts, UsesReading, UsesViewer
from service.directory import CommunityView, list_communities, view_community
from service.web.rendering import render
from service.web.stewardship import visibility_form

router = APIRouter()

ACTIVE_SHOWN = 12
LATEST_SHOWN = 20
ROLES_SHOWN = {MembershipRole.STEWARD: "Stewards", MembershipRole.LEAD: "Leads", MembershipRole.CORE: "Core group"}


@router.get("/communities")
def show_communities(reading: UsesReading) -> Response:
    """Every community that the viewer may know of."""
    return render("communities.html", communities=list_communities(reading.transaction, reading.readable))


@router.get("/communities/{slug}")
def show_community(parts: UsesParts, reading: UsesReading, viewer: UsesViewer, request: Request, slug: str) -> Response:
    """A community: who cares for it, who is active, what was written lately."""
    view = view_community(reading.transaction, slug, reading.readable)
    form = visibility_form(parts, reading.transaction, viewer, request, slug)
    page = render(
        "community.html",
        view=view,
        form=form,
        community=view.community,
        people_by_role=_people_by_role(view),
        active=[entry for entry in view.people if entry.documents][:ACTIVE_SHOWN],
        latest=view.documents[:LATEST_SHOWN],
    )
    return form.remember(page, request) if form else page


def _people_by_role(view: CommunityView) -> dict[str, list[Participation]]:
    by_role = {name: [entry for entry in view.people if entry.role is role] for role, name in ROLES_SHOWN.items()}
    return {name: holders for name, holders in by_role.items() if holders}
