"""Who may read a document or see a community, in words for readers: given people are not named."""

from indexer.domain.content import Audience, AudienceKind
from indexer.domain.people import Community, Visibility

EVERYBODY = "everybody"
SIGNED_IN = "everybody who is signed in"
GIVEN = "the people who were named for it"


def viewers_of(community: Community) -> str:
    """Who may see a community."""
    match community.visibility:
        case Visibility.PUBLIC:
            return EVERYBODY
        case Visibility.SIGNED_IN:
            return SIGNED_IN
        case Visibility.MEMBERS:
            return f"members of {community.name}"


def readers_of(audience: Audience, community: Community | None) -> str:
    """Who may read what has this audience; `community` is the one it names."""
    match audience.kind:
        case AudienceKind.PUBLIC:
            return EVERYBODY
        case AudienceKind.SIGNED_IN:
            return SIGNED_IN
        case AudienceKind.PEOPLE:
            return GIVEN if audience.subject else "nobody"
        case AudienceKind.COMMUNITY if community is not None:
            return viewers_of(community)
        case _:
            return f"members of {community.name if community else audience.subject}"
