"""A question with its filters, checked."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from indexer.domain.content import DocumentKind
from indexer.domain.errors import QueryInvalid

LONGEST_QUESTION = 2_000
LONGEST_TEXT = 20_000


@dataclass(frozen=True, slots=True)
class Query:
    """A question; communities are slugs, dates inclusive in UTC, `offset` counts documents already shown. With `people`
    (person ids) only what they had a part in is searched, all of it."""

    text: str
    communities: frozenset[str] = frozenset()
    kinds: frozenset[DocumentKind] = frozenset()
    since: datetime | None = None
    until: datetime | None = None
    offset: int = 0
    limit: int | None = None
    people: frozenset[str] | None = None


def parse_query(
    text: str,
    *,
    communities: tuple[str, ...] = (),
    kinds: tuple[str, ...] = (),
    since: str | None = None,
    until: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Query:
    """The query that these words ask for; QueryInvalid says which of them cannot be understood."""
    query = Query(
        _checked(text, "question", LONGEST_QUESTION),
        frozenset(slug for slug in communities if slug),
        frozenset(_kind(kind) for kind in kinds if kind),
        _day(since, "since", time.min),
        _day(until, "until", time.max),
        read_cursor(cursor),
        limit,
    )
    if query.since and query.until and query.since > query.until:
        raise QueryInvalid(f"since ({since}) lies after until ({until}): swap them")
    return query


def parse_text(text: str) -> Query:
    """The query for a text as long as an abstract or a whole paper, such as people are ranked for. QueryInvalid."""
    return Query(_checked(text, "text", LONGEST_TEXT))


def make_cursor(offset: int) -> str:
    return base64.urlsafe_b64encode(f"after:{offset}".encode()).decode().rstrip("=")


def read_cursor(cursor: str | None) -> int:
    """The offset in a cursor that an earlier answer gave. QueryInvalid for anything else."""
    if not cursor:
        return 0
    try:
        told = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        word, _, number = told.partition(":")
        if word == "after" and number.isascii() and number.isdigit() and len(number) < 10:
            return int(number)
    except (binascii.Error, ValueError):
        pass
    raise QueryInvalid(f"the cursor {cursor!r} comes from no answer of ours: start again without it")


def _checked(text: str, noun: str, longest: int) -> str:
    tidy = " ".join(text.replace("\0", " ").split())
    if not tidy:
        raise QueryInvalid(f"the {noun} is empty: type a few words")
    if len(tidy) > longest:
        raise QueryInvalid(f"the {noun} has {len(tidy)} characters: at most {longest} are read")
    return tidy


def _kind(kind: str) -> DocumentKind:
    try:
        return DocumentKind(kind)
    except ValueError as error:
        raise QueryInvalid(f"there is no kind {kind!r}: use {', '.join(DocumentKind)}") from error


def _day(text: str | None, name: str, at: time) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), at, UTC)
    except ValueError as error:
        raise QueryInvalid(f"{name} {text!r} is not a date like 2025-03-02") from error
