"""Who may look after the home: sources, jobs, schedules, generations, backups.

There are no accounts yet. Until there are, whoever sits at the machine is the admin: the service listens on loopback
alone and the request comes from there. A browser on that machine also opens pages of strangers, so that is not enough:
a stranger's page must not be able to write (Origin, Sec-Fetch-Site, a content type that a form cannot send), nor to
read by giving its own name our address (Host).
"""

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

READING = frozenset({"GET", "HEAD"})
LOCAL_NAME = "localhost"
JSON = "application/json"
OWN_SITE = frozenset({"same-origin", "none"})

NOT_LOCAL = (
    "administration is open only where the service listens on loopback, and this one listens on {listens_on}: "
    "set serve.host to 127.0.0.1, or use the `knowwho` command"
)
FROM_ELSEWHERE = "administration is open only to requests from the machine that the service runs on"
FORWARDED = (
    "administration is not open through a proxy, which lets anybody seem to sit at this machine: "
    "open the service's own address there"
)
FOREIGN_NAME = (
    "administration is open only under the service's own address, like http://127.0.0.1:8000/, not under {host}"
)
FOREIGN_PAGE = "this was sent from a page of another site, so it was not done"
NOT_JSON = "send the header Content-Type: application/json, also where there is no body: no page of another site can"


@dataclass(frozen=True, slots=True)
class Approach:
    """How a request comes in. `listens_on` is the address that the service was told to listen on, `client` where the
    connection comes from; `host`, `origin`, `site` (Sec-Fetch-Site) and `content_type` are headers. `forwarded` says
    that something tells of a proxy. `is_form` is set for the pages, whose forms carry a token of their own."""

    listens_on: str
    client: str | None
    method: str
    host: str | None
    origin: str | None
    site: str | None
    content_type: str | None
    forwarded: bool
    is_form: bool


def may_administer(approach: Approach) -> bool:
    return why_not_administer(approach) is None


def why_not_administer(approach: Approach) -> str | None:
    """Why whoever sends a request may not look after the home, in a sentence; None where they may."""
    if not _is_loopback(approach.listens_on):
        return NOT_LOCAL.format(listens_on=approach.listens_on or "every address")
    if not _is_loopback(approach.client or ""):
        return FROM_ELSEWHERE
    if approach.forwarded:
        return FORWARDED
    if not _is_loopback(_name_of(approach.host or "")):
        return FOREIGN_NAME.format(host=approach.host or "no name at all")
    return None if approach.method in READING else _why_not_write(approach)


def _why_not_write(approach: Approach) -> str | None:
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


def _is_loopback(name: str) -> bool:
    if name.casefold() == LOCAL_NAME:
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def _name_of(host: str) -> str:
    """The name or address in a Host header, without its port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _media_type(content_type: str | None) -> str:
    return (content_type or "").partition(";")[0].strip().casefold()
