"""What a viewer may read. Every search and every page demands a ReadableAudiences, and only one function makes it."""

from dataclasses import dataclass

from indexer.domain.content import Audience, AudienceKind
from indexer.domain.people import Visibility
from indexer.store import Transaction, documents, people

_SEAL = object()


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody asking. `person` is None for whoever has not signed in."""

    person: str | None = None
    communities: frozenset[str] = frozenset()


ANONYMOUS = Viewer()


class ReadableAudiences:
    """The audiences, by row id, whose documents a viewer may read now, and the communities, by slug, that the viewer
    may know of. Made by `readable_audiences` alone."""

    __slots__ = ("communities", "ids")
    ids: frozenset[int]
    communities: frozenset[str]

    def __init__(self, ids: frozenset[int], communities: frozenset[str], seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("only readable_audiences() says what may be read")
        object.__setattr__(self, "ids", ids)
        object.__setattr__(self, "communities", communities)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("what may be read is not changed afterwards")


def readable_audiences(transaction: Transaction, viewer: Viewer) -> ReadableAudiences:
    """What the viewer may read, from the database as it is now: a change of visibility counts at once."""
    communities = people.all_communities(transaction)
    seen = frozenset(c.slug for c in communities if _may_see(viewer, c.slug, c.visibility))
    audiences = documents.all_audiences(transaction)
    readable = frozenset(row_id for row_id, audience in audiences.items() if _may_read(viewer, audience, seen))
    return ReadableAudiences(readable, seen, _SEAL)


def _may_see(viewer: Viewer, slug: str, visibility: Visibility) -> bool:
    if visibility is Visibility.PUBLIC or slug in viewer.communities:
        return True
    return visibility is Visibility.SIGNED_IN and viewer.person is not None


def _may_read(viewer: Viewer, audience: Audience, seen: frozenset[str]) -> bool:
    match audience.kind:
        case AudienceKind.PUBLIC:
            return True
        case AudienceKind.SIGNED_IN:
            return viewer.person is not None
        case AudienceKind.COMMUNITY:
            return audience.subject in seen
        case AudienceKind.MEMBERS:
            return audience.subject in viewer.communities
        case AudienceKind.PEOPLE:
            return viewer.person is not None and viewer.person in audience.subject.split(",")
