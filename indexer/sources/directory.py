"""People, communities, units and memberships from one YAML file or a folder of CSV files.

The CSV files are people.csv, communities.csv, units.csv and memberships.csv, with the YAML keys as columns; several
values in a cell are separated by `;`, and handles and aliases are written `namespace=value`.
"""

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from indexer.domain.content import ItemStamp, SourceItem
from indexer.domain.errors import DirectoryInvalid, ItemGone, SourceUnavailable
from indexer.domain.people import (
    Community,
    DirectoryPerson,
    DirectoryRecords,
    Identity,
    Membership,
    MembershipRole,
    Person,
    Unit,
    Visibility,
)
from indexer.notation import address_identity, decode_text, handle_identity, name_identity
from indexer.settings import SLUG, DirectorySource
from indexer.sources.base import Changes, compare

TABLES = ("units", "people", "communities", "memberships")
PERSON_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
Names = dict[str, tuple[str, ...]]


def _split(value: Any) -> Any:
    return [part.strip() for part in value.split(";") if part.strip()] if isinstance(value, str) else value


def _named_values(value: Any) -> Any:
    """`{forum: minl}` or `forum=minl;chat=min` as a mapping from namespace to values."""
    if isinstance(value, str):
        pairs = [part.partition("=") for part in _split(value)]
        value = {}
        for name, _, text in pairs:
            value.setdefault(name.strip(), []).append(text.strip())
    if not isinstance(value, Mapping):
        return value
    return {name: text if isinstance(text, (list, tuple)) else [text] for name, text in value.items()}


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    @field_validator("*", mode="before")
    @classmethod
    def _blank_is_absent(cls, value: Any, info: Any) -> Any:
        absent = value is None or value == ""
        return cls.model_fields[info.field_name].get_default(call_default_factory=True) if absent else value


class _Unit(_Entry):
    name: str
    parent: str | None = None
    place: str | None = None


class _Person(_Entry):
    id: str = Field(pattern=PERSON_ID)
    name: str
    addresses: list[str] = []
    handles: Names = {}
    aliases: Names = {}
    unit: str | None = None
    place: str | None = None
    languages: list[str] = []
    left: date | None = None

    _lists = field_validator("addresses", "languages", mode="before")(_split)
    _named = field_validator("handles", "aliases", mode="before")(_named_values)


class _Community(_Entry):
    slug: str = Field(pattern=SLUG)
    name: str
    domain: str | None = None
    visibility: Visibility = Visibility.PUBLIC
    stewards: list[str] = []

    _lists = field_validator("stewards", mode="before")(_split)


class _Membership(_Entry):
    person: str
    community: str
    role: MembershipRole = MembershipRole.MEMBER
    since: date | None = None
    until: date | None = None

    @field_validator("since", "until", mode="before")
    @classmethod
    def _year_or_month(cls, value: Any) -> Any:
        text = str(value) if value is not None and not isinstance(value, (date, datetime)) else value
        if isinstance(text, str) and len(text) in (4, 7):
            return f"{text}-01-01"[:10] if len(text) == 4 else f"{text}-01"
        return text


class _Directory(_Entry):
    units: list[_Unit] = []
    people: list[_Person] = []
    communities: list[_Community] = []
    memberships: list[_Membership] = []


