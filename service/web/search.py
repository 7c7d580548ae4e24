"""GET /: the start page, and the answer to a question."""

from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response

from indexer.domain.content import DocumentKind
from indexer.domain.errors import QueryInvalid
from indexer.store.people import CommunityCount
from service.dependencies import UsesParts, UsesReading, UsesViewer
from service.directory import list_communities
from service.experts import Answer, VerdictKind, answer
from service.search import Query as SearchQuery
from service.search import parse_query
from service.web.feedback import make_form
from service.web.forms import remember_visitor
from service.web.rendering import render

router = APIRouter()

BEFORE_PEOPLE = 3
WAYS_IN = 12


@dataclass(frozen=True, slots=True)
class SearchForm:
    """What is typed and chosen in the search form, as it was typed."""

    question: str = ""
    communities: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    since: str = ""
    until: str = ""

    @property
    def narrowed(self) -> bool:
        return bool(self.communities or self.kinds or self.since or self.until)

    def query(self, cursor: str | None) -> SearchQuery:
        """The query this asks for. QueryInvalid."""
        return parse_query(
            self.question,
            communities=self.communities,
            kinds=self.kinds,
            since=self.since,
            until=self.until,
            cursor=cursor,
        )

    def href(self, cursor: str | None = None) -> str:
        """The page that answers this form, from the cursor on."""
        fields = [("q", self.question), *(("community", slug) for slug in self.communities)]
        fields += [*(("kind", kind) for kind in self.kinds), ("since", self.since), ("until", self.until)]
        return "/?" + urlencode([(name, value) for name, value in [*fields, ("cursor", cursor or "")] if value])

    @property
    def unfiltered_href(self) -> str:
        return SearchForm(self.question).href()

    def asking(self, question: str) -> "SearchForm":
        """The same form with another question."""
        return replace(self, question=question)

    def within(self, slug: str) -> "SearchForm":
        """The same question to one community alone."""
        return replace(self, communities=(slug,))


def submitted_form(
    community: Annotated[list[str], Query(default_factory=list)],
    kind: Annotated[list[str], Query(default_factory=list)],
    q: str = "",
    since: str = "",
    until: str = "",
) -> SearchForm:
    chosen = tuple(dict.fromkeys(slug for slug in community if slug))
    return SearchForm(q.strip(), chosen, tuple(dict.fromkeys(k for k in kind if k)), since.strip(), until.strip())


@router.get("/")
def search(
    parts: UsesParts,
    viewer: UsesViewer,
    reading: UsesReading,
    request: Request,
    form: Annotated[SearchForm, Depends(submitted_form)],
    cursor: str | None = None,
) -> Response:
    """The start page; with `q` the answer: verdict, passages, people."""
    communities = list_communities(reading.transaction, reading.readable)
    if not form.question:
        return render(
            "start.html",
            form=form,
            communities=communities,
            ways_in=_ways_in(communities),
            kinds=DocumentKind,
            administers=viewer.admin,
        )
    try:
        found = answer(parts.home, parts.index, form.query(cursor), viewer, parts.settings)
    except QueryInvalid as error:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return render("refused.html", status, form=form, communities=communities, kinds=DocumentKind, told=str(error))
    feedback = make_form(parts, viewer, reading, request, found.query.text, form.href(cursor).removeprefix("/?"))
    page = render(
        "results.html",
        form=form,
        communities=communities,
        kinds=DocumentKind,
        found=found,
        feedback=feedback,
        nobody=found.verdict.kind is VerdictKind.NOBODY,
        place=_place(found),
        first_hits=found.page.hits[:BEFORE_PEOPLE],
        more_hits=found.page.hits[BEFORE_PEOPLE:],
    )
    if feedback:
        remember_visitor(page, request, feedback.visitor)
    return page


def _ways_in(communities: list[CommunityCount]) -> list[CommunityCount]:
    """The communities with most to read, by name."""
    largest = sorted(communities, key=lambda entry: -entry.documents)[:WAYS_IN]
    return sorted(largest, key=lambda entry: entry.community.name.casefold())


def _place(found: Answer) -> str | None:
    """Which part of a long answer a later page shows; None for the first page."""
    offset, total = found.query.offset, found.page.total
    if not offset:
        return None
    if not found.page.hits:
        return f"That was all: nothing comes after passage {total}." if total else "There is nothing more."
    return f"Passages {offset + 1} to {offset + len(found.page.hits)} of {total}."
