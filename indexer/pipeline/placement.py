"""Where a document belongs: its community, and who may read it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from indexer.domain.content import Audience, AudienceKind, ItemMetadata
from indexer.domain.ids import slugify
from indexer.domain.people import Community, Visibility
from indexer.settings import CommunityMapping, SourceBase

NO_COMMUNITY = frozenset({"na", "n/a", "none", "null", "unknown", "uncategorized", "tbd", "other"})


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
        known = self._by_word.get(spelled.strip().casefold())
        if known is not None:
            return known.slug, known.name
        slug = "" if spelled.strip().casefold() in NO_COMMUNITY else slugify(spelled)
        known = self._by_word.get(slug)
        return (known.slug, known.name) if known else (slug, spelled.strip()) if slug else None


def place(uri: str, metadata: ItemMetadata, source: SourceBase, communities: Communities, default: Visibility) -> Place:
    """The item's own word counts before its path, its path before the source's default."""
    found = _community(uri, metadata, source.community_mapping, communities)
    slug, name = found or (None, None)
    said = metadata.audience.strip().casefold().replace("-", "_").replace(" ", "_") if metadata.audience else None
    if said is not None and said not in {*AudienceKind} - {AudienceKind.PEOPLE}:
        # Closed, not open: a misspelt "members" must not publish a document.
        narrow = Audience(AudienceKind.MEMBERS, slug) if slug else Audience(AudienceKind.PEOPLE)
        return Place(slug, name, narrow, f"its audience {metadata.audience!r} is unknown, so only members may read it")
    return Place(slug, name, _audience(said or source.audience, slug, default))


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


def _audience(said: str | None, community: str | None, default: Visibility) -> Audience:
    if said in (AudienceKind.PUBLIC, AudienceKind.SIGNED_IN):
        return Audience(AudienceKind(said))
    if community is not None:
        return Audience(AudienceKind.MEMBERS if said == AudienceKind.MEMBERS else AudienceKind.COMMUNITY, community)
    if said is not None:
        return Audience(AudienceKind.PEOPLE)  # for members, but of nothing: nobody
    return Audience(AudienceKind.PUBLIC if default is Visibility.PUBLIC else AudienceKind.SIGNED_IN)
