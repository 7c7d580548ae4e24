"""What stewards and admins decide about a community and the documents in it."""

from service.stewardship.audiences import AudienceView, decide_audience, view_audience
from service.stewardship.desk import StewardDesk, may_decide
from service.stewardship.visibility import VisibilityView, decide_visibility, view_visibility

__all__ = [
    "AudienceView",
    "StewardDesk",
    "VisibilityView",
    "decide_audience",
    "decide_visibility",
    "may_decide",
    "view_audience",
    "view_visibility",
]
