"""Reads who had a part in a document from the many ways in which files say it."""

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from indexer.domain.content import Credit
from indexer.domain.people import Role
from indexer.notation.characters import one_line

MAX_CREDITS = 200
MAX_NAME = 200
_SEPARATOR = re.compile(r";|\n|,?\s+(?:and|und|et)\s+|\s+&\s+")
_COMMA = re.compile(r"\s*,\s*")
_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\"]+@[^\s@<>()\[\],;:\"]+\.[^\s@<>()\[\],;:\"]+")
_BRACKETED_ADDRESS = re.compile(rf"^(?P<name>[^<]*)<\s*(?:mailto:)?(?P<address>{_ADDRESS.pattern})\s*>$")
_ADDRESS_THEN_NAME = re.compile(rf"^(?P<address>{_ADDRESS.pattern})\s*\((?P<name>[^()]+)\)$")
_NAME_AND_HANDLE = re.compile(r"^(?P<name>[^@(<\[]+?)\s*[(\[<]?@(?P<handle>[\w./-]+)[)\]>]?$")
_HANDLE = re.compile(r"^@(?P<handle>[\w./-]+)$")
_BARE_ADDRESS = re.compile(rf"^(?P<address>{_ADDRESS.pattern})$")
_GITHUB = re.compile(r"^(?:https?://)?(?:www\.)?github\.com/(?P<handle>[\w.-]+)/?$", re.I)
_SHAPES = (_BRACKETED_ADDRESS, _ADDRESS_THEN_NAME, _BARE_ADDRESS, _GITHUB, _HANDLE, _NAME_AND_HANDLE)


def credits_from(value: object, role: Role, at: datetime | None = None) -> tuple[Credit, ...]:
    """A credit in `role` for each person that `value` names, in order, each once.

    `value` is a text ("Name <address>", an address, "@handle", a name, or several of them), a mapping (`name`, `email`
    or `address`, `handle` or `github`) or a list of these. "Last, First" stays one person.
    """
    found: dict[Credit, None] = {}
    for credit in _credits(value, role, at):
        found.setdefault(credit)
        if len(found) >= MAX_CREDITS:
            break
    return tuple(found)


def _credits(value: object, role: Role, at: datetime | None) -> Iterator[Credit]:
    nobody = Credit(role, at=at)
    for one in value if isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping)) else [value]:
        if isinstance(one, str):
            found = (_from_text(text, nobody) for text in _people_in(one))
        elif isinstance(one, Mapping):
            found = (_from_mapping(mapping, nobody) for mapping in [one])
        else:
            continue
        yield from (tidied for credit in found if (tidied := _tidied(credit)))


def _people_in(text: str) -> Iterator[str]:
    """The single people in a text: semicolons and "and" part them always, commas only where they cannot mean else."""
    parts = [part.strip(" ,") for part in _SEPARATOR.split(html.unescape(text))]
    several = len(parts) > 1
    for part in parts:
        names = _COMMA.split(part)
        yield from names if _comma_parts_people(names, several) else [part]


def _comma_parts_people(names: list[str], in_a_list: bool) -> bool:
    if len(names) == 1:
        return False
    if all("@" in name for name in names):
        return True
    full_names = all(len(name.split()) > 1 for name in names)
    return full_names and (in_a_list or len(names) > 2)


def _from_text(text: str, nobody: Credit) -> Credit:
    text = one_line(text)[: 2 * MAX_NAME]
    for pattern in _SHAPES:
        if match := pattern.match(text):
            parts: dict[str, str] = match.groupdict()
            namespace = "github" if pattern is _GITHUB else None
            return replace(
                nobody,
                name=parts.get("name"),
                address=parts.get("address"),
                handle=parts.get("handle"),
                namespace=namespace,
            )
    return replace(nobody, name=text)


def _from_mapping(value: Mapping[object, object], nobody: Credit) -> Credit:
    fields = {str(key).casefold(): one_line(field) for key, field in value.items() if isinstance(field, str)}
    github = fields.get("github")
    return replace(
        nobody,
        name=fields.get("name"),
        address=fields.get("address") or fields.get("email") or fields.get("mail"),
        handle=github or fields.get("handle"),
        namespace="github" if github else None,
    )


def _tidied(credit: Credit) -> Credit | None:
    """The credit without marks around its values; None where nothing is left of it."""
    name = (credit.name or "").strip(" \"'*_,")[:MAX_NAME]
    if not any(character.isalnum() for character in name):
        name = ""
    address = (credit.address or "").strip("<>").removeprefix("mailto:")[:MAX_NAME]
    handle = (credit.handle or "").lstrip("@").rstrip(".,")[:MAX_NAME]
    if not (name or address or handle):
        return None
    return replace(credit, name=name or None, address=address or None, handle=handle or None)
