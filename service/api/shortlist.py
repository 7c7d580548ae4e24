"""POST /people/shortlist: whom of these to choose."""

from fastapi import APIRouter

from service.api.shortlist_schemas import ShortlistIn, ShortlistOut, shortlist_out
from service.dependencies import UsesParts, UsesViewer
from service.experts import rank_shortlist

router = APIRouter(tags=["people"])


@router.post("/people/shortlist", operation_id="rank_shortlist")
def rank(parts: UsesParts, viewer: UsesViewer, asked: ShortlistIn) -> ShortlistOut:
    """Rank given people for a text, all of them, each with the documents that speak for them.

    Whoever wrote much is restrained more than among all people, since one of these has to be chosen.
    """
    found = rank_shortlist(parts.home, parts.index, asked.text, asked.people, viewer, parts.settings)
    return shortlist_out(found, limit=asked.limit, explain=asked.explain)
