"""Normal forms of addresses, handles and names."""

import re
import unicodedata

from indexer.domain.people import Identity, IdentityKind

LAST_FIRST = re.compile(r"^([^,]+),\s*([^,]+)$")


def address_identity(address: str) -> Identity:
    return Identity(IdentityKind.ADDRESS, "", plain(address))


def handle_identity(namespace: str, handle: str) -> Identity:
    return Identity(IdentityKind.HANDLE, namespace, plain(handle).lstrip("@"))


def name_identity(source: str, name: str) -> Identity:
    """A name as one source uses it; "Bell, Michael" and "Michael Bell" are the same."""
    return Identity(IdentityKind.NAME, source, plain(display_name(name)))


def display_name(name: str) -> str:
    """The name as people write it: first name first."""
    tidy = " ".join(name.split())
    return LAST_FIRST.sub(r"\2 \1", tidy)


def plain(text: str) -> str:
    """The text with case folded, spaces single and look-alike characters made one."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
