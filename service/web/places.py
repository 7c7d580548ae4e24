"""Where links lead: pages, places within them, and addresses outside."""

import re
from collections.abc import Sequence
from urllib.parse import quote, urlencode, urlsplit

from indexer.domain.content import Document, Locator
from indexer.domain.feedback import Target
from indexer.domain.people import Person
from service.experts import CountedVote, RankedPerson

# Browsers read \\ as / and leave out tabs and line breaks, so that //elsewhere hides in many spellings.
OWN_PATH = re.compile(r"/(?!/)[^\\\x00-\x20\x7f]{0,2000}")
SIGN_IN = "/sign-in"
BETWEEN_HEADINGS = " › "


def own_path(told: str) -> str:
    """The page of ours that an address tells to go to; the start for anything that could lead elsewhere."""
    return told if OWN_PATH.fullmatch(told) else "/"


def sign_in_href(path: str, query: str = "") -> str:
    """Where to sign in, to come back to this page afterwards."""
    return f"{SIGN_IN}?{urlencode({'next': f'{path}?{query}' if query else path})}"


def document_href(document: Document, locator: Locator | None = None, message: int | None = None) -> str:
    """The page of a document, at a message or at the place that a locator names."""
    page = f"/documents/{quote(document.public_id)}"
    place = message_anchor(message) if message else locator and anchor(locator)
    return f"{page}#{quote(place)}" if place else page


def person_href(person_id: str) -> str:
    return f"/people/{quote(person_id, safe='')}"


def community_href(slug: str) -> str:
    return f"/communities/{quote(slug, safe='')}"


def shortlist_href(text: str) -> str:
    """The form that ranks given people for this text."""
    return f"/shortlist?text={quote(text, safe='')}"


def ask_href(person: Person, question: str) -> str:
    """A mail to the person about the question; how to reach them where no address is known or they have left."""
    if person.former or not person.address:
        return person_href(person.id) + "#reach"
    subject = f"?subject={quote(question, safe='')}" if question else ""
    return f"mailto:{quote(person.address, safe='@')}{subject}"


def vote_href(ranked: RankedPerson, counted: CountedVote) -> str:
    """The place in its document that speaks for a person: the person's own message, else the passage that fits."""
    for entry in ranked.evidence:
        if entry.passage.document.id == counted.document.id:
            return document_href(entry.passage.document, entry.passage.locator, entry.message)
    return document_href(counted.document, message=counted.vote.part.message)


def result_anchor(target: Target) -> str:
    """The id of a document's or a person's place on a page of results."""
    return f"{target.kind}-{target.id}"


def result_href(results: str, place: str) -> str:
    """The page of results of this query string, at this place."""
    return f"/?{results}#{quote(place, safe='')}" if place else f"/?{results}"


def outside_href(url: str | None) -> str | None:
    """The address of an original where a browser may follow it: sources can hold `javascript:` as well."""
    if url is None:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None


def heading_path(headings: Sequence[str], title: str) -> str | None:
    """The path of headings as a passage's locator has it: without one that is the title."""
    return BETWEEN_HEADINGS.join(heading for heading in headings if heading != title) or None


def anchor(locator: Locator) -> str | None:
    """The id, within a document's page, of the place where a passage begins."""
    if locator.message:
        return message_anchor(locator.message)
    if locator.page:
        return page_anchor(locator.page)
    if locator.line:
        return line_anchor(locator.line, locator.heading)
    return heading_anchor(locator.heading) if locator.heading else None


def message_anchor(number: int) -> str:
    return f"m-{number}"


def page_anchor(number: int) -> str:
    return f"p-{number}"


def line_anchor(number: int, heading: str | None) -> str:
    """The id of a line: with its section, since each sheet of a workbook counts from 1."""
    return f"l-{number}-{_slug(heading)}" if heading else f"l-{number}"


def heading_anchor(path: str) -> str:
    """The id of a section from the path of its headings, as passages name it."""
    return f"h-{_slug(path)}"


def _slug(text: str) -> str:
    return re.sub(r"\W+", "-", text.lower()).strip("-")
