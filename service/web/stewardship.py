"""POST /documents/{id}/audience and /communities/{slug}/visibility: who may read, as stewards and admins decide."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from indexer.domain.content import Audience, AudienceKind
from indexer.domain.errors import AudienceInvalid
from indexer.domain.people import Visibility
from indexer.store import Transaction
from service.auth import Viewer
from service.dependencies import Parts, UsesParts, UsesSteward
from service.search import new_voter
from service.stewardship import (
    AudienceView,
    VisibilityView,
    decide_audience,
    decide_visibility,
    may_decide,
    view_audience,
    view_visibility,
)
from service.web.forms import expect_own_form, known_visitor, read_fields, remember_visitor, token_for
from service.web.places import community_href, document_href

router = APIRouter()

MOST_BYTES = 64 * 1024
AS_SAID = "said"


@dataclass(frozen=True, slots=True)
class DecidingForm:
    """What a page needs so that whoever may decide can do it there."""

    view: AudienceView | VisibilityView
    visitor: str
    token: str

    def remember(self, page: Response, request: Request) -> Response:
        remember_visitor(page, request, self.visitor)
        return page


def audience_form(
    parts: Parts, transaction: Transaction, viewer: Viewer, request: Request, document_id: str, community: str | None
) -> DecidingForm | None:
    """The form on a document's page; None for whoever may not decide there."""
    if not _decides(viewer, community):
        return None
    return _form(parts, request, view_audience(transaction, viewer, document_id))


def visibility_form(
    parts: Parts, transaction: Transaction, viewer: Viewer, request: Request, slug: str
) -> DecidingForm | None:
    """The form on a community's page; None for whoever may not decide there."""
    if not _decides(viewer, slug):
        return None
    return _form(parts, request, view_visibility(transaction, viewer, slug))


async def posted_fields(request: Request) -> dict[str, str]:
    return await read_fields(request, MOST_BYTES)


Fields = Annotated[dict[str, str], Depends(posted_fields)]


@router.post("/documents/{document_id}/audience")
def take_audience(desk: UsesSteward, parts: UsesParts, request: Request, document_id: str, fields: Fields) -> Response:
    """Decide who may read a document, and show it again."""
    _expect_own(parts, request, fields)
    view = decide_audience(desk, document_id, _audience(fields))
    return _go_to(document_href(view.document) if view.readable else "/")


@router.post("/communities/{slug}/visibility")
def take_visibility(desk: UsesSteward, parts: UsesParts, request: Request, slug: str, fields: Fields) -> Response:
    """Decide who may see a community, and show it again."""
    _expect_own(parts, request, fields)
    told = fields.get("visibility", "")
    if told != AS_SAID and told not in set(Visibility):
        raise AudienceInvalid("choose who may see the community")
    view = decide_visibility(desk, slug, None if told == AS_SAID else Visibility(told))
    return _go_to(community_href(view.community.slug) if view.visible else "/communities")


def _decides(viewer: Viewer, community: str | None) -> bool:
    return viewer.account is not None and viewer.scopes is None and may_decide(viewer, community)


def _form(parts: Parts, request: Request, view: AudienceView | VisibilityView) -> DecidingForm:
    visitor = known_visitor(request) or new_voter()
    return DecidingForm(view, visitor, token_for(parts, visitor))


def _expect_own(parts: Parts, request: Request, fields: Mapping[str, str]) -> None:
    expect_own_form(parts, request, fields)


def _audience(fields: Mapping[str, str]) -> Audience | None:
    """What was chosen: `kind` or `kind:community`; None for what the source says."""
    kind, _, community = fields.get("audience", "").partition(":")
    if kind == AS_SAID:
        return None
    if kind not in set(AudienceKind):
        raise AudienceInvalid("choose who may read it")
    given = kind == AudienceKind.PEOPLE
    names = fields.get("people", "").replace(";", ",")
    return Audience(AudienceKind(kind), names if given else community)


def _go_to(path: str) -> Response:
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)
