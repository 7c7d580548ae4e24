"""Who is asking, and what they may read."""

from service.auth.permissions import ANONYMOUS, ReadableAudiences, Viewer, readable_audiences

__all__ = ["ANONYMOUS", "ReadableAudiences", "Viewer", "readable_audiences"]
