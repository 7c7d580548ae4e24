"""How somebody wants to be found: not at all, not for a subject, not while they are away, so many times a week."""

from dataclasses import replace
from typing import Any

from indexer.domain.accounts import AuditAction, PersonChoices, SubjectChoice
from indexer.domain.errors import ChoiceInvalid, NotFound
from indexer.home import Home
from indexer.notation import one_line
from indexer.store import Transaction, choices, take_write_lock
from service.auth import SignIn
from service.directory import stems_of
from service.profile.oneself import note, own_person

LONGEST_SUBJECT = 80
MOST_SUBJECTS = 50
MOST_QUESTIONS = 100


def change_choices(home: Home, sign_in: SignIn, **values: Any) -> PersonChoices:
    """Change any of `hidden`, `away_from`, `away_until` and `questions_a_week`; effective at once. ChoiceInvalid."""
    if "away_until" in values and values["away_until"] is None:
        values = {"away_from": None, **values}
    with home.database.begin() as transaction:
        take_write_lock(transaction)  # all choices are saved at once: none made meanwhile may be lost
        changed = _checked(replace(_choices_of(transaction, sign_in), **values))
        choices.save_choices(transaction, own_person(sign_in), changed)
        told = {"hidden": changed.hidden} if "hidden" in values else {}
        note(transaction, home, sign_in, AuditAction.CHOICE_MADE, {"changed": sorted(values), **told})
    return changed


def choose_subject(home: Home, sign_in: SignIn, subject: str, choice: SubjectChoice) -> PersonChoices:
    """Say of a subject that one knows it, that it is not one's own, or that one does not want to be found for it; in
    place of what one said of the same words before. ChoiceInvalid."""
    written = _checked_subject(subject)
    with home.database.begin() as transaction:
        take_write_lock(transaction)  # all choices are saved at once: none made meanwhile may be lost
        chosen = _choices_of(transaction, sign_in)
        kept = _without(chosen, written)
        if len(kept) >= MOST_SUBJECTS:
            raise ChoiceInvalid(f"you have spoken of {MOST_SUBJECTS} subjects: take one of them back first")
        changed = replace(chosen, subjects={**kept, written: choice})
        choices.save_choices(transaction, own_person(sign_in), changed)
        note(transaction, home, sign_in, AuditAction.CHOICE_MADE, {"changed": ["subjects"], "choice": choice})
    return changed


def forget_subject(home: Home, sign_in: SignIn, subject: str) -> PersonChoices:
    """Take back what one said of a subject. NotFound where that is nothing."""
    with home.database.begin() as transaction:
        take_write_lock(transaction)  # all choices are saved at once: none made meanwhile may be lost
        chosen = _choices_of(transaction, sign_in)
        changed = replace(chosen, subjects=_without(chosen, subject))
        if len(changed.subjects) == len(chosen.subjects):
            raise NotFound(f"you have said nothing of “{one_line(subject)}”")
        choices.save_choices(transaction, own_person(sign_in), changed)
        note(transaction, home, sign_in, AuditAction.CHOICE_MADE, {"changed": ["subjects"]})
    return changed


def _choices_of(transaction: Transaction, sign_in: SignIn) -> PersonChoices:
    person = own_person(sign_in)
    return choices.choices_of(transaction, [person]).get(person, PersonChoices())


def _without(chosen: PersonChoices, subject: str) -> dict[str, SubjectChoice]:
    """What was said of other subjects."""
    stems = stems_of(subject)
    return {written: choice for written, choice in chosen.subjects.items() if stems_of(written) != stems}


def _checked(chosen: PersonChoices) -> PersonChoices:
    begin, end, most = chosen.away_from, chosen.away_until, chosen.questions_a_week
    if begin is not None and end is None:
        raise ChoiceInvalid("say also until when you are away")
    if begin is not None and end is not None and end < begin:
        raise ChoiceInvalid(f"the last day ({end}) comes before the first ({begin}): swap the dates")
    if most is not None and not 0 <= most <= MOST_QUESTIONS:
        raise ChoiceInvalid(f"give a number of questions from 0 to {MOST_QUESTIONS}, or none for no limit")
    return chosen


def _checked_subject(subject: str) -> str:
    written = one_line(subject)
    if not stems_of(written):
        raise ChoiceInvalid("the subject has no words: name it as somebody would who asks about it")
    if len(written) > LONGEST_SUBJECT:
        raise ChoiceInvalid(f"the subject has {len(written)} characters: at most {LONGEST_SUBJECT} name one")
    return written