class Directory:
    """A `Source` whose items are the directory's files; `records()` is what they say."""

    def __init__(self, settings: DirectorySource) -> None:
        self._settings = settings

    def mark(self) -> str | None:
        return None

    def changes_since(self, known: Mapping[str, str]) -> Changes:
        return compare(self._settings.name, (_stamp(file) for file in self._files()), known)

    def fetch(self, uri: str) -> SourceItem:
        file = next((file for file in self._files() if file.name == uri), None)
        if file is None:
            raise ItemGone("The file has gone since the directory was listed")
        return SourceItem(uri, _stamp(file).revision, _read(file))

    def close(self) -> None:
        pass

    def records(self) -> DirectoryRecords:
        """Everything the directory says. DirectoryInvalid names the entry that is wrong."""
        try:
            entries = _Directory.model_validate(self._values())
        except ValidationError as error:
            problems = "; ".join(f"{_place(problem['loc'])}: {problem['msg']}" for problem in error.errors()[:5])
            raise DirectoryInvalid(f"{self._settings.path}: {problems}") from error
        if entries == _Directory():
            raise DirectoryInvalid(f"{self._settings.path} lists nobody and nothing: is it the right file?")
        self._check(entries)
        return DirectoryRecords(
            people=tuple(_person(person) for person in entries.people),
            communities=tuple(
                Community(entry.slug, entry.name, entry.domain, entry.visibility, True) for entry in entries.communities
            ),
            units=tuple(Unit(unit.name, unit.parent, unit.place) for unit in entries.units),
            memberships=tuple(_memberships(entries)),
        )

    def _files(self) -> list[Path]:
        """The files that say something; one of no bytes was cut off while it was written."""
        path = self._settings.path
        if not path.exists():
            raise SourceUnavailable(f"{path} does not exist: check the `path` of source {self._settings.name}")
        listed = [path / f"{table}.csv" for table in TABLES] if path.is_dir() else [path]
        return [file for file in listed if file.exists() and file.stat().st_size]

    def _values(self) -> Any:
        if not self._settings.path.is_dir():
            try:
                return yaml.safe_load(decode_text(_read(self._settings.path)).text) or {}
            except (yaml.YAMLError, ValueError, RecursionError) as error:
                raise DirectoryInvalid(f"{self._settings.path} is not valid YAML: {error}") from error
        return {file.stem: _csv_rows(file) for file in self._files()}

    def _check(self, entries: _Directory) -> None:
        ids = Counter(person.id for person in entries.people)
        slugs = Counter(community.slug for community in entries.communities)
        problems = [f"two people have the id {person}" for person, count in ids.items() if count > 1]
        problems += [f"two communities have the slug {slug}" for slug, count in slugs.items() if count > 1]
        for membership in _memberships(entries):
            if membership.person not in ids:
                problems.append(f"{membership.community} has a member {membership.person} who is not among the people")
            if membership.community not in slugs:
                problems.append(
                    f"{membership.person} is a member of {membership.community}, which is no community here"
                )
        claimed: dict[Identity, str] = {}
        for person in entries.people:
            for identity in _identities(person):
                if claimed.setdefault(identity, person.id) != person.id:
                    problems.append(f"{claimed[identity]} and {person.id} both have {identity}")
        if problems:
            raise DirectoryInvalid(f"{self._settings.path}: {'; '.join(sorted(set(problems))[:10])}")


def _person(entry: _Person) -> DirectoryPerson:
    person = Person(
        entry.id,
        entry.name,
        entry.unit,
        entry.place,
        tuple(entry.languages),
        entry.addresses[0] if entry.addresses else None,
        in_directory=True,
        former=entry.left is not None and entry.left <= date.today(),
    )
    return DirectoryPerson(person, tuple(_identities(entry)))


def _identities(entry: _Person) -> Iterator[Identity]:
    yield from (address_identity(address) for address in entry.addresses)
    yield from (handle_identity(space, value) for space, values in entry.handles.items() for value in values)
    yield from (name_identity(source, value) for source, values in entry.aliases.items() for value in values)


def _memberships(entries: _Directory) -> Iterator[Membership]:
    """Those listed, and one for each steward whose stewardship is not among them."""
    listed = [
        Membership(entry.person, entry.community, entry.role, entry.since, entry.until) for entry in entries.memberships
    ]
    yield from dict.fromkeys(listed)
    today = date.today()
    known = {
        (membership.person, membership.community)
        for membership in listed
        if membership.role is MembershipRole.STEWARD and (membership.until is None or membership.until >= today)
    }
    for community in entries.communities:
        for steward in dict.fromkeys(community.stewards):
            if (steward, community.slug) not in known:
                yield Membership(steward, community.slug, MembershipRole.STEWARD)


def _csv_rows(file: Path) -> list[dict[str, str]]:
    """The rows of one table; blank ones, which spreadsheets leave behind, are left out."""
    rows = csv.DictReader(io.StringIO(decode_text(_read(file)).text, newline=""), restkey="beyond the last column")
    return [row for row in rows if any(row.values())]


def _stamp(file: Path) -> ItemStamp:
    return ItemStamp(file.name, hashlib.blake2b(_read(file), digest_size=12).hexdigest())


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise SourceUnavailable(f"{file} cannot be read: {error.strerror}") from error


def _place(location: tuple[int | str, ...]) -> str:
    return " ".join(str(part + 1) if isinstance(part, int) else part for part in location) or "the file"
