"""What somebody sees of themselves, with what they can decide about it."""

from dataclasses import dataclass

from indexer.store import Transaction
from service.auth import ReadableAudiences, SignIn
from service.directory import PersonView, view_person
from service.profile.identities import HeldIdentity, held_identities
from service.profile.oneself import own_person


@dataclass(frozen=True, slots=True)
class OwnProfile:
    """One's own profile, with every identity that is held to be one's own or that one disowned."""

    view: PersonView
    identities: tuple[HeldIdentity, ...]


def view_own_profile(transaction: Transaction, sign_in: SignIn, readable: ReadableAudiences) -> OwnProfile:
    """NotFound where nobody has said which person is signed in."""
    person = own_person(sign_in)
    view = view_person(transaction, person, readable, sign_in.viewer)
    return OwnProfile(view, tuple(held_identities(transaction, person)))
