"""Ids that stay the same when a home is rebuilt from its sources."""

import hashlib
import re
import unicodedata


def document_id(source: str, uri: str) -> str:
    """The public id of a document: 16 lower-case characters that depend only on the source's name and the uri."""
    return _digest(f"{source}\0{uri}", 8)


def person_id(identity: str) -> str:
    """The id of a person who is in no directory, from the text of their first identity."""
    return "p-" + _digest(identity, 6)


def slugify(text: str) -> str:
    """Lower-case words joined by hyphens, fit for an address; empty where the text holds no letter or digit."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.casefold()).strip("-")


def _digest(text: str, size: int) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).hexdigest()
