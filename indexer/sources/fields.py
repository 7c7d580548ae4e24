"""From the keys of a sidecar or the columns of a table to what Knowwho knows of an item."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from lxml import etree

from indexer.domain.content import Credit, DocumentKind, ItemMetadata
from indexer.domain.people import Role
from indexer.notation import credits_from, mark_from, parse_when
from indexer.settings import FieldMapping, SourceBase

ROLES = {
    "authors": Role.AUTHOR,
    "reviewers": Role.REVIEWER,
    "approvers": Role.APPROVER,
    "maintainers": Role.MAINTAINER,
}


def metadata_from(values: Any, fields: FieldMapping, source: SourceBase) -> ItemMetadata:
    """Read the mapped fields from a mapping (YAML, JSON, a table row) or an XML element; absent ones stay unset."""

    def text(key: str | None) -> str | None:
        value = lookup(values, key)
        found = value[0] if isinstance(value, list) and value else value
        return str(found).strip() or None if found is not None and not isinstance(found, (list, dict)) else None

    credits: list[Credit] = []
    for name, role in ROLES.items():
        credits += credits_from(lookup(values, getattr(fields, name)), role)
    kind = (text(fields.kind) or "").casefold()
    return ItemMetadata(
        title=text(fields.title),
        kind=DocumentKind(kind) if kind in set(DocumentKind) else source.document_kind,
        community=text(fields.community),
        audience=text(fields.audience),
        credits=tuple(credits),
        created=parse_when(lookup(values, fields.created), month_first=source.month_first),
        updated=parse_when(lookup(values, fields.updated), month_first=source.month_first),
        mark=mark_from(text(fields.mark)),
        superseded_by=text(fields.superseded_by),
        url=text(fields.url),
    )


def lookup(values: Any, key: str | None) -> Any:
    """The value at a dotted path of a mapping, or the texts of an XML path; None where there is none."""
    if key is None:
        return None
    if isinstance(values, etree._Element):
        return [_element_text(element) for element in _elements(values, key)] or None
    if isinstance(values, Mapping) and key in values:
        return values[key]
    for part in key.split("."):
        values = values.get(part) if isinstance(values, Mapping) else None
    return values


def link(template: str | None, **parts: str) -> str | None:
    """An item's address from the source's `url` template; `{path}`, `{id}` and the like are quoted."""
    if template is None:
        return None
    for name, value in parts.items():
        template = template.replace(f"{{{name}}}", quote(value))
    return template


def _elements(root: etree._Element, path: str) -> list[etree._Element]:
    steps = "//".join(f"*[local-name()='{step}']" for step in path.split("/") if step.replace("_", "").isalnum())
    found = root.xpath(f"//{steps}") if steps else []
    return [element for element in found if isinstance(element, etree._Element)] if isinstance(found, list) else []


def _element_text(element: etree._Element) -> str:
    texts = [str(text).strip() for text in element.itertext()]
    return " ".join(text for text in texts if text and not text.startswith(("http://", "https://")))
