"""From the keys of a sidecar or the columns of a table to what Knowwho knows of an item."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from lxml import etree

from indexer.domain.content import Credit, DocumentKind, ItemMetadata
from indexer.domain.people import Role
from indexer.notation import audience_text, credits_from, mark_from, one_line, parse_when
from indexer.settings import FieldMapping, SourceBase

ROLES = {
    "authors": Role.AUTHOR,
    "reviewers": Role.REVIEWER,
    "approvers": Role.APPROVER,
    "maintainers": Role.MAINTAINER,
}
GIVEN_NAMES = ("given_name", "given-names", "given", "forename", "firstname", "first_name")
FAMILY_NAMES = ("surname", "family", "family_name", "lastname", "last_name")


def metadata_from(values: Any, fields: FieldMapping, source: SourceBase) -> ItemMetadata:
    """Read the mapped fields from a mapping (YAML, JSON, a table row) or an XML element; absent ones stay unset."""

    def first(key: str | None) -> Any:
        value = lookup(values, key)
        return value[0] if isinstance(value, list) and value else value

    def text(key: str | None) -> str | None:
        found = first(key)
        return one_line(str(found)) or None if found is not None and not isinstance(found, (list, dict)) else None

    credits: list[Credit] = []
    for name, role in ROLES.items():
        credits += credits_from(_people(values, getattr(fields, name)), role)
    kind = (text(fields.kind) or "").casefold()
    return ItemMetadata(
        title=text(fields.title),
        kind=DocumentKind(kind) if kind in set(DocumentKind) else source.document_kind,
        community=text(fields.community),
        audience=audience_text(lookup(values, fields.audience)),
        credits=tuple(credits),
        created=parse_when(first(fields.created), month_first=source.month_first),
        updated=parse_when(first(fields.updated), month_first=source.month_first),
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


def _people(values: Any, key: str | None) -> Any:
    """What a people field holds; an XML element with a given and a family name inside is one person of that name."""
    if not isinstance(values, etree._Element) or key is None:
        return lookup(values, key)
    return [_full_name(element) or _element_text(element) for element in _elements(values, key)]


def _full_name(element: etree._Element) -> dict[str, str] | None:
    parts = {etree.QName(child).localname.casefold(): _element_text(child) for child in element.iterchildren("{*}*")}
    names = [next((parts[name] for name in names if name in parts), "") for names in (GIVEN_NAMES, FAMILY_NAMES)]
    return {"name": " ".join(name for name in names if name)} if any(names) else None


def _elements(root: etree._Element, path: str) -> list[etree._Element]:
    names = {f"name{number}": name for number, name in enumerate(path.split("/"))}
    find = etree.XPath("//" + "//".join(f"*[local-name()=${variable}]" for variable in names))
    found = find(root, **names)
    return [element for element in found if isinstance(element, etree._Element)] if isinstance(found, list) else []


def _element_text(element: etree._Element) -> str:
    """The text of an element; inside a larger one, links such as an author's ORCID are left out."""
    texts = [str(text).strip() for text in element.itertext()]
    if not len(element):
        return " ".join(texts)
    return " ".join(text for text in texts if text and not text.startswith(("http://", "https://")))
