"""Who is asking, what they may read, and whether they may look after the home."""

from service.auth.administration import Approach, may_administer, why_not_administer
from service.auth.forms import form_token, home_secret, is_form_token
from service.auth.permissions import ANONYMOUS, ReadableAudiences, Viewer, readable_audiences

__all__ = [
    "ANONYMOUS",
    "Approach",
    "ReadableAudiences",
    "Viewer",
    "form_token",
    "home_secret",
    "is_form_token",
    "may_administer",
    "readable_audiences",
    "why_not_administer",
]
