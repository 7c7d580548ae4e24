"""What a viewer may read. Every search and every page demands a ReadableAudiences, and only one function makes it."""

from dataclasses import dataclass

from indexer.domain.accounts import Account, Scope
from indexer.domain.content import Audience, AudienceKind
from indexer.domain.people import Person, Visibility
from indexer.store import Transaction, accounts, documents, identities, people, remembered, renames

_SEAL = object()


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody asking. `account` is the id of theirs, None for whoever has not signed in; `person` the person they
    are, where that is known. `communities` are those they are a member of, `stewards` those they look after.

    `names` are what an audience of given people may call them, all by the directory's word: their id, the ids that it
    gave up for this one, and their addresses.
    `scopes` bound what a program may do in their name; None is a person in a browser, whom nothing bounds.
    """

    person: str | None = None
    communities: frozenset[str] = frozenset()
    account: str | None = None
    stewards: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    admin: bool = False
    scopes: frozenset[Scope] | None = None

    @property
    def signed_in(self) -> bool:
        return self.account is not None or self.person is not None

    @property
    def administers(self) -> bool:
        """Whether they act as an admin: in a browser, or by a token that is for that. Other tokens of an admin are
        anybody's beyond the routes of stewards and admins."""
        return self.admin and (self.scopes is None or Scope.ADMIN in self.scopes)


ANONYMOUS = Viewer()


def viewer_of(transaction: Transaction, account: Account, scopes: frozenset[Scope] | None = None) -> Viewer:
    """The viewer that an account is now."""
    viewer = viewer_of_person(transaction, account.person) if account.person else Viewer()
    return Viewer(
        viewer.person,
        viewer.communities,
        account.id,
        viewer.stewards,
        viewer.names,
        account.admin and not account.disabled,
        scopes,
    )


def viewer_of_person(transaction: Transaction, person_id: str) -> Viewer:
    """The viewer that a person is now, as if signed in; nobody in particular where there is no such person. Whoever has
    left, or is in no directory any more, is a member of nothing and has no name to be given access by."""
    person = _person_now(transaction, person_id)
    if person is None:
        return Viewer()
    if person.former or not person.in_directory:
        return Viewer(person.id)
    standing = accounts.standings(transaction, person.id)
    names = renames.former_ids(transaction, person.id) | identities.vouched_addresses(transaction, person.id)
    return Viewer(person.id, standing.member_of, None, standing.steward_of, names | {person.id})


def _person_now(transaction: Transaction, person_id: str) -> Person | None:
    """The person of this id, or of the id that a directory put in its place. Documents may only say which of the people
    that no directory lists are one: nobody becomes somebody with rights by what is written in a document."""
    renamed = renames.renamed_to(transaction, person_id)
    known = people.find_people(transaction, filter(None, (person_id, renamed)))
    found = known.get(person_id)
    if renamed is not None and (found is None or not found.in_directory):
        found = known.get(renamed, found)
    if found is None:
        redirected = people.find_person(transaction, person_id)
        found = None if redirected is None or redirected.in_directory else redirected
    return found


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
    return remembered(transaction, ("readable", viewer), lambda: _readable_audiences(transaction, viewer))


def _readable_audiences(transaction: Transaction, viewer: Viewer) -> ReadableAudiences:
    communities = people.all_communities(transaction)
    seen = frozenset(c.slug for c in communities if _may_see(viewer, c.slug, c.visibility))
    audiences = documents.all_audiences(transaction)
    readable = frozenset(row_id for row_id, audience in audiences.items() if _may_read(viewer, audience, seen))
    # A community that no directory lists is known by what was written in it: not where one may read none of that.
    known = people.communities_showing(transaction, readable) | viewer.communities
    return ReadableAudiences(readable, seen & known, _SEAL)


def _may_see(viewer: Viewer, slug: str, visibility: Visibility) -> bool:
    if visibility is Visibility.PUBLIC or slug in viewer.communities:
        return True
    return visibility is Visibility.SIGNED_IN and viewer.signed_in


def _may_read(viewer: Viewer, audience: Audience, seen: frozenset[str]) -> bool:
    match audience.kind:
        case AudienceKind.PUBLIC:
            return True
        case AudienceKind.SIGNED_IN:
            return viewer.signed_in
        case AudienceKind.COMMUNITY:
            return audience.subject in seen
        case AudienceKind.MEMBERS:
            return audience.subject in viewer.communities
        case AudienceKind.PEOPLE:
            return not viewer.names.isdisjoint(audience.subject.split(","))
