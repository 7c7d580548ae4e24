"""People, the groups they belong to, and what ties them to documents."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Role(StrEnum):
    """What a person did for a document."""

    AUTHOR = "author"
    REVIEWER = "reviewer"
    APPROVER = "approver"
    ASKER = "asker"
    ANSWERER = "answerer"
    ACCEPTED_ANSWERER = "accepted answerer"
    COMMENTER = "commenter"
    MAINTAINER = "maintainer"


HIDDEN_MEMBER = "hidden member"
"""What stands for somebody who does not want to be found, beside what they wrote."""

FORMER_MEMBER = "former member"
"""What stands in place of somebody of whom nothing is kept."""


class IdentityKind(StrEnum):
    """`former` is whoever was erased: it stands for nobody, and its value only tells several in a document apart."""

    ADDRESS = "address"
    HANDLE = "handle"
    NAME = "name"
    FORMER = "former"


SURENESS = {IdentityKind.ADDRESS: 0, IdentityKind.HANDLE: 1, IdentityKind.NAME: 2}


@dataclass(frozen=True, slots=True, order=True)
class Identity:
    """An address, a handle or, where a source gives nothing better, a name in that source.

    `namespace` is where `value` is unique: empty for addresses, else a source's name or the namespace that the
    source's settings give its handles. `value` is normalised: case folded, spaces single.
    """

    kind: IdentityKind
    namespace: str
    value: str

    def __str__(self) -> str:
        return ":".join(part for part in (self.kind, self.namespace, self.value) if part)


def former_identity(number: int) -> Identity:
    """The identity of the first, second, … of those erased in a document."""
    return Identity(IdentityKind.FORMER, "", str(number))


def what_to_call(known: Iterable[tuple[Identity, str | None]]) -> tuple[str, str | None]:
    """The name of somebody with these identities, at least one, each with the name shown with it; and an address of
    theirs, None where there is none. The surest identity counts: an address before a handle, a handle before a name."""
    surest = sorted(known, key=lambda entry: (SURENESS[entry[0].kind], entry[0]))
    name = next((shown for _, shown in surest if shown), surest[0][0].value)
    return name, next((identity.value for identity, _ in surest if identity.kind is IdentityKind.ADDRESS), None)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can be asked. `id` is the directory's, or derived from the person's first identity."""

    id: str
    name: str
    unit: str | None = None
    place: str | None = None
    languages: tuple[str, ...] = ()
    address: str | None = None
    in_directory: bool = False
    former: bool = False


class Visibility(StrEnum):
    PUBLIC = "public"
    SIGNED_IN = "signed_in"
    MEMBERS = "members"


@dataclass(frozen=True, slots=True)
class Community:
    slug: str
    name: str
    domain: str | None = None
    visibility: Visibility = Visibility.PUBLIC
    in_directory: bool = False


@dataclass(frozen=True, slots=True)
class Unit:
    """A team on the org chart."""

    name: str
    parent: str | None = None
    place: str | None = None


class MembershipRole(StrEnum):
    STEWARD = "steward"
    LEAD = "lead"
    CORE = "core"
    MEMBER = "member"
    NEWCOMER = "newcomer"


@dataclass(frozen=True, slots=True)
class Membership:
    person: str
    community: str
    role: MembershipRole = MembershipRole.MEMBER
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class DirectoryPerson:
    """A person as a directory lists them: `identities` are all theirs, as the organisation vouches."""

    person: Person
    identities: tuple[Identity, ...] = ()


@dataclass(frozen=True, slots=True)
class DirectoryRecords:
    """Everything one directory file says."""

    people: tuple[DirectoryPerson, ...] = ()
    communities: tuple[Community, ...] = ()
    units: tuple[Unit, ...] = ()
    memberships: tuple[Membership, ...] = ()


@dataclass(frozen=True, slots=True)
class Contribution:
    """A person's part in one document. `message` is the first message of theirs that counts in this role, `likes`
    what readers gave their messages in it."""

    identity: Identity
    display_name: str | None
    role: Role
    at: datetime | None = None
    message: int | None = None
    likes: int = 0
