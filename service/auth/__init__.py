"""Who is asking, and what they may read."""

from service.auth.forms import form_token, home_secret, is_form_token
from service.auth.permissions import ANONYMOUS, ReadableAudiences, Viewer, readable_audiences

__all__ = [
    "ANONYMOUS",
    "ReadableAudiences",
    "Viewer",
    "form_token",
    "home_secret",
    "is_form_token",
    "readable_audiences",
]
