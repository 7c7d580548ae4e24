"""What a file says of itself, in words of the domain, and how it yields to what the source says."""

from collections.abc import Mapping
from datetime import datetime

from indexer.domain.content import Credit, DocumentKind, ItemMetadata
from indexer.domain.people import Role
from indexer.notation import audience_text, credits_from, mark_from, one_line, parse_when
from indexer.parsing.titles import sensible_title

MAX_VALUE = 2000
_PEOPLE_FIELDS = {
    "author": Role.AUTHOR,
    "authors": Role.AUTHOR,
    "reviewers": Role.REVIEWER,
    "approvers": Role.APPROVER,
    "maintainers": Role.MAINTAINER,
}
_KINDS = {
    "document": DocumentKind.DOCUMENT,
    "lesson": DocumentKind.LESSON,
    "lessons": DocumentKind.LESSON,
    "lesson learned": DocumentKind.LESSON,
    "lessons learned": DocumentKind.LESSON,
    "thread": DocumentKind.THREAD,
}


def merged(from_source: ItemMetadata, from_file: ItemMetadata) -> ItemMetadata:
    """Both together: a value that the source gives wins. Credits are compared role by role, so that a source which
    knows the reviewers does not hide the file's authors."""
    return ItemMetadata(
        title=from_source.title or from_file.title,
        kind=from_source.kind or from_file.kind,
        community=from_source.community or from_file.community,
        audience=from_source.audience or from_file.audience,
        credits=_merged_credits(from_source.credits, from_file.credits),
        created=from_source.created or from_file.created,
        updated=from_source.updated or from_file.updated,
        mark=from_source.mark or from_file.mark,
        superseded_by=from_source.superseded_by or from_file.superseded_by,
        url=from_source.url or from_file.url,
    )


def metadata_from(fields: Mapping[object, object]) -> ItemMetadata:
    """The metadata in named fields such as YAML front matter; names in any case, unknown ones ignored."""
    known = {str(key).casefold().replace("-", "_").replace(" ", "_"): value for key, value in fields.items()}
    updated = _first_date(known, "updated", "last_updated", "lastmod", "modified")
    return ItemMetadata(
        title=sensible_title(known.get("title")),
        kind=_KINDS.get((_line(known.get("kind")) or "").casefold()),
        community=_line(known.get("community")),
        audience=audience_text(known.get("audience")),
        credits=_credits(known),
        created=_first_date(known, "date", "created", "creation_date"),
        updated=updated,
        mark=mark_from(known.get("status")),
        superseded_by=_line(known.get("superseded_by")),
        url=_line(known.get("url")),
    )


def _credits(fields: Mapping[str, object]) -> tuple[Credit, ...]:
    found = [credit for name, role in _PEOPLE_FIELDS.items() for credit in credits_from(fields.get(name), role)]
    return tuple(dict.fromkeys(found))


def _merged_credits(from_source: tuple[Credit, ...], from_file: tuple[Credit, ...]) -> tuple[Credit, ...]:
    roles = {credit.role for credit in from_source}
    return (*from_source, *(credit for credit in from_file if credit.role not in roles))


def _first_date(fields: Mapping[str, object], *names: str) -> datetime | None:
    moments = (parse_when(fields.get(name)) for name in names)
    return next((moment for moment in moments if moment is not None), None)


def _line(value: object) -> str | None:
    if isinstance(value, list) and len(value) == 1:
        return _line(value[0])
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    return one_line(str(value))[:MAX_VALUE] or None
