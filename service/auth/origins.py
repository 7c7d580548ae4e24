"""Whether a page of ours sent what a browser sends: a stranger's page must not act in the name of who is signed in."""

from dataclasses import dataclass
from urllib.parse import urlsplit

READING = frozenset({"GET", "HEAD"})
JSON = "application/json"
OWN_SITE = frozenset({"same-origin", "none"})

FOREIGN_PAGE = "this was sent from a page of another site, so it was not done"
NOT_JSON = "send the header Content-Type: application/json, also where there is no body: no page of another site can"


@dataclass(frozen=True, slots=True)
class Approach:
    """How a request comes in: its method, and the headers Host, Origin, Sec-Fetch-Site (`site`) and Content-Type.
    `is_form` is set for the pages, whose forms carry a token of their own."""

    method: str
    host: str | None
    origin: str | None
    site: str | None
    content_type: str | None
    is_form: bool


def why_foreign(approach: Approach) -> str | None:
    """Why what a browser sends is not done, in a sentence; None where one of our own pages may have sent it."""
    if approach.method in READING:
        return None
    if not _is_own_page(approach):
        return FOREIGN_PAGE
    # A browser asks before it sends this to another site, and we never agree; DELETE and PATCH it asks for anyway.
    if not approach.is_form and approach.method == "POST" and _media_type(approach.content_type) != JSON:
        return NOT_JSON
    return None


def _is_own_page(approach: Approach) -> bool:
    """Whether the page that sends this, where one does, came from the very address that it is sent to."""
    if approach.site is not None and approach.site not in OWN_SITE:
        return False
    if approach.origin is None:
        return True
    try:
        return urlsplit(approach.origin).netloc.casefold() == (approach.host or "").casefold() != ""
    except ValueError:
        return False


def _media_type(content_type: str | None) -> str:
    return (content_type or "").partition(";")[0].strip().casefold()
