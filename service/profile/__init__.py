"""What people decide about themselves: how they are found, and what is theirs. Nobody can decide that for another."""

from service.profile.choices import (
    LONGEST_SUBJECT,
    MOST_QUESTIONS,
    change_choices,
    choose_subject,
    forget_subject,
)
from service.profile.identities import HeldIdentity, Origin, disown_identity, held_identities, own_identity_again
from service.profile.oneself import own_person
from service.profile.views import OwnProfile, view_own_profile

__all__ = [
    "LONGEST_SUBJECT",
    "MOST_QUESTIONS",
    "HeldIdentity",
    "Origin",
    "OwnProfile",
    "change_choices",
    "choose_subject",
    "disown_identity",
    "forget_subject",
    "held_identities",
    "own_identity_again",
    "own_person",
    "view_own_profile",
]
