"""Where a document belongs: its community, and who may read it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from indexer.domain.audiences import SpelledAudience, spelled_audience
from indexer.domain.content import Audience, AudienceKind, ItemMetadata
from indexer.domain.ids import slugify
from indexer.domain.people import Community, Visibility
from indexer.notation import plain
from indexer.settings import AudienceMapping, CommunityMapping, SourceBase

NO_COMMUNITY = frozenset({"na", "n/a", "none", "null", "unknown", "uncategorized", "tbd", "other"})
NOBODY = Audience(AudienceKind.PEOPLE)
MOST_PEOPLE = 1_000
ADDRESS = re.compile(r"[^\s,;:<>\"@]+@[^\s,;:<>\"@]+")
PERSON = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Place:
    """A community by slug and name (None for none), the audience, and what the item said that cannot be followed."""

    community: str | None
    community_name: str | None
    audience: Audience
    doubt: str | None = None


class Communities:
    """The communities there are, found by slug or name in any case."""

    def __init__(self, known: Iterable[Community]) -> None:
        listed = tuple(known)
        by_name = {community.name.casefold(): community for community in listed}
        self._by_word = by_name | {community.slug: community for community in listed}

    def find(self, spelled: str) -> tuple[str, str] | None:
        """Slug and name for what a source says; a community that nobody has listed is named as the source names it."""
        known = self.known(spelled)
        if known is not None:
            return known.slug, known.name
        slug = "" if spelled.strip().casefold() in NO_COMMUNITY else slugify(spelled)
        found = self._by_word.get(slug)
        return (found.slug, found.name) if found else (slug, spelled.strip()) if slug else None

    def known(self, spelled: str) -> Community | None:
        """The community of this slug or name, where there is one."""
        return self._by_word.get(spelled.strip().casefold())


class NamedPeople:
    """Whom an audience may name: people of the directory, by id or by an address that it vouches for."""

    def __init__(self, ids: Iterable[str] = (), addresses: Iterable[str] = ()) -> None:
        self._known = frozenset(ids) | frozenset(addresses)

    def find(self, spelled: str) -> str | None:
        """The name as audiences keep it; None for what can be nobody's id or address."""
        # In its normal form first: a look-alike of a comma must not become one, and a second name with it.
        name = plain(spelled) if "@" in spelled else spelled
        return name if ADDRESS.fullmatch(name) or PERSON.fullmatch(name) else None

    def knows(self, name: str) -> bool:
        return name in self._known


def place(
    uri: str,
    metadata: ItemMetadata,
    source: SourceBase,
    communities: Communities,
    default: Visibility,
    named: NamedPeople,
) -> Place:
    """The item's own word counts before its path, its path before the source's default. What cannot be followed closes
    the document and never opens it: a misspelt "members" must not publish anything."""
    slug, name = _community(uri, metadata, source.community_mapping, communities) or (None, None)
    said = _said_audience(uri, metadata, source.audience_mapping)
    if said is None:
        return Place(slug, name, _unsaid(slug, default))
    spelled = spelled_audience(said)
    if spelled is None:
        return _unknown(slug, name, said)
    match spelled.kind:
        case AudienceKind.PEOPLE:
            audience, doubt = _people(said, spelled, source.audience_mapping, named)
        case AudienceKind.MEMBERS if spelled.names is not None:
            audience, doubt = _members(said, spelled.names, communities)
        case AudienceKind.MEMBERS | AudienceKind.COMMUNITY:
            # For members, but of nothing: nobody.
            audience, doubt = Audience(spelled.kind, slug) if slug else NOBODY, None
        case _:
            audience, doubt = Audience(spelled.kind), None
    return Place(slug, name, audience, doubt)


def _community(
    uri: str, metadata: ItemMetadata, mapping: CommunityMapping, communities: Communities
) -> tuple[str, str] | None:
    match = re.search(mapping.path, uri) if mapping.path else None
    said = (metadata.community, match and match.group(1), mapping.default)
    spelled = next((word for word in said if word and word.strip()), None)
    if spelled is None:
        return None
    names = {name.casefold(): slug for name, slug in mapping.names.items()}
    return communities.find(names.get(spelled.strip().casefold(), spelled))


def _said_audience(uri: str, metadata: ItemMetadata, mapping: AudienceMapping) -> str | None:
    match = re.search(mapping.path, uri) if mapping.path else None
    said = (metadata.audience, match and match.group(1), mapping.unsaid)
    word = next((word for word in said if word and word.strip()), None)
    return None if word is None else mapping.translated(word)


def _unsaid(community: str | None, default: Visibility) -> Audience:
    if community is not None:
        return Audience(AudienceKind.COMMUNITY, community)
    return Audience(AudienceKind.PUBLIC if default is Visibility.PUBLIC else AudienceKind.SIGNED_IN)


def _unknown(slug: str | None, name: str | None, said: str) -> Place:
    """A word that nobody knows lets the members of the community read; more than a word may have meant fewer."""
    if slug is None or ":" in said:
        return Place(slug, name, NOBODY, f"its audience {said!r} is unknown, so nobody may read it")
    narrow = Audience(AudienceKind.MEMBERS, slug)
    return Place(slug, name, narrow, f"its audience {said!r} is unknown, so only members may read it")


def _members(said: str, names: tuple[str, ...], communities: Communities) -> tuple[Audience, str | None]:
    known = communities.known(names[0]) if len(names) == 1 else None
    if known is None:
        return NOBODY, f"its audience {said!r} names no community that there is, so nobody may read it"
    return Audience(AudienceKind.MEMBERS, known.slug), None


def _people(
    said: str, spelled: SpelledAudience, mapping: AudienceMapping, named: NamedPeople
) -> tuple[Audience, str | None]:
    names = mapping.people if spelled.names is None else spelled.names
    if not names or len(names) > MOST_PEOPLE:
        return NOBODY, f"its audience {said[:100]!r} names {len(names) or 'no'} people, so nobody may read it"
    found = {name: named.find(name) for name in names}
    unknown = [name for name, kept in found.items() if kept is None or not named.knows(kept)]
    doubt = f"its audience names {', '.join(unknown)}, whom no directory lists" if unknown else None
    # An id or address that is not listed yet stays: whoever a directory gives it to one day was meant.
    return Audience(AudienceKind.PEOPLE, ",".join(sorted({kept for kept in found.values() if kept}))), doubt
