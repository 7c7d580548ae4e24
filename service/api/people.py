"""GET /people: whom to ask. GET /people/{id}: one person."""

from fastapi import APIRouter, Response

from service.api.schemas import PeopleOut, PersonOut, Problem, people_out, person_out
from service.api.search import Explain, InCommunities, OfKinds, Question, Since, Until
from service.api.shape import as_json
from service.dependencies import UsesParts, UsesReading, UsesViewer
from service.directory import view_person
from service.experts import answer
from service.search import parse_query

router = APIRouter(tags=["people"])


@router.get("/people", operation_id="rank_people", response_model=PeopleOut)
def rank(
    parts: UsesParts,
    viewer: UsesViewer,
    q: Question,
    community: InCommunities,
    kind: OfKinds,
    since: Since = None,
    until: Until = None,
    explain: Explain = False,
) -> Response:
    """The people to ask about something, each with the documents that speak for them."""
    query = parse_query(q, communities=tuple(community), kinds=tuple(kind), since=since, until=until)
    return as_json(people_out(answer(parts.home, parts.index, query, viewer, parts.settings), explain=explain))


@router.get("/people/{person_id}", operation_id="get_person", responses={404: {"model": Problem}})
def get(reading: UsesReading, viewer: UsesViewer, person_id: str) -> PersonOut:
    """A person: communities, unit, and what they had a part in that you may read. One who does not want to be found is
    there only for themselves and for admins."""
    return person_out(view_person(reading.transaction, person_id, reading.readable, viewer))
