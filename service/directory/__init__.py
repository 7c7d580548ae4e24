"""People, communities and documents as their pages show them."""

from service.directory.names import find_named_people
from service.directory.readers import readers_of, viewers_of
from service.directory.subjects import Subject, concerns, stems_of, subjects_of
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
    "Subject",
    "concerns",
    "find_named_people",
    "list_communities",
    "readers_of",
    "stems_of",
    "subjects_of",
    "view_community",
    "view_document",
    "view_person",
    "viewers_of",
]
