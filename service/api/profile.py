"""/account/profile and /account/identities: how one is found, and what is one's own."""

from http import HTTPStatus

from fastapi import APIRouter

from service.api.administration import REFUSED, Responses
from service.api.profile_schemas import (
    ChoicesIn,
    ChoicesOut,
    IdentitiesOut,
    OwnProfileOut,
    SubjectIn,
    choices_out,
    identities_out,
    own_profile_out,
)
from service.api.schemas import Problem
from service.dependencies import Parts, UsesParts, UsesReading, UsesSignIn
from service.profile import (
    change_choices,
    choose_subject,
    disown_identity,
    forget_subject,
    held_identities,
    own_identity_again,
    own_person,
    view_own_profile,
)

ANSWERS: Responses = {
    **REFUSED,
    404: {"model": Problem, "description": "Nobody said which person is signed in, or there is none of this name"},
}

router = APIRouter(tags=["account"], responses=ANSWERS)


@router.get("/account/profile", operation_id="get_own_profile")
def get(reading: UsesReading, sign_in: UsesSignIn) -> OwnProfileOut:
    """How you want to be found, and what is shown that you know about."""
    return own_profile_out(view_own_profile(reading.transaction, sign_in, reading.readable))


@router.patch("/account/profile", operation_id="change_own_profile")
def change(parts: UsesParts, sign_in: UsesSignIn, changes: ChoicesIn) -> ChoicesOut:
    """Hide from results, be away, or bound the questions you get; effective at once."""
    return choices_out(change_choices(parts.home, sign_in, **changes.model_dump(exclude_unset=True)))


@router.put("/account/profile/subjects/{subject}", operation_id="choose_subject")
def choose(parts: UsesParts, sign_in: UsesSignIn, subject: str, chosen: SubjectIn) -> ChoicesOut:
    """Say of a subject, some words, that you know it, that it is not yours, or that you do not want to be found for
    it."""
    changed = choose_subject(parts.home, sign_in, subject, chosen.choice)
    parts.index.query_vectors([subject])  # so that the next searches need not
    return choices_out(changed)


@router.delete("/account/profile/subjects/{subject}", operation_id="forget_subject", status_code=HTTPStatus.NO_CONTENT)
def forget(parts: UsesParts, sign_in: UsesSignIn, subject: str) -> None:
    """Take back what you said of a subject."""
    forget_subject(parts.home, sign_in, subject)


@router.get("/account/identities", operation_id="list_own_identities")
def list_identities(reading: UsesReading, sign_in: UsesSignIn) -> IdentitiesOut:
    """Every address, handle and name that is held to be yours, and those that you disowned."""
    return identities_out(held_identities(reading.transaction, own_person(sign_in)))


@router.post("/account/identities/{identity_id}/disown", operation_id="disown_identity")
def disown(parts: UsesParts, sign_in: UsesSignIn, identity_id: str) -> IdentitiesOut:
    """Say that an identity is not yours: what was contributed under it leaves your profile at once, also after sources
    are read again."""
    disown_identity(parts.home, sign_in, identity_id, parts.settings.identity.placeholders)
    return _identities(parts, sign_in)


@router.delete("/account/identities/{identity_id}/disown", operation_id="own_identity_again")
def own_again(parts: UsesParts, sign_in: UsesSignIn, identity_id: str) -> IdentitiesOut:
    """Take back that an identity is not yours."""
    own_identity_again(parts.home, sign_in, identity_id, parts.settings.identity.placeholders)
    return _identities(parts, sign_in)


def _identities(parts: Parts, sign_in: UsesSignIn) -> IdentitiesOut:
    with parts.home.database.read() as transaction:
        return identities_out(held_identities(transaction, own_person(sign_in)))
