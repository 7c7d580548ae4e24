"""GET and PUT /documents/{id}/audience, PUT /communities/{slug}/visibility: what stewards and admins decide."""

from fastapi import APIRouter
from pydantic import Field

from indexer.domain.content import Audience, AudienceKind
from indexer.domain.people import Visibility
from service.api.administration import REFUSED, UNKNOWN
from service.api.shape import Shape
from service.dependencies import UsesSteward
from service.stewardship import (
    AudienceView,
    VisibilityView,
    decide_audience,
    decide_visibility,
    view_audience,
)

router = APIRouter(tags=["stewardship"], responses=REFUSED)

LONGEST_NAME = 320


class AudienceShape(Shape):
    """`community` (a slug) belongs to community and members, `people` to people."""

    kind: AudienceKind
    community: str | None = Field(default=None, max_length=LONGEST_NAME)
    people: list[str] = Field(default=[], max_length=200, description="Ids of the directory; you may give addresses")


class AudienceIn(Shape):
    """`audience` null goes back to what the source says."""

    audience: AudienceShape | None


class AudienceChoice(Shape):
    audience: AudienceShape
    readers: str


class AudienceOut(Shape):
    """Who may read a document; `said` is what its source says where something else was decided."""

    document: str
    audience: AudienceShape
    readers: str
    decided: bool
    said: AudienceShape | None
    choices: list[AudienceChoice] = Field(description="What you may choose, given people aside, and who that is")
    note: str | None = Field(description="What is still to be done until searches find it for new readers")


class VisibilityIn(Shape):
    """`visibility` null goes back to what the directory or the settings say."""

    visibility: Visibility | None


class VisibilityOut(Shape):
    """Who may see a community; `said` is what the directory or the settings say where something else was decided."""

    community: str
    visibility: Visibility
    viewers: str
    decided: bool
    said: Visibility | None


@router.get("/documents/{document_id}/audience", operation_id="get_audience", responses=UNKNOWN)
def get_audience(desk: UsesSteward, document_id: str) -> AudienceOut:
    """Who may read a document, and who could."""
    with desk.home.database.read() as transaction:
        return _audience_out(view_audience(transaction, desk.viewer, document_id))


@router.put("/documents/{document_id}/audience", operation_id="decide_audience", responses=UNKNOWN)
def put_audience(desk: UsesSteward, document_id: str, asked: AudienceIn) -> AudienceOut:
    """Decide who may read a document. That counts before what its source says, and pages and searches obey at once;
    `note` says when searches find it for those who may read it anew."""
    return _audience_out(decide_audience(desk, document_id, _audience(asked.audience) if asked.audience else None))


@router.put("/communities/{slug}/visibility", operation_id="decide_visibility", responses=UNKNOWN)
def put_visibility(desk: UsesSteward, slug: str, asked: VisibilityIn) -> VisibilityOut:
    """Decide who may see a community, and read what is as visible as the community, at once."""
    return _visibility_out(decide_visibility(desk, slug, asked.visibility))


def _audience(told: AudienceShape) -> Audience:
    given = told.kind is AudienceKind.PEOPLE
    return Audience(told.kind, ",".join(told.people) if given else told.community or "")


def _audience_shape(audience: Audience) -> AudienceShape:
    if audience.kind is AudienceKind.PEOPLE:
        return AudienceShape(kind=audience.kind, people=[name for name in audience.subject.split(",") if name])
    return AudienceShape(kind=audience.kind, community=audience.subject or None)


def _audience_out(view: AudienceView) -> AudienceOut:
    return AudienceOut(
        document=view.document.public_id,
        audience=_audience_shape(view.audience),
        readers=view.readers,
        decided=view.said is not None,
        said=None if view.said is None else _audience_shape(view.said),
        choices=[AudienceChoice(audience=_audience_shape(c.audience), readers=c.readers) for c in view.choices],
        note=view.note,
    )


def _visibility_out(view: VisibilityView) -> VisibilityOut:
    return VisibilityOut(
        community=view.community.slug,
        visibility=view.community.visibility,
        viewers=view.viewers,
        decided=view.said is not None,
        said=view.said,
    )
