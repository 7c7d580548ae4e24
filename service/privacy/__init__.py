"""What is held about a person, for them to take away; and having nothing of it kept."""

from service.privacy.erasing import Erasure, erase, is_surely, own_person
from service.privacy.export import FORMAT, Export, export_person

__all__ = ["FORMAT", "Erasure", "Export", "erase", "export_person", "is_surely", "own_person"]
