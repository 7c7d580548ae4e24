"""Who is asking, what they may read, and what they may do."""

from service.auth.credentials import (
    TOKEN_PREFIX,
    SignIn,
    digest_of,
    new_id,
    new_secret,
    open_session,
    sign_in_by_session,
    sign_in_by_token,
)
from service.auth.forms import form_token, is_form_token
from service.auth.matrix import RULES, Need, Refusal, Rule, rule_for, why_refused
from service.auth.origins import Approach, why_foreign
from service.auth.permissions import (
    ANONYMOUS,
    ReadableAudiences,
    Viewer,
    readable_audiences,
    viewer_of,
    viewer_of_person,
)
from service.auth.pseudonyms import is_subject, is_voter_of_account, subject_of, subjects_of, voter_of

__all__ = [
    "ANONYMOUS",
    "RULES",
    "TOKEN_PREFIX",
    "Approach",
    "Need",
    "ReadableAudiences",
    "Refusal",
    "Rule",
    "SignIn",
    "Viewer",
    "digest_of",
    "form_token",
    "is_form_token",
    "is_subject",
    "is_voter_of_account",
    "new_id",
    "new_secret",
    "open_session",
    "readable_audiences",
    "rule_for",
    "sign_in_by_session",
    "sign_in_by_token",
    "subject_of",
    "subjects_of",
    "viewer_of",
    "viewer_of_person",
    "voter_of",
    "why_foreign",
    "why_refused",
]
