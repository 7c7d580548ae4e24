"""Contributions of one item: who had which part in it, from its credits and messages."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from indexer.domain.content import Credit, Message, ParsedDocument
from indexer.domain.people import Contribution, Identity, Role
from indexer.identity.identities import identities_of
from indexer.notation import display_name
from indexer.settings import SourceBase


@dataclass(frozen=True, slots=True)
class ItemPeople:
    """The people of one item: their contributions, the author of each message, and identities shown together."""

    contributions: tuple[Contribution, ...]
    messages: tuple[tuple[Message, Contribution | None], ...]
    links: frozenset[tuple[Identity, Identity]]


def people_of(document: ParsedDocument, source: SourceBase) -> ItemPeople:
    """Derive contributions: one for each person and role, the first in time, likes added up."""
    links: set[tuple[Identity, Identity]] = set()
    credited = [_contribution(credit, source, links) for credit in document.metadata.credits]
    written = [(message, _message_contribution(message, source, links)) for message in document.messages]
    parts = [part for part in credited if part] + [part for _, part in written if part]
    return ItemPeople(_one_a_role(parts), tuple(written), frozenset(links))


def _contribution(credit: Credit, source: SourceBase, links: set[tuple[Identity, Identity]]) -> Contribution | None:
    found = identities_of(credit, source.name, source.handle_namespace, trust_addresses=source.trust_addresses)
    if not found:
        return None
    links.update((found[0], other) for other in found[1:])
    return Contribution(found[0], display_name(credit.name) if credit.name else None, credit.role, credit.at)


def _message_contribution(
    message: Message, source: SourceBase, links: set[tuple[Identity, Identity]]
) -> Contribution | None:
    part = _contribution(message.credit, source, links) if message.credit else None
    return part and replace(part, at=message.at, message=message.number, likes=message.likes)


def _one_a_role(parts: Sequence[Contribution]) -> tuple[Contribution, ...]:
    # An asker's later messages in their own thread are part of asking, not answers to themselves.
    askers = {part.identity for part in parts if part.role is Role.ASKER}
    merged: dict[tuple[Identity, Role], Contribution] = {}
    for part in parts:
        role = Role.ASKER if part.role is Role.ANSWERER and part.identity in askers else part.role
        first = merged.get((part.identity, role))
        merged[part.identity, role] = replace(part, role=role) if first is None else _added(first, part)
    return tuple(merged.values())


def _added(first: Contribution, other: Contribution) -> Contribution:
    name = first.display_name or other.display_name
    return replace(first, display_name=name, likes=first.likes + other.likes)
