"""From what sources say of people to persons: identities, contributions, resolution."""

from indexer.identity.contributions import ItemPeople, people_of
from indexer.identity.resolution import Resolution, find_conflicts, resolve_people

__all__ = ["ItemPeople", "Resolution", "find_conflicts", "people_of", "resolve_people"]
