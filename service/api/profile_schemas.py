"""The shapes of what somebody decides about themselves."""

from datetime import date

from pydantic import Field

from indexer.domain.accounts import PersonChoices, SubjectChoice
from indexer.domain.people import IdentityKind
from service.api.schemas import SubjectOut, subject_out
from service.api.shape import Shape
from service.profile import MOST_QUESTIONS, HeldIdentity, Origin, OwnProfile


class ChosenSubjectOut(Shape):
    subject: str
    choice: SubjectChoice


class ChoicesOut(Shape):
    """How one wants to be found. `subjects` are those of which one said something."""

    hidden: bool
    away_from: date | None
    away_until: date | None
    questions_a_week: int | None
    subjects: list[ChosenSubjectOut]


class OwnProfileOut(Shape):
    """`about` is what others see that one knows about, as far as one may read what shows it."""

    person: str
    name: str
    choices: ChoicesOut
    about: list[SubjectOut]


class ChoicesIn(Shape):
    """What is left out stays as it is; null takes a date or a number back. The dates are inclusive."""

    hidden: bool = Field(default=False, description="Whether to be in no result")
    away_from: date | None = Field(default=None, description="The first day of an absence; now where it is null")
    away_until: date | None = Field(default=None, description="Its last day; null says that one is not away")
    questions_a_week: int | None = Field(default=None, ge=0, le=MOST_QUESTIONS)


class SubjectIn(Shape):
    """`claimed` is shown on the profile as one's own word and changes no ranking; for one that is `removed` (not mine)
    or `hidden` one is not found."""

    choice: SubjectChoice


class IdentityOut(Shape):
    """An address, handle or name that is held to be one's own, or that one disowned."""

    id: str
    kind: IdentityKind
    where: str = Field(description="The source or namespace in which it is unique; empty for addresses")
    value: str
    origin: Origin = Field(description="Whether a directory or a source ties it to one's others")
    disowned: bool


class IdentitiesOut(Shape):
    identities: list[IdentityOut]


def choices_out(choices: PersonChoices) -> ChoicesOut:
    return ChoicesOut(
        hidden=choices.hidden,
        away_from=choices.away_from,
        away_until=choices.away_until,
        questions_a_week=choices.questions_a_week,
        subjects=[ChosenSubjectOut(subject=subject, choice=choice) for subject, choice in choices.subjects.items()],
    )


def own_profile_out(profile: OwnProfile) -> OwnProfileOut:
    view = profile.view
    return OwnProfileOut(
        person=view.person.id,
        name=view.person.name,
        choices=choices_out(view.choices),
        about=[subject_out(subject) for subject in view.subjects],
    )


def identities_out(held: list[HeldIdentity]) -> IdentitiesOut:
    return IdentitiesOut(
        identities=[
            IdentityOut(
                id=entry.id,
                kind=entry.identity.kind,
                where=entry.identity.namespace,
                value=entry.identity.value,
                origin=entry.origin,
                disowned=entry.disowned,
            )
            for entry in held
        ]
    )
