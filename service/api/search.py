"""GET /search: the whole answer to a question."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from indexer.domain.content import DocumentKind
from service.api.schemas import AnswerOut, answer_out
from service.api.shape import as_json
from service.dependencies import UsesParts, UsesViewer
from service.experts import answer
from service.search import parse_query

router = APIRouter(tags=["search"])

Question = Annotated[str, Query(description="A question, some words, an error code", min_length=1, max_length=2000)]
InCommunities = Annotated[
    list[str], Query(default_factory=list, description="Slugs of communities to search in; all where none is given")
]
OfKinds = Annotated[
    list[DocumentKind], Query(default_factory=list, description="Kinds of document to search; all where none is given")
]
Since = Annotated[str | None, Query(description="The earliest date of a document, like 2024-03-01")]
Until = Annotated[str | None, Query(description="The latest date of a document")]
Explain = Annotated[bool, Query(description="Whether to give the reasons for each rank, in words and numbers")]


@router.get("/search", operation_id="search", response_model=AnswerOut)
def search(
    parts: UsesParts,
    viewer: UsesViewer,
    q: Question,
    community: InCommunities,
    kind: OfKinds,
    since: Since = None,
    until: Until = None,
    cursor: Annotated[str | None, Query(description="`next` of an earlier answer")] = None,
    limit: Annotated[int | None, Query(ge=1, le=100)] = None,
    explain: Explain = False,
) -> Response:
    """The passages that answer a question, and the people who hold the knowledge, with evidence."""
    query = parse_query(
        q,
        communities=tuple(community),
        kinds=tuple(kind),
        since=since,
        until=until,
        cursor=cursor,
        limit=limit,
    )
    return as_json(answer_out(answer(parts.home, parts.index, query, viewer, parts.settings), explain=explain))
