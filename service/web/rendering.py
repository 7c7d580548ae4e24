"""Turns a template and its values into a page that loads nothing from elsewhere."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from service.auth import SignIn
from service.dependencies import answered
from service.web import admin_phrases, audit_phrases, phrases, places

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; connect-src 'self'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}


@dataclass(frozen=True, slots=True)
class Visit:
    """Who looks at a page, and where its link for signing in leads."""

    sign_in: SignIn | None
    sign_in_href: str


def render(template: str, status: int = 200, **values: object) -> HTMLResponse:
    """The page that a template makes of the values; a value it lacks is an error."""
    return HTMLResponse(_pages.get_template(template).render(values | {"visit": _visit()}), status, HEADERS)


def _visit() -> Visit:
    request = answered.get()
    if request is None:
        return Visit(None, places.SIGN_IN)
    path = request.scope["path"]
    leads_back = request.method == "GET" and path != places.SIGN_IN
    return Visit(request.state.sign_in, places.sign_in_href(path, request.url.query) if leads_back else places.SIGN_IN)


def _today() -> date:
    return datetime.now(UTC).date()


def _environment() -> Environment:
    pages = Environment(
        loader=PackageLoader("service.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters.update(
        counted=phrases.counted,
        day=phrases.day_of,
        exact_date=phrases.exact_date,
        said_date=lambda moment: phrases.said_date(moment, _today()),
        evidence_line=lambda evidence: phrases.evidence_line(evidence, _today()),
        sentence=phrases.sentence,
        shortened=phrases.shortened,
        language=phrases.language,
        share_word=phrases.share_word,
        figure=phrases.figure,
        role_name=phrases.role_name,
        scope_words=phrases.scope_words,
        browser_words=phrases.browser_words,
        deed_words=audit_phrases.deed_words,
        place_word=phrases.place_word,
        questions_a_week=phrases.questions_a_week,
        said_moment=lambda moment, zone=None: admin_phrases.said_moment(moment, datetime.now(UTC), zone),
        as_moment=datetime.fromisoformat,
        capital=lambda text: text[:1].upper() + text[1:],
        with_code=admin_phrases.with_code,
        things_need=admin_phrases.things_need,
        exact_moment=admin_phrases.exact_moment,
        duration=admin_phrases.said_duration,
        rate=admin_phrases.said_rate,
        size=admin_phrases.said_size,
        job_words=admin_phrases.job_words,
        kind_words=admin_phrases.kind_words,
        how_far=admin_phrases.how_far,
        how_long=lambda job: admin_phrases.how_long(job, datetime.now(UTC)),
        window_words=admin_phrases.window_words,
        result_facts=admin_phrases.result_facts,
    )
    pages.globals.update(
        document_href=places.document_href,
        person_href=places.person_href,
        community_href=places.community_href,
        ask_href=places.ask_href,
        outside_href=places.outside_href,
        shortlist_href=places.shortlist_href,
        vote_href=places.vote_href,
    )
    return pages


_pages = _environment()
