"""Everybody's parts in all documents, as current as the database."""

from service.contributed.following import Contributed

__all__ = ["Contributed"]
