"""GET /communities and GET /communities/{slug}."""

from fastapi import APIRouter

from service.api.schemas import CommunitiesOut, CommunityOut, CommunitySummary, Problem, community_out
from service.dependencies import UsesReading
from service.directory import list_communities, view_community

router = APIRouter(tags=["communities"])


@router.get("/communities", operation_id="list_communities")
def list_all(reading: UsesReading) -> CommunitiesOut:
    """Every community that you may know of."""
    counted = list_communities(reading.transaction, reading.readable)
    return CommunitiesOut(
        communities=[
            CommunitySummary(
                slug=entry.community.slug,
                name=entry.community.name,
                domain=entry.community.domain,
                visibility=entry.community.visibility,
                documents=entry.documents,
                last_active=entry.latest.date() if entry.latest else None,
            )
            for entry in counted
        ]
    )


@router.get("/communities/{slug}", operation_id="get_community", responses={404: {"model": Problem}})
def get(reading: UsesReading, slug: str) -> CommunityOut:
    """A community: its domain, who takes part, and its latest documents."""
    return community_out(view_community(reading.transaction, slug, reading.readable))
