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
from service.auth.openid import Provider, Vouched, callback_of
from service.auth.openid_accounts import sign_in_vouched, spend_attempt
from service.auth.openid_attempts import Attempt, new_attempt, sealed, unsealed
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
    "Attempt",
    "Need",
    "Provider",
    "ReadableAudiences",
    "Refusal",
    "Rule",
    "SignIn",
    "Viewer",
    "Vouched",
    "callback_of",
    "digest_of",
    "form_token",
    "is_form_token",
    "is_subject",
    "is_voter_of_account",
    "new_attempt",
    "new_id",
    "new_secret",
    "open_session",
    "readable_audiences",
    "rule_for",
    "sealed",
    "sign_in_by_session",
    "sign_in_by_token",
    "sign_in_vouched",
    "spend_attempt",
    "subject_of",
    "subjects_of",
    "unsealed",
    "viewer_of",
    "viewer_of_person",
    "voter_of",
    "why_foreign",
    "why_refused",
]
