"""From what sources say of people to persons: identities, contributions, resolution."""

from indexer.identity.contributions import ItemPeople, people_of
from indexer.identity.erasure import (
    NOBODY_ERASED,
    Erased,
    audience_without,
    directory_without,
    read_erased,
    without_erased,
)
from indexer.identity.resolution import Resolution, find_conflicts, resolve_people

__all__ = [
    "NOBODY_ERASED",
    "Erased",
    "ItemPeople",
    "Resolution",
    "audience_without",
    "directory_without",
    "find_conflicts",
    "people_of",
    "read_erased",
    "resolve_people",
    "without_erased",
]
