"""People, communities and documents as their pages show them."""

from service.directory.views import (
    CommunityView,
    DocumentView,
    PersonView,
    list_communities,
    view_community,
    view_document,
    view_person,
)

__all__ = [
    "CommunityView",
    "DocumentView",
    "PersonView",
    "list_communities",
    "view_community",
    "view_document",
    "view_person",
]
