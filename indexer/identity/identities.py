"""Which identities a credit shows, and which of them stand for nobody."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from indexer.domain.content import Credit
from indexer.domain.people import Identity, IdentityKind
from indexer.notation import address_identity, handle_identity, name_identity, plain


def identities_of(credit: Credit, source: str, namespace: str, *, trust_addresses: bool) -> tuple[Identity, ...]:
    """The identities a credit shows, the surest first; a bare name counts only where there is nothing better.

    An address that the source may have made up is a handle of that source, which ties it to nobody elsewhere.
    """
    found: list[Identity] = []
    if credit.address:
        found.append(address_identity(credit.address) if trust_addresses else handle_identity(source, credit.address))
    if credit.handle:
        found.append(handle_identity(credit.namespace or namespace, credit.handle))
    if not found and credit.name:
        found.append(name_identity(source, credit.name))
    return tuple(found)


def identity_of(credit: Credit, source: str, namespace: str, *, trust_addresses: bool = True) -> Identity | None:
    """The surest identity of a credit, None where it names nobody."""
    return next(iter(identities_of(credit, source, namespace, trust_addresses=trust_addresses)), None)


def is_placeholder(identity: Identity, name: str | None, patterns: Iterable[str]) -> bool:
    """Whether the identity, or the name shown with a handle, stands for no single person.

    An address is judged by what stands before the @, also where it is a handle because nobody trusts it; a careless
    "Unknown" beside an address takes nothing from it.
    """
    spoken = identity.value if identity.kind is IdentityKind.NAME else identity.value.split("@")[0]
    if identity.kind is IdentityKind.FORMER:
        return True
    shown = plain(name or "").lstrip("@") if identity.kind is IdentityKind.HANDLE else ""
    texts = [text for text in (spoken, shown) if text]
    nothing = not any(character.isalnum() for character in spoken)
    return nothing or any(fnmatchcase(text, pattern.casefold()) for text in texts for pattern in patterns)
